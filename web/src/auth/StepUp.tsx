import { type FormEvent, useEffect, useState } from "react";
import { ApiError, post, whenStepUp } from "@/api/client";
import type { Wire } from "@/api/read";
import { messageOf } from "@/components/States";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Field, Input } from "@/components/ui/input";
import { useAuth } from "./AuthProvider";
import { beginSso } from "./sso";

/** Asks for the password when the API wants a fresh proof, and lets the request that wanted it go on. */
export function StepUp() {
  const [answer, setAnswer] = useState<((proven: boolean) => void) | null>(null);
  const [password, setPassword] = useState("");
  const [code, setCode] = useState<string | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  const { user } = useAuth();

  useEffect(() => whenStepUp(() => new Promise<boolean>((resolve) => setAnswer(() => resolve))), []);

  const finish = (proven: boolean) => {
    answer?.(proven);
    setAnswer(null);
    setPassword("");
    setCode(null);
    setFault(null);
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setFault(null);
    try {
      await post("/auth/step-up", { password, ...(code ? { code } : {}) } satisfies Wire<"ProofRequest">);
      finish(true);
    } catch (error) {
      if (error instanceof ApiError && error.code === "SECOND_FACTOR_REQUIRED") setCode("");
      else setFault(messageOf(error));
    }
  };

  const again = async () => {
    const slug = user?.tenantSlug;
    try {
      if (slug) await beginSso(slug, { email: user.email, fresh: true });
    } catch (error) {
      setFault(messageOf(error));
    }
  };

  if (user?.byProvider && user.tenantSlug) {
    return (
      <Dialog
        open={answer !== null}
        onOpenChange={(open) => (open ? undefined : finish(false))}
        title="Is it still you?"
        description="This change wants a proof of the last quarter of an hour. Your provider asks you for it, and you come back to this page: what you typed here has to be typed again."
      >
        {fault ? (
          <p role="alert" className="mb-4 rounded-lg bg-bad-soft px-3 py-2.5 text-[13px] text-bad-text">
            {fault}
          </p>
        ) : null}
        <Button onClick={() => void again()}>To your provider</Button>
      </Dialog>
    );
  }
  return (
    <Dialog
      open={answer !== null}
      onOpenChange={(open) => (open ? undefined : finish(false))}
      title="Is it still you?"
      description="This change wants your password once more."
    >
      <form onSubmit={submit} className="grid gap-4">
        <Field label="Password" error={fault ?? undefined}>
          {(control) => (
            <Input
              {...control}
              type="password"
              autoComplete="current-password"
              autoFocus
              required
              value={password}
              onChange={(event) => setPassword(event.target.value)}
            />
          )}
        </Field>
        {code !== null ? (
          <Field label="Code" hint="Of your authenticator app, or a recovery code.">
            {(control) => (
              <Input
                {...control}
                autoComplete="one-time-code"
                value={code}
                onChange={(event) => setCode(event.target.value)}
              />
            )}
          </Field>
        ) : null}
        <Button type="submit">Go on</Button>
      </form>
    </Dialog>
  );
}
