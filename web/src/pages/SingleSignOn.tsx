import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { CircleCheck, CircleX, LoaderCircle } from "lucide-react";
import { type FormEvent, useState } from "react";
import { toast } from "sonner";
import { ApiError, post, put, remove } from "@/api/client";
import type { Wire } from "@/api/read";
import { readSsoTest, type SsoSettings, type SsoTest, singleSignOnQuery } from "@/api/singleSignOn";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import { Failure, messageOf } from "@/components/States";
import { Button } from "@/components/ui/button";
import { Card, CardHeader } from "@/components/ui/card";
import { Check } from "@/components/ui/checkbox";
import { Field, Input, NativeSelect } from "@/components/ui/input";
import { SkeletonRows } from "@/components/ui/skeleton";

/** How the tenant's people sign in at a provider of their own; only who may do everything sets it. */
export function SingleSignOn() {
  const { user } = useAuth();
  const settings = useQuery({ ...singleSignOnQuery, enabled: may(user, "users:read") });
  if (!may(user, "users:read")) return null;
  return (
    <Card className="xl:col-span-2" aria-labelledby="single-sign-on">
      <CardHeader
        id="single-sign-on"
        title="Single sign-on"
        hint="People sign in at your own OpenID Connect provider: Entra ID, Google Workspace, Okta, Keycloak"
      />
      {settings.data ? (
        <Form key={settings.data.updatedAt ?? 0} settings={settings.data} mayWrite={may(user, "admin:*")} />
      ) : settings.error ? (
        <Failure what="Single sign-on" error={settings.error} onRetry={() => void settings.refetch()} />
      ) : (
        <SkeletonRows rows={4} />
      )}
    </Card>
  );
}

