import { CircleAlert, type LucideIcon, RefreshCw } from "lucide-react";
import type { ReactNode } from "react";
import { ApiError } from "@/api/client";
import { Button } from "./ui/button";

interface EmptyProps {
  icon: LucideIcon;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}

export function Empty({ icon: Icon, title, children, action }: EmptyProps) {
  return (
    <div className="grid justify-items-center gap-2 px-6 py-12 text-center">
      <span className="grid size-11 place-items-center rounded-full bg-sunken text-soft">
        <Icon className="size-5" aria-hidden="true" />
      </span>
      <p className="mt-1 font-medium">{title}</p>
      {children ? <div className="max-w-sm text-[13px] text-soft">{children}</div> : null}
      {action ? <div className="mt-2">{action}</div> : null}
    </div>
  );
}

interface FailureProps {
  error: unknown;
  onRetry?: () => void;
  what: string;
}

export function Failure({ error, onRetry, what }: FailureProps) {
  const known = error instanceof ApiError ? error : null;
  return (
    <div role="alert" className="grid justify-items-center gap-2 px-6 py-12 text-center">
      <span className="grid size-11 place-items-center rounded-full bg-bad-soft text-bad-text">
        <CircleAlert className="size-5" aria-hidden="true" />
      </span>
      <p className="mt-1 font-medium">{what} could not be loaded</p>
      <p className="max-w-md text-[13px] text-soft">{messageOf(error)}</p>
      {known && known.faults.length > 0 ? (
        <ul className="max-w-md text-[13px] text-soft">
          {known.faults.map(({ field, message }, index) => (
            <li key={index}>{[field, message].filter(Boolean).join(" ")}</li>
          ))}
        </ul>
      ) : null}
      {known?.requestId ? <p className="font-mono text-xs text-soft">Request {known.requestId}</p> : null}
      {onRetry ? (
        <Button variant="outline" size="sm" className="mt-2" onClick={onRetry}>
          <RefreshCw /> Try again
        </Button>
      ) : null}
    </div>
  );
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "Something went wrong that has no name.";
}

/** Stands where the API delivers nothing, so that nobody takes it for a zero. */
export function Missing({ label = "Not delivered by the API" }: { label?: string }) {
  return (
    <span className="text-soft" title={label}>
      <span aria-hidden="true">–</span>
      <span className="sr-only">{label}</span>
    </span>
  );
}
