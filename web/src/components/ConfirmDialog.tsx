import { LoaderCircle } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "./ui/button";
import { Dialog } from "./ui/dialog";

interface ConfirmDialogProps {
  open: boolean;
  onClose: () => void;
  title: string;
  /** What follows from it. */
  text: ReactNode;
  confirm: string;
  pending: boolean;
  onConfirm: () => void;
}

/** Asks before something that cannot be taken back. */
export function ConfirmDialog({ open, onClose, title, text, confirm, pending, onConfirm }: ConfirmDialogProps) {
  return (
    <Dialog open={open} onOpenChange={(next) => (next ? undefined : onClose())} title={title} description={text}>
      <div className="flex justify-end gap-2">
        <Button variant="outline" onClick={onClose}>
          Cancel
        </Button>
        <Button variant="danger" disabled={pending} onClick={onConfirm}>
          {pending ? <LoaderCircle className="animate-spin" /> : null}
          {confirm}
        </Button>
      </div>
    </Dialog>
  );
}