function Form({ settings, mayWrite }: { settings: SsoSettings; mayWrite: boolean }) {
  const client = useQueryClient();
  const [values, setValues] = useState(settings);
  const [secret, setSecret] = useState("");
  const [removing, setRemoving] = useState(false);
  const stale = () => client.invalidateQueries({ queryKey: singleSignOnQuery.queryKey });
  const save = useMutation({
    mutationFn: () => {
      const body = {
        issuer: values.issuer.trim(),
        clientId: values.clientId.trim(),
        ...(secret ? { clientSecret: secret } : {}),
        domains: values.domains.split(/[\s,]+/).filter(Boolean),
        newUsers: values.newUsers || null,
        passwordsAllowed: values.passwordsAllowed,
        secondFactor: values.secondFactor,
        enabled: values.enabled,
      } satisfies Wire<"SaveSingleSignOnRequest">;
      return put("/api/v1/single-sign-on", body);
    },
    onSuccess: async () => {
      toast.success("Saved");
      test.reset();
      await stale();
    },
  });
  const test = useMutation({
    mutationFn: async () => readSsoTest(await post("/api/v1/single-sign-on/test")),
  });
  const drop = useMutation({
    mutationFn: () => remove("/api/v1/single-sign-on"),
    onSuccess: async () => {
      toast.success("Removed");
      setRemoving(false);
      await stale();
    },
    onError: (error) => toast.error(messageOf(error)),
  });
  const faults = save.error instanceof ApiError ? save.error.faults : [];
  const faultOf = (name: string) => faults.find(({ field }) => field === name || field.startsWith(`${name}[`))?.message;
  const set = (changed: Partial<SsoSettings>) => setValues((old) => ({ ...old, ...changed }));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form onSubmit={submit} className="grid gap-4 px-4 pb-5 sm:grid-cols-2 sm:px-5">
      <Field label="Redirect address" hint="Register it at the provider." className="sm:col-span-2">
        {(control) => (
          <Input {...control} readOnly value={settings.redirectUri} onFocus={(event) => event.target.select()} />
        )}
      </Field>
      <fieldset disabled={!mayWrite} className="contents">
        <Field
          label="Issuer"
          hint="To the letter as the provider calls itself."
          error={faultOf("issuer")}
          className="sm:col-span-2"
        >
          {(control) => (
            <Input
              {...control}
              type="url"
              required
              placeholder="https://login.example.com"
              value={values.issuer}
              onChange={(event) => set({ issuer: event.target.value })}
            />
          )}
        </Field>
        <Field label="Client ID" error={faultOf("clientId")}>
          {(control) => (
            <Input
              {...control}
              required
              autoComplete="off"
              value={values.clientId}
              onChange={(event) => set({ clientId: event.target.value })}
            />
          )}
        </Field>
        <Field
          label="Client secret"
          hint={settings.hasClientSecret ? "There is one; empty: it stays." : "Empty: none, PKCE alone."}
          error={faultOf("clientSecret")}
        >
          {(control) => (
            <Input
              {...control}
              type="password"
              autoComplete="new-password"
              value={secret}
              onChange={(event) => setSecret(event.target.value)}
            />
          )}
        </Field>
        <Field label="Domains of e-mail addresses" hint="Separated by commas." error={faultOf("domains")}>
          {(control) => (
            <Input
              {...control}
              required
              placeholder="example.com"
              value={values.domains}
              onChange={(event) => set({ domains: event.target.value })}
            />
          )}
        </Field>
        <Field label="Who is not known yet" error={faultOf("newUsers")}>
          {(control) => (
            <NativeSelect
              {...control}
              value={values.newUsers}
              onChange={(event) => set({ newUsers: event.target.value })}
            >
              <option value="">Is refused</option>
              <option value="readonly">Becomes a user with the role Readonly</option>
              <option value="analyst">Becomes a user with the role Analyst</option>
              <option value="admin">Becomes a user with the role Admin</option>
            </NativeSelect>
          )}
        </Field>
        <div className="grid gap-2 sm:col-span-2">
          <Check label="Offered at sign-in" checked={values.enabled} onChange={(enabled) => set({ enabled })} />
          <Check
            label="Passwords are good too (those of owners always are)"
            checked={values.passwordsAllowed}
            onChange={(passwordsAllowed) => set({ passwordsAllowed })}
          />
          <Check
            label="Ask whoever has a second factor here for it as well"
            checked={values.secondFactor}
            onChange={(secondFactor) => set({ secondFactor })}
          />
        </div>
      </fieldset>
      {save.error ? (
        <p role="alert" className="rounded-lg bg-bad-soft px-3 py-2.5 text-[13px] text-bad-text sm:col-span-2">
          {messageOf(save.error)}
        </p>
      ) : null}
      {mayWrite ? (
        <div className="flex flex-wrap gap-2 sm:col-span-2">
          <Button type="submit" disabled={save.isPending}>
            {save.isPending ? <LoaderCircle className="animate-spin" /> : null}
            Save
          </Button>
          {settings.isSet ? (
            <>
              <Button variant="outline" disabled={test.isPending} onClick={() => test.mutate()}>
                {test.isPending ? <LoaderCircle className="animate-spin" /> : null}
                Test what is saved
              </Button>
              <Button variant="outline" onClick={() => setRemoving(true)}>
                Remove
              </Button>
            </>
          ) : null}
        </div>
      ) : (
        <p className="text-[13px] text-soft sm:col-span-2">An owner of the tenant sets this.</p>
      )}
      <div aria-live="polite" className="sm:col-span-2">
        {test.data ? (
          <Found test={test.data} />
        ) : test.error ? (
          <p className="text-bad-text">{messageOf(test.error)}</p>
        ) : null}
      </div>
      <ConfirmDialog
        open={removing}
        onClose={() => setRemoving(false)}
        title="Remove single sign-on?"
        text="Whoever signed in at the provider is signed out, and signs in with a password from now on. Users stay."
        confirm="Remove"
        pending={drop.isPending}
        onConfirm={() => drop.mutate()}
      />
    </form>
  );
}

function Found({ test }: { test: SsoTest }) {
  return (
    <>
      <p className="font-medium">{test.ok ? "Nothing stands in the way." : "Something stands in the way:"}</p>
      <ul className="mt-2 grid gap-1.5 text-[13px]">
        {test.checks.map(({ what, ok, message }) => (
          <li key={what} className="flex items-start gap-2">
            {ok ? (
              <CircleCheck className="mt-0.5 size-4 shrink-0 text-live-text" aria-label="Good:" />
            ) : (
              <CircleX className="mt-0.5 size-4 shrink-0 text-bad-text" aria-label="Not good:" />
            )}
            <span>
              {what}
              {message ? <span className="block text-bad-text">{message}</span> : null}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}
