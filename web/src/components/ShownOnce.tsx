import { Copy } from "lucide-react";
import { toast } from "sonner";
import { Button } from "./ui/button";
import { Dialog } from "./ui/dialog";

interface ShownOnceProps {
  /** The secret; null: nothing to show. */
  text: string | null;
  title: string;
  description: string;
  onClose: () => void;
}

/** Browsers copy for pages on https and on the machine itself only. */
async function copy(text: string) {
  try {
    await navigator.clipboard.writeText(text);
    toast.success("Copied");
  } catch {
    toast.error("The browser does not let this page copy: mark the text and copy it yourself");
  }
}

/** A key or link that nobody can show again. */
export function ShownOnce({ text, title, description, onClose }: ShownOnceProps) {
  return (
    <Dialog
      open={text !== null}
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      title={title}
      description={description}
    >
      <div className="flex items-center gap-2">
        <code className="min-w-0 flex-1 rounded-lg bg-sunken px-3 py-2 font-mono text-[13px] break-all whitespace-pre-line select-all">
          {text}
        </code>
        <Button variant="outline" size="icon" aria-label="Copy" onClick={() => void copy(text ?? "")}>
          <Copy />
        </Button>
      </div>
    </Dialog>
  );
}
