import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { toast } from "sonner";
import { post, put } from "@/api/client";
import type { Wire } from "@/api/read";
import {
  type FactorSetup,
  readCodes,
  readSetup,
  type SecondFactor,
  secondFactorQuery,
  signInPolicyQuery,
} from "@/api/security";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import { DialogButton } from "@/components/DialogButton";
import { type FormField, ResourceDialog } from "@/components/ResourceDialog";
import { ShownOnce } from "@/components/ShownOnce";
import { Failure, messageOf } from "@/components/States";
import { Button } from "@/components/ui/button";
import { Card, CardHeader } from "@/components/ui/card";
import { SkeletonRows } from "@/components/ui/skeleton";
import { plural } from "@/format/words";

/** How one signs in, and what the tenant asks of everybody who does. */
export function SignInSettings() {
  const { user } = useAuth();
  const factor = useQuery(secondFactorQuery);
  return (
    <Card>
      <CardHeader title="Signing in" />
      {factor.data ? (
        <ul className="divide-y divide-line border-t border-line">
          {user?.byProvider ? (
            <Line title="Password" text="Your provider asks for it: it is changed there." />
          ) : (
            <>
              <Line title="Password" text="Changing it signs you out everywhere else.">
                <DialogButton label="Change the password" icon={null} size="sm" variant="outline">
                  {(close) => <PasswordDialog onClose={close} />}
                </DialogButton>
              </Line>
              <OwnFactor factor={factor.data} />
            </>
          )}
          {may(user, "users:read") ? <Everybody mayWrite={may(user, "users:write")} /> : null}
        </ul>
      ) : factor.error ? (
        <Failure what="How you sign in" error={factor.error} onRetry={() => void factor.refetch()} />
      ) : (
        <SkeletonRows rows={3} />
      )}
    </Card>
  );
}

function Line({ title, text, children }: { title: string; text: ReactNode; children?: ReactNode }) {
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3 sm:px-5">
      <span className="min-w-0 flex-1 basis-56">
        <span className="block font-medium">{title}</span>
        <span className="block text-[13px] text-soft">{text}</span>
      </span>
      {children ? <span className="flex flex-wrap gap-2">{children}</span> : null}
    </li>
  );
}

const passwordField = (name: string, label: string): FormField => ({
  name,
  label,
  kind: "password",
  required: true,
  autoComplete: "current-password",
});
const codeField: FormField = {
  name: "code",
  label: "Code",
  required: true,
  autoComplete: "one-time-code",
  hint: "Of your authenticator app, or a recovery code",
};

function PasswordDialog({ onClose }: { onClose: () => void }) {
  return (
    <ResourceDialog
      open
      onOpenChange={onClose}
      title="Change your password"
      fields={[
        passwordField("currentPassword", "Current password"),
        {
          ...passwordField("newPassword", "New password"),
          autoComplete: "new-password",
          hint: "At least 8 characters; none of those everybody tries first",
        },
      ]}
      initial={{ currentPassword: "", newPassword: "" }}
      save={({ currentPassword = "", newPassword = "" }) =>
        post("/auth/password/change", { currentPassword, newPassword } satisfies Wire<"ChangePasswordRequest">)
      }
      done="Password changed"
      stale={["security"]}
      submitLabel="Change it"
    />
  );
}

