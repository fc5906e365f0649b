import { type FormEvent, useState } from "react";
import { ApiError, post } from "@/api/client";
import { asRecord, asText, asTexts, type Wire } from "@/api/read";
import { messageOf } from "@/components/States";
import { Button } from "@/components/ui/button";
import { Field, Input } from "@/components/ui/input";
import { AuthFrame } from "./AuthFrame";
import { useAuth } from "./AuthProvider";
import { NewPassword } from "./LinkPage";

/** What must be done before anything else: a password of one's own, or the second factor the tenant requires. */
export function PendingPage({ pending }: { pending: string }) {
  return pending === "SECOND_FACTOR_SETUP_REQUIRED" ? <SecondFactor /> : <Password />;
}

function CurrentPassword({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  return (
    <Field label="Current password">
      {(control) => (
        <Input
          {...control}
          type="password"
          autoComplete="current-password"
          autoFocus
          required
          value={value}
          onChange={(event) => onChange(event.target.value)}
          className="h-11"
        />
      )}
    </Field>
  );
}

function SignOut() {
  const { signOut } = useAuth();
  return (
    <button type="button" className="text-[13px] text-link underline" onClick={() => void signOut()}>
      Sign out
    </button>
  );
}

const faultOf = (error: unknown) => {
  const first = error instanceof ApiError ? error.faults[0] : undefined;
  if (!first) return messageOf(error);
  return `${first.field === "currentPassword" ? "The current password" : "The new password"} ${first.message}.`;
};

function Password() {
  const { retry } = useAuth();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [fault, setFault] = useState<string | null>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setFault(null);
    const body = { currentPassword: current, newPassword: next } satisfies Wire<"ChangePasswordRequest">;
    await post("/auth/password/change", body).then(retry, (error: unknown) => setFault(faultOf(error)));
  };
  const note = "Whoever added you wants you to choose a password of your own.";
  return (
    <AuthFrame title="Choose a password" note={note} fault={fault} onSubmit={submit}>
      <CurrentPassword value={current} onChange={setCurrent} />
      <NewPassword value={next} onChange={setNext} />
      <Button type="submit" size="lg">
        Choose this password
      </Button>
      <SignOut />
    </AuthFrame>
  );
}

function SecondFactor() {
  const { retry } = useAuth();
  const [password, setPassword] = useState("");
  const [setup, setSetup] = useState<{ secret: string; uri: string } | null>(null);
  const [code, setCode] = useState("");
  const [codes, setCodes] = useState<string[] | null>(null);
  const [fault, setFault] = useState<string | null>(null);

  const begin = async () => {
    const row: Wire<"SecondFactorSetup"> = asRecord(await post("/auth/second-factor/setup", { password }));
    setSetup({ secret: asText(row.secret) ?? "", uri: asText(row.uri) ?? "" });
  };
  const confirm = async () => {
    const row: Wire<"RecoveryCodes"> = asRecord(await post("/auth/second-factor/confirm", { code }));
    setCodes(asTexts(row.recoveryCodes));
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setFault(null);
    if (codes) return retry();
    await (setup ? confirm() : begin()).catch((error: unknown) => setFault(messageOf(error)));
  };

  if (codes) {
    const note =
      "Keep these codes where you keep passwords. Each lets you in once if you lose the app; they are not shown again.";
    return (
      <AuthFrame title="Recovery codes" note={note} onSubmit={submit}>
        <ul className="grid gap-1 rounded-lg bg-sunken p-4 font-mono text-sm select-all">
          {codes.map((one) => (
            <li key={one}>{one}</li>
          ))}
        </ul>
        <Button type="submit" size="lg">
          I have kept them
        </Button>
      </AuthFrame>
    );
  }
  const note = setup
    ? "Add this key to your authenticator app, then enter the code it shows."
    : "Your tenant requires a second factor: a code of an authenticator app on your phone.";
  return (
    <AuthFrame title="Set up a second factor" note={note} fault={fault} onSubmit={submit}>
      {setup ? (
        <>
          <p className="rounded-lg bg-sunken p-4 font-mono text-sm break-all select-all">{setup.secret}</p>
          <a className="text-[13px] text-link underline" href={setup.uri}>
            Open it in an app on this device
          </a>
          <Field label="Code">
            {(control) => (
              <Input
                {...control}
                inputMode="numeric"
                autoComplete="one-time-code"
                required
                value={code}
                onChange={(event) => setCode(event.target.value)}
                className="h-11 font-mono"
              />
            )}
          </Field>
        </>
      ) : (
        <CurrentPassword value={password} onChange={setPassword} />
      )}
      <Button type="submit" size="lg">
        {setup ? "Confirm" : "Begin"}
      </Button>
      <SignOut />
    </AuthFrame>
  );
}
