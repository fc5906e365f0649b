import { useQuery } from "@tanstack/react-query";
import { KeyRound, LoaderCircle } from "lucide-react";
import { type FormEvent, useState } from "react";
import { ApiError, post } from "@/api/client";
import { messageOf } from "@/components/States";
import { Button } from "@/components/ui/button";
import { Field, Input, NativeSelect } from "@/components/ui/input";
import { AuthFrame } from "./AuthFrame";
import { useAuth } from "./AuthProvider";
import { CodeField } from "./CodeField";
import { beginSso, readSsoOptions } from "./sso";

interface Choice {
  slug: string;
  name: string;
}

export function SignIn() {
  const { signIn } = useAuth();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState<string | null>(null);
  const [tenants, setTenants] = useState<Choice[]>([]);
  const [tenant, setTenant] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  const [forgot, setForgot] = useState(false);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setFault(null);
    try {
      await signIn({ email: email.trim(), password, ...(tenant ? { tenant } : {}), ...(code ? { code } : {}) });
    } catch (error) {
      setBusy(false);
      const known = error instanceof ApiError ? error : null;
      if (known?.code === "SECOND_FACTOR_REQUIRED") {
        setCode("");
      } else if (known?.code === "TENANT_CHOICE_REQUIRED") {
        const choices = known.faults.flatMap((one) => (one.code ? [{ slug: one.code, name: one.message }] : []));
        setTenants(choices);
        setTenant(choices[0]?.slug ?? null);
      } else if (known?.status === 401 && known.code !== "SECOND_FACTOR_WRONG") {
        setFault("This e-mail and password do not match.");
      } else {
        setFault(messageOf(error));
      }
    }
  };

  const providers = useSsoOptions(email);
  const leave = async (slug: string) => {
    setBusy(true);
    setFault(null);
    try {
      await beginSso(slug, { email: email.trim() });
    } catch (error) {
      setBusy(false);
      setFault(messageOf(error));
    }
  };

  if (forgot) return <Forgot initial={email} onBack={() => setForgot(false)} />;
  return (
    <AuthFrame title="Sign in" note="With the account of your tenant." fault={fault} onSubmit={submit}>
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
      {providers.map((one) => (
        <Button
          key={one.tenant}
          type="button"
          size="lg"
          variant="outline"
          disabled={busy}
          onClick={() => void leave(one.tenant)}
        >
          <KeyRound /> Single sign-on of {one.name}
        </Button>
      ))}
      {tenants.length > 0 ? (
        <Field label="Tenant" hint="Your address is known to several.">
          {(control) => (
            <NativeSelect
              {...control}
              value={tenant ?? ""}
              onChange={(event) => setTenant(event.target.value)}
              className="h-11"
            >
              {tenants.map((one) => (
                <option key={one.slug} value={one.slug}>
                  {one.name}
                </option>
              ))}
            </NativeSelect>
          )}
        </Field>
      ) : null}
      {code !== null ? <CodeField value={code} onChange={setCode} /> : null}
      <Button type="submit" size="lg" disabled={busy}>
        {busy ? <LoaderCircle className="animate-spin" /> : null}
        Sign in
      </Button>
      <button type="button" className="text-[13px] text-link underline" onClick={() => setForgot(true)}>
        Forgot your password?
      </button>
    </AuthFrame>
  );
}

/** Who signs in at a provider: by the host name from the beginning, by the address once its domain is whole. */
function useSsoOptions(email: string) {
  const domain = email.trim().toLowerCase().split("@")[1] ?? "";
  const whole = /^[^\s]+\.[a-z]{2,}$/.test(domain) ? domain : "";
  const found = useQuery({
    queryKey: ["sso", "options", whole],
    queryFn: async () => readSsoOptions(await post("/auth/sso/options", whole ? { email: `somebody@${whole}` } : {})),
    staleTime: 60_000,
    retry: false,
    placeholderData: (before) => before,
  });
  return found.data ?? [];
}

function Forgot({ initial, onBack }: { initial: string; onBack: () => void }) {
  const [email, setEmail] = useState(initial);
  const [sent, setSent] = useState(false);
  const [fault, setFault] = useState<string | null>(null);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setFault(null);
    try {
      await post("/auth/password/forgot", { email: email.trim() });
      setSent(true);
    } catch (error) {
      setFault(messageOf(error));
    }
  };

  const note = sent
    ? "If somebody has this address, a mail with a link is on its way. It is good for an hour. Where no mail is sent, ask whoever manages your tenant's users for a link."
    : "You get a link by mail to choose another one.";
  return (
    <AuthFrame title="Forgot your password?" note={note} fault={fault} onSubmit={submit}>
      {sent ? null : (
        <>
          <Field label="E-mail">
            {(control) => (
              <Input
                {...control}
                type="email"
                autoComplete="username"
                autoFocus
                required
                value={email}
                onChange={(event) => setEmail(event.target.value)}
                className="h-11"
              />
            )}
          </Field>
          <Button type="submit" size="lg">
            Send the link
          </Button>
        </>
      )}
      <button type="button" className="text-[13px] text-link underline" onClick={onBack}>
        Back to sign-in
      </button>
    </AuthFrame>
  );
}
