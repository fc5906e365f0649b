import { type ReactNode, useEffect, useRef } from "react";
import { cn } from "./cn";

interface CheckProps {
  label: ReactNode;
  /** Said after the label to whoever does not see what stands around it. */
  hidden?: string;
  checked: boolean;
  /** Neither all nor none. */
  some?: boolean;
  disabled?: boolean;
  /** Why it is disabled. */
  title?: string | undefined;
  id?: string;
  className?: string;
  onChange: (checked: boolean) => void;
}

/** The platform's own box, with its label beside it. */
export function Check({ label, hidden, checked, some = false, disabled, title, id, className, onChange }: CheckProps) {
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (box.current) box.current.indeterminate = some;
  }, [some]);
  return (
    <label
      className={cn("flex items-center gap-2 text-[13px]", disabled ? "text-soft" : "cursor-pointer", className)}
      title={title}
    >
      <input
        ref={box}
        id={id}
        type="checkbox"
        className="size-4 shrink-0 accent-(--link)"
        checked={checked}
        disabled={disabled}
        onChange={(event) => onChange(event.target.checked)}
      />
      <span>
        {label}
        {hidden ? <span className="sr-only"> {hidden}</span> : null}
      </span>
    </label>
  );
}
