import { type ReactNode, useEffect } from "react";
import { LivePill } from "@/live/LiveStatus";

interface PageHeaderProps {
  title: string;
  hint?: ReactNode;
  actions?: ReactNode;
  /** What the browser's tab says, where it differs. */
  tab?: string;
}

export function PageHeader({ title, hint, actions, tab }: PageHeaderProps) {
  useEffect(() => {
    document.title = `${tab ?? title} · Hopwhistle`;
  }, [tab, title]);
  return (
    <div className="mb-5 flex flex-wrap items-center justify-between gap-x-6 gap-y-3 lg:mb-6">
      <div className="min-w-0">
        <h1 className="text-[22px] leading-tight font-semibold tracking-tight">{title}</h1>
        {hint ? <p className="mt-1 text-soft">{hint}</p> : null}
      </div>
      <div className="flex items-center gap-3">
        {actions}
        <span className="hidden lg:inline-flex">
          <LivePill />
        </span>
      </div>
    </div>
  );
}
