import { type FormEvent, useEffect, useState } from "react";
import { ApiError, post, whenStepUp } from "@/api/client";
import type { Wire } from "@/api/read";
import { messageOf } from "@/components/States";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Field, Input } from "@/components/ui/input";

/** Asks for the password when the API wants a fresh proof, and lets the request that wanted it go on. */
export function StepUp() {
  const [answer, setAnswer] = useState<((proven: boolean) => void) | null>(null);
  const [password, setPassword] = useState("");
  const [code, setCode] = useState<string | null>(null);
  const [fault, setFault] = useState<string | null>(null);

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
