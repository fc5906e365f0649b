import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Trash2 } from "lucide-react";
import { type ReactNode, useState } from "react";
import { toast } from "sonner";
import { remove } from "@/api/client";
import { ConfirmDialog } from "./ConfirmDialog";
import { messageOf } from "./States";
import { Button } from "./ui/button";

/** What is to be removed. */
export interface Removed {
  path: string;
  name: string;
  /** What follows from it. */
  text: ReactNode;
}

interface RemovalProps {
  removed: Removed | null;
  onClose: () => void;
  /** Query keys that the removal makes stale. */
  stale: string[];
}

/** Asks whether something is to be removed, and removes it. */
export function Removal({ removed, onClose, stale }: RemovalProps) {
  const client = useQueryClient();
  const removing = useMutation({
    mutationFn: (what: Removed) => remove(what.path),
    onSuccess: async (_, what) => {
      toast.success(`${what.name} removed`);
      onClose();
      await Promise.all(stale.map((key) => client.invalidateQueries({ queryKey: [key] })));
    },
    onError: (error) => toast.error(messageOf(error)),
  });
  return (
    <ConfirmDialog
      open={removed !== null}
      onClose={onClose}
      title={`Remove ${removed?.name ?? ""}?`}
      text={removed?.text ?? ""}
      confirm="Remove"
      pending={removing.isPending}
      onConfirm={() => removed && removing.mutate(removed)}
    />
  );
}

interface RemoveButtonProps extends Removed {
  /** What it says to those who do not see it, where the name alone is not enough. */
  label?: string;
  stale: string[];
  /** Called when it is pressed, before anything is asked. */
  onAsk?: () => void;
}

/** The button that removes a row. */
export function RemoveButton({ label, stale, onAsk, ...what }: RemoveButtonProps) {
  const [removed, setRemoved] = useState<Removed | null>(null);
  return (
    <>
      <Button
        variant="ghost"
        size="icon-sm"
        aria-label={label ?? `Remove ${what.name}`}
        onClick={() => {
          onAsk?.();
          setRemoved(what);
        }}
      >
        <Trash2 />
      </Button>
      <Removal removed={removed} onClose={() => setRemoved(null)} stale={stale} />
    </>
  );
}
