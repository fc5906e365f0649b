import type { FormEvent, ReactNode } from "react";
import { Wordmark } from "@/components/Logo";

interface AuthFrameProps {
  title: string;
  note: ReactNode;
  fault?: string | null;
  onSubmit: (event: FormEvent) => void;
  children: ReactNode;
}

/** What stands around every form of somebody who is not (fully) signed in. */
export function AuthFrame({ title, note, fault, onSubmit, children }: AuthFrameProps) {
  return (
    <div className="grid min-h-dvh lg:grid-cols-[minmax(0,5fr)_minmax(0,6fr)]">
      <aside className="relative hidden overflow-hidden bg-[#14283f] p-12 text-white lg:flex lg:flex-col lg:justify-between">
        <Wordmark className="text-white" />
        <div className="relative z-10 max-w-md">
          <p className="text-3xl font-semibold tracking-tight text-balance">
            Every call, and why it went where it went.
          </p>
          <p className="mt-4 text-[15px] leading-relaxed text-[#c5d3e3]">
            Call tracking and pay-per-call routing on your own machines: the decision, the recording and the money of
            each call on one page.
          </p>
        </div>
        <Arcs />
        <p className="relative z-10 text-[13px] text-[#9db1c7]">Open source, Apache-2.0</p>
      </aside>
      <main className="grid place-items-center px-5 py-10">
        <form onSubmit={onSubmit} className="grid w-full max-w-sm gap-5" aria-labelledby="auth-title">
          <Wordmark className="lg:hidden" />
          <div>
            <h1 id="auth-title" className="text-2xl font-semibold tracking-tight">
              {title}
            </h1>
            <p className="mt-1 text-soft">{note}</p>
          </div>
          {children}
          {fault ? (
            <p role="alert" className="rounded-lg bg-bad-soft px-3 py-2.5 text-[13px] text-bad-text">
              {fault}
            </p>
          ) : null}
        </form>
      </main>
    </div>
  );
}

function Arcs() {
  return (
    <svg
      aria-hidden="true"
      viewBox="0 0 400 400"
      className="absolute right-6 bottom-10 w-[30rem] opacity-70"
      fill="none"
      strokeWidth="1.5"
    >
      {[60, 105, 150, 195, 240].map((radius) => (
        <circle key={radius} cx="330" cy="330" r={radius} stroke="#3a5a80" strokeOpacity={1 - radius / 320} />
      ))}
      <path d="M90 330 C 90 180, 330 180, 330 330" stroke="#00D084" strokeWidth="2.5" strokeLinecap="round" />
      <circle cx="90" cy="330" r="8" fill="#FF6B35" />
      <circle cx="330" cy="330" r="8" fill="#00D084" />
    </svg>
  );
}
