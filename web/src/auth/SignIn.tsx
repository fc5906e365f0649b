import { LoaderCircle } from "lucide-react";
import { type FormEvent, useState } from "react";
import { ApiError } from "@/api/client";
import { Wordmark } from "@/components/Logo";
import { messageOf } from "@/components/States";
import { Button } from "@/components/ui/button";
import { Field, Input } from "@/components/ui/input";
import { useAuth } from "./AuthProvider";

export function SignIn() {
  const { signIn } = useAuth();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setFault(null);
    try {
      await signIn(email.trim(), password);
    } catch (error) {
      const wrong = error instanceof ApiError && error.status === 401;
      setFault(wrong ? "This e-mail and password do not match." : messageOf(error));
      setBusy(false);
    }
  };

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
        <form onSubmit={submit} className="grid w-full max-w-sm gap-5" aria-labelledby="sign-in">
          <Wordmark className="lg:hidden" />
          <div>
            <h1 id="sign-in" className="text-2xl font-semibold tracking-tight">
              Sign in
            </h1>
            <p className="mt-1 text-soft">With the account of your tenant.</p>
          </div>
          <Field label="E-mail">
            {(control) => (
              <Input
                {...control}
                type="email"
                name="email"
                autoComplete="username"
                autoFocus
                required
                value={email}
                onChange={(event) => setEmail(event.target.value)}
                className="h-11"
              />
            )}
          </Field>
          <Field label="Password">
            {(control) => (
              <Input
                {...control}
                type="password"
                name="password"
                autoComplete="current-password"
                required
                value={password}
                onChange={(event) => setPassword(event.target.value)}
                className="h-11"
              />
            )}
          </Field>
          {fault ? (
            <p role="alert" className="rounded-lg bg-bad-soft px-3 py-2.5 text-[13px] text-bad-text">
              {fault}
            </p>
          ) : null}
          <Button type="submit" size="lg" disabled={busy}>
            {busy ? <LoaderCircle className="animate-spin" /> : null}
            Sign in
          </Button>
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
