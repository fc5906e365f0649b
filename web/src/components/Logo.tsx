import { cn } from "./ui/cn";

export function Mark({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true" className={cn("size-8", className)}>
      <rect width="32" height="32" rx="8" fill="#1E3A5F" stroke="#ffffff" strokeOpacity="0.14" />
      <path d="M8 21c0-6.6 3.4-11 8-11s8 4.4 8 11" fill="none" stroke="#fff" strokeWidth="3" strokeLinecap="round" />
      <circle cx="8" cy="22" r="3" fill="#FF6B35" />
      <circle cx="24" cy="22" r="3" fill="#00D084" />
    </svg>
  );
}

export function Wordmark({ className }: { className?: string }) {
  return (
    <span className={cn("inline-flex items-center gap-2.5 text-[17px] font-semibold tracking-tight", className)}>
      <Mark />
      Hopwhistle
    </span>
  );
}
