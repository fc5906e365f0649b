import { CloudOff } from "lucide-react";
import { useEffect, useState } from "react";
import { Button } from "@/components/ui/button";
import { cn } from "@/components/ui/cn";
import { useLive } from "./LiveProvider";
import { useNow } from "./motion";

export function LivePill() {
  const { link } = useLive();
  const open = link === "open";
  return (
    <span
      className={cn(
        "inline-flex items-center gap-2 rounded-full px-3 py-1 text-xs font-medium",
        open ? "bg-live-soft text-live-text" : "bg-sunken text-soft",
      )}
    >
      <span
        className={cn("size-2 rounded-full", open ? "animate-halo bg-live" : "bg-line-strong")}
        aria-hidden="true"
      />
      {open ? "Live" : link === "waiting" ? "Not live" : "Connecting"}
    </span>
  );
}

/** A short break is no news; only one of some seconds is worth a banner. */
const PATIENCE_MS = 2500;

export function LiveBanner() {
  const { link, degraded, retryAt, retryNow } = useLive();
  const [lost, setLost] = useState(false);
  useEffect(() => {
    if (link === "open" || link === "idle") {
      setLost(false);
      return;
    }
    const timer = setTimeout(() => setLost(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [link]);
  if (!lost && !degraded) return null;
  return (
    <div
      role="status"
      className="sticky top-14 z-10 flex flex-wrap items-center gap-x-4 gap-y-1 border-b border-warn/30 bg-warn-soft px-4 py-2 text-[13px] text-warn-text sm:px-6 lg:top-0 lg:px-8"
    >
      <CloudOff className="size-4 shrink-0" aria-hidden="true" />
      <span className="min-w-0 flex-1">
        {lost ? "Live updates are interrupted." : "Live updates are incomplete: a part of the platform is cut off."}{" "}
        Figures are asked for every few seconds instead. {lost && <Countdown until={retryAt} />}
      </span>
      {lost && (
        <Button variant="ghost" size="sm" className="h-7 text-warn-text" onClick={retryNow}>
          Reconnect now
        </Button>
      )}
    </div>
  );
}

function Countdown({ until }: { until: number | null }) {
  const now = useNow();
  if (until === null) return <span>Reconnecting…</span>;
  // Not announced each second: the banner itself was.
  return <span aria-hidden="true">Next attempt in {Math.max(0, Math.ceil((until - now) / 1000))} s.</span>;
}

/** How often a page asks for itself: never while live, every few seconds while not. */
export function usePolling(): number | false {
  const { link, degraded } = useLive();
  return link === "open" && !degraded ? false : 8000;
}
