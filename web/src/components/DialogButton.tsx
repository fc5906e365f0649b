import { type LucideIcon, Plus } from "lucide-react";
import { type ReactNode, useState } from "react";
import { Button } from "./ui/button";

interface DialogButtonProps {
  label: string;
  /** null: none. */
  icon?: LucideIcon | null;
  size?: "sm";
  variant?: "outline" | "ghost";
  className?: string;
  /** The window it opens. */
  children: (close: () => void) => ReactNode;
}

/** A button that opens a window, most of the time one that adds something. */
export function DialogButton({ label, icon: Icon = Plus, children, ...button }: DialogButtonProps) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button {...button} onClick={() => setOpen(true)}>
        {Icon ? <Icon /> : null} {label}
      </Button>
      {open ? children(() => setOpen(false)) : null}
    </>
  );
}
