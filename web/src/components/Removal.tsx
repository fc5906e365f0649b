import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { toast } from "sonner";
import { remove } from "@/api/client";
import { ConfirmDialog } from "./ConfirmDialog";
import { messageOf } from "./States";

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
