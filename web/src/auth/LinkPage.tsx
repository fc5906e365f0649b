import { useQuery } from "@tanstack/react-query";
import { LoaderCircle } from "lucide-react";
import { type FormEvent, useState } from "react";
import { ApiError, post } from "@/api/client";
import { asNamed, asRecord, asText, type Wire } from "@/api/read";
import { messageOf } from "@/components/States";
import { Button } from "@/components/ui/button";
import { Field, Input } from "@/components/ui/input";
import { AuthFrame } from "./AuthFrame";

/** Pages that links in mails lead to; the token stands behind `#`, so that no server and no Referer sees it. */
export const isLinkPage = (path: string) => path === "/invitation" || path === "/reset-password";

const nothing = (event: FormEvent) => event.preventDefault();
const toSignIn = () => window.location.assign("/");

export function LinkPage() {
  const [token] = useState(() => window.location.hash.slice(1));
  const link = useQuery({
    queryKey: ["link", token],
    queryFn: async () => {
      const row: Wire<"LinkView"> = asRecord(await post("/auth/links/check", { token }));
      return { purpose: asText(row.purpose), email: asText(row.email) ?? "", tenant: asNamed(row.tenant)?.name ?? "" };
    },
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (link.isPending)
    return (
      <AuthFrame title="One moment" note="The link is being checked." onSubmit={nothing}>
        <LoaderCircle className="animate-spin text-soft" aria-hidden="true" />
      </AuthFrame>
    );
  if (!link.data) {
    const over = link.error instanceof ApiError && link.error.status === 404;
    const note = over
      ? "It was used, replaced by a newer one, or is too old. Ask for another one."
      : messageOf(link.error);
    return (
      <AuthFrame title="This link is not valid" note={note} onSubmit={nothing}>
        <Button type="button" size="lg" variant="outline" onClick={toSignIn}>
          To sign-in
        </Button>
      </AuthFrame>
    );
  }
  return <Choose token={token} {...link.data} />;
}

function Choose({
  token,
  purpose,
  email,
  tenant,
}: {
  token: string;
  purpose: string | null;
  email: string;
  tenant: string;
}) {
  const invited = purpose === "INVITATION";
  const [firstName, setFirstName] = useState("");
  const [lastName, setLastName] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [done, setDone] = useState(false);
  const [fault, setFault] = useState<string | null>(null);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setFault(null);
    const names = invited ? { ...(firstName ? { firstName } : {}), ...(lastName ? { lastName } : {}) } : {};
    try {
      await post("/auth/links/redeem", { token, password, ...names } satisfies Wire<"RedeemLinkRequest">);
      setDone(true);
    } catch (error) {
      const first = error instanceof ApiError ? error.faults[0] : undefined;
      setFault(first ? `The password ${first.message}.` : messageOf(error));
      setBusy(false);
    }
  };

  if (done) {
    return (
      <AuthFrame title="Done" note="Sign in with your new password." onSubmit={nothing}>
        <Button type="button" size="lg" onClick={toSignIn}>
          To sign-in
        </Button>
      </AuthFrame>
    );
  }
  const title = invited ? `Welcome to ${tenant}` : "Choose another password";
  return (
    <AuthFrame title={title} note={`${email}, at ${tenant}.`} fault={fault} onSubmit={submit}>
      {invited ? (
        <div className="grid grid-cols-2 gap-3">
          <Field label="First name">
            {(control) => (
              <Input
                {...control}
                autoComplete="given-name"
                value={firstName}
                onChange={(event) => setFirstName(event.target.value)}
              />
            )}
          </Field>
          <Field label="Last name">
            {(control) => (
              <Input
                {...control}
                autoComplete="family-name"
                value={lastName}
                onChange={(event) => setLastName(event.target.value)}
              />
            )}
          </Field>
        </div>
      ) : null}
      <NewPassword value={password} onChange={setPassword} />
      <Button type="submit" size="lg" disabled={busy}>
        {busy ? <LoaderCircle className="animate-spin" /> : null}
        {invited ? "Accept and choose this password" : "Choose this password"}
      </Button>
    </AuthFrame>
  );
}

export function NewPassword({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  return (
    <Field label="New password" hint="At least 8 characters; none of those everybody tries first.">
      {(control) => (
        <Input
          {...control}
          type="password"
          name="new-password"
          autoComplete="new-password"
          minLength={8}
          required
          value={value}
          onChange={(event) => onChange(event.target.value)}
          className="h-11"
        />
      )}
    </Field>
  );
}
