import { Label as LabelPrimitive } from "radix-ui";
import { type ComponentProps, type ReactNode, useId } from "react";
import { cn } from "./cn";

const box =
  "h-9 w-full rounded-lg border border-line-strong/60 bg-surface px-3 text-sm text-ink placeholder:text-soft/80 disabled:opacity-60 aria-invalid:border-bad";

export function Input({ className, ...props }: ComponentProps<"input">) {
  return <input className={cn(box, className)} {...props} />;
}

export function TextArea({ className, ...props }: ComponentProps<"textarea">) {
  return <textarea className={cn(box, "h-auto py-2 leading-relaxed", className)} {...props} />;
}

/** The platform's own select: it works with every keyboard, screen reader and phone as it is. */
export function NativeSelect({ className, ...props }: ComponentProps<"select">) {
  return <select className={cn(box, "cursor-pointer pr-8", className)} {...props} />;
}

interface FieldProps {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
  className?: string | undefined;
  children: (control: { id: string; "aria-invalid"?: true; "aria-describedby"?: string }) => ReactNode;
}

export function Field({ label, hint, error, className, children }: FieldProps) {
  const id = useId();
  const note = error ?? hint;
  return (
    <div className={cn("grid content-start gap-1.5", className)}>
      <LabelPrimitive.Root htmlFor={id} className="text-[13px] font-medium">
        {label}
      </LabelPrimitive.Root>
      {children({
        id,
        ...(error ? { "aria-invalid": true as const } : {}),
        ...(note ? { "aria-describedby": `${id}-note` } : {}),
      })}
      {note ? (
        <p id={`${id}-note`} className={cn("text-[13px]", error ? "text-bad-text" : "text-soft")}>
          {note}
        </p>
      ) : null}
    </div>
  );
}