/** The own second factor: set up, its recovery codes, switched off. */
function OwnFactor({ factor }: { factor: SecondFactor }) {
  const [act, setAct] = useState<"begin" | "codes" | "off" | null>(null);
  const [setup, setSetup] = useState<FactorSetup | null>(null);
  const [codes, setCodes] = useState<string | null>(null);
  const close = () => setAct(null);
  const proof = ({ password = "", code }: Record<string, string>) =>
    ({ password, ...(code ? { code } : {}) }) satisfies Wire<"ProofRequest">;
  return (
    <Line
      title="Second factor"
      text={
        factor.enabled
          ? `A code of your authenticator app is asked for. ${plural(factor.codesLeft, "recovery code")} left.`
          : "None. With one, whoever learns your password still cannot sign in."
      }
    >
      {factor.enabled ? (
        <>
          <Button variant="outline" size="sm" onClick={() => setAct("codes")}>
            New recovery codes
          </Button>
          {factor.required ? null : (
            <Button variant="outline" size="sm" onClick={() => setAct("off")}>
              Switch off
            </Button>
          )}
        </>
      ) : (
        <Button variant="outline" size="sm" onClick={() => setAct("begin")}>
          Set up
        </Button>
      )}
      {act === "begin" ? (
        <ResourceDialog
          open
          onOpenChange={close}
          title="Set up a second factor"
          description="Next to your password, a code of an authenticator app on your phone."
          fields={[passwordField("password", "Password")]}
          initial={{ password: "" }}
          save={async (values) => setSetup(readSetup(await post("/auth/second-factor/setup", proof(values))))}
          done="Add the key to your app"
          stale={[]}
          submitLabel="Go on"
        />
      ) : null}
      {setup ? (
        <ResourceDialog
          open
          onOpenChange={() => setSetup(null)}
          title="Add the key to your app"
          description={
            <>
              <span className="my-2 block rounded-lg bg-sunken p-3 font-mono break-all text-ink select-all">
                {setup.secret}
              </span>
              <a className="text-link underline" href={setup.uri}>
                Open it in an app on this device
              </a>
              , or type it there; then enter the code it shows. You are signed out everywhere else.
            </>
          }
          fields={[{ ...codeField, hint: "Six digits" }]}
          initial={{ code: "" }}
          save={async ({ code = "" }) =>
            setCodes(
              readCodes(await post("/auth/second-factor/confirm", { code: code.trim() } satisfies Wire<"CodeRequest">)),
            )
          }
          done="The second factor is on"
          stale={["security"]}
          submitLabel="Confirm"
        />
      ) : null}
      {act === "codes" ? (
        <ResourceDialog
          open
          onOpenChange={close}
          title="New recovery codes"
          description="They take the place of those you have."
          fields={[passwordField("password", "Password"), codeField]}
          initial={{ password: "", code: "" }}
          save={async (values) => setCodes(readCodes(await post("/auth/second-factor/recovery-codes", proof(values))))}
          done="Recovery codes made"
          stale={["security"]}
          submitLabel="Make them"
        />
      ) : null}
      {act === "off" ? (
        <ResourceDialog
          open
          onOpenChange={close}
          title="Switch the second factor off"
          description="From then on the password alone lets you in."
          fields={[passwordField("password", "Password"), codeField]}
          initial={{ password: "", code: "" }}
          save={(values) => post("/auth/second-factor/disable", proof(values))}
          done="The second factor is off"
          stale={["security"]}
          submitLabel="Switch it off"
        />
      ) : null}
      <ShownOnce
        text={codes}
        title="Keep your recovery codes"
        description="Each lets you in once if you lose the app. Keep them where you keep passwords: they are not shown again."
        onClose={() => setCodes(null)}
      />
    </Line>
  );
}

/** What the tenant asks of everybody. */
function Everybody({ mayWrite }: { mayWrite: boolean }) {
  const client = useQueryClient();
  const policy = useQuery(signInPolicyQuery);
  const [asking, setAsking] = useState(false);
  const required = policy.data?.required ?? false;
  const change = useMutation({
    mutationFn: (secondFactorRequired: boolean) =>
      put("/api/v1/sign-in-policy", { secondFactorRequired } satisfies Wire<"SignInPolicy">),
    onSuccess: () => {
      setAsking(false);
      toast.success("Saved");
      return client.invalidateQueries({ queryKey: ["security"] });
    },
    onError: (error) => toast.error(messageOf(error)),
  });
  const text = policy.error
    ? messageOf(policy.error)
    : required
      ? "Required: whoever has none sets one up first. Single sign-on counts as one."
      : "Left to everybody.";
  return (
    <Line title="Second factor of everybody in the tenant" text={policy.isPending ? "…" : text}>
      {mayWrite && policy.data ? (
        <Button variant="outline" size="sm" onClick={() => setAsking(true)}>
          {required ? "Leave it to everybody" : "Require it"}
        </Button>
      ) : null}
      <ConfirmDialog
        open={asking}
        onClose={() => setAsking(false)}
        title={required ? "Leave the second factor to everybody?" : "Require a second factor of everybody?"}
        text={
          required
            ? "Who has one keeps it, and may switch it off."
            : "Whoever has none is asked to set one up before anything else, you too."
        }
        confirm={required ? "Leave it to everybody" : "Require it"}
        pending={change.isPending}
        onConfirm={() => change.mutate(!required)}
      />
    </Line>
  );
}
