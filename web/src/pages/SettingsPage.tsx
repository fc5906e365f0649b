import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { KeyRound, Monitor, Moon, Plus, Sun, Trash2 } from "lucide-react";
import { useState } from "react";
import { toast } from "sonner";
import { post, remove } from "@/api/client";
import { apiKeysQuery } from "@/api/queries";
import { asRecord, asText, type Wire } from "@/api/read";
import type { ApiKey } from "@/api/resources";
import { useAuth } from "@/auth/AuthProvider";
import { ListBody } from "@/components/ListBody";
import { PageHeader } from "@/components/PageHeader";
import { ResourceDialog } from "@/components/ResourceDialog";
import { ResourceStatus } from "@/components/ResourceStatus";
import { ShownOnce } from "@/components/ShownOnce";
import { messageOf } from "@/components/States";
import { setTheme, type Theme, useTheme } from "@/components/theme";
import { Button } from "@/components/ui/button";
import { Card, CardHeader } from "@/components/ui/card";
import { cn } from "@/components/ui/cn";
import { formatFull } from "@/format/time";
import { toSentence } from "@/format/words";

const THEMES = [
  { value: "light", label: "Light", icon: Sun },
  { value: "dark", label: "Dark", icon: Moon },
  { value: "system", label: "As the system", icon: Monitor },
] as const satisfies { value: Theme; label: string; icon: unknown }[];

export function SettingsPage() {
  const { user, signOut } = useAuth();
  const theme = useTheme();
  return (
    <>
      <PageHeader title="Settings" />
      <div className="grid items-start gap-5 xl:grid-cols-2">
        <Card>
          <CardHeader
            title="Profile"
            actions={
              <Button variant="outline" size="sm" onClick={() => void signOut()}>
                Sign out
              </Button>
            }
          />
          <dl className="grid gap-3 px-4 pb-5 sm:px-5">
            <Row label="Name" value={user?.name ?? ""} />
            <Row label="E-mail" value={user?.email ?? ""} />
            <Row label="Roles" value={user?.roles.map(toSentence).join(", ") || "None delivered"} />
            {user?.tenant?.name ? <Row label="Tenant" value={user.tenant.name} /> : null}
          </dl>
        </Card>
        <Card>
          <CardHeader title="Theme" hint="For this browser" />
          <div role="radiogroup" aria-label="Theme" className="grid grid-cols-3 gap-3 px-4 pb-5 sm:px-5">
            {THEMES.map(({ value, label, icon: Icon }) => (
              <label
                key={value}
                className={cn(
                  "grid cursor-pointer justify-items-center gap-2 rounded-xl border p-4 text-[13px] has-focus-visible:outline-2 has-focus-visible:outline-focus",
                  theme === value ? "border-link bg-info-soft font-medium" : "border-line hover:bg-sunken",
                )}
              >
                <input
                  type="radio"
                  name="theme"
                  className="sr-only"
                  checked={theme === value}
                  onChange={() => setTheme(value)}
                />
                <Icon className="size-5" aria-hidden="true" />
                {label}
              </label>
            ))}
          </div>
        </Card>
        <ApiKeys />
      </div>
    </>
  );
}

function Row({ label, value }: { label: string; value: string }) {
  return (
    <div className="grid grid-cols-[7rem_1fr] gap-3">
      <dt className="text-soft">{label}</dt>
      <dd className="min-w-0 break-words">{value}</dd>
    </div>
  );
}

const SCOPES = [
  { value: "*:read", label: "Read everything" },
  { value: "calls:read", label: "Read calls" },
  { value: "admin:*", label: "Everything" },
];

function ApiKeys() {
  const keys = useQuery(apiKeysQuery);
  const client = useQueryClient();
  const [creating, setCreating] = useState(false);
  const [shown, setShown] = useState<string | null>(null);
  const revoke = useMutation({
    mutationFn: (key: ApiKey) => remove(`/api/v1/api-keys/${key.id}`),
    onSuccess: () => client.invalidateQueries({ queryKey: ["api-keys"] }),
    onError: (error) => toast.error(messageOf(error)),
  });
  return (
    <Card className="xl:col-span-2">
      <CardHeader
        title="API keys"
        hint="For programs, sent as X-API-Key"
        actions={
          <Button size="sm" onClick={() => setCreating(true)}>
            <Plus /> New key
          </Button>
        }
      />
      <ListBody query={keys} what="API keys" icon={KeyRound} emptyTitle="No API keys">
        {(items) => (
          <ul className="divide-y divide-line border-t border-line">
            {items.map((key) => (
              <li key={key.id} className="flex flex-wrap items-center gap-x-4 gap-y-1 px-4 py-3 sm:px-5">
                <span className="min-w-0 flex-1">
                  <span className="block truncate font-medium">{key.name}</span>
                  <span className="block text-[13px] text-soft">
                    {key.prefix ? <code className="font-mono">{key.prefix}…</code> : null} {key.scopes.join(", ")}
                  </span>
                </span>
                <span className="text-[13px] text-soft">
                  {key.lastUsedAt === null ? "Not used yet" : `Last used ${formatFull(key.lastUsedAt)}`}
                </span>
                <ResourceStatus status={key.status} />
                {key.status === "ACTIVE" ? (
                  <Button variant="danger" size="sm" disabled={revoke.isPending} onClick={() => revoke.mutate(key)}>
                    <Trash2 /> Revoke
                  </Button>
                ) : null}
              </li>
            ))}
          </ul>
        )}
      </ListBody>
      {creating ? (
        <ResourceDialog
          open
          onOpenChange={setCreating}
          title="New API key"
          fields={[
            { name: "name", label: "Name", required: true, placeholder: "What it is for" },
            { name: "scopes", label: "May", kind: "select", options: SCOPES },
          ]}
          initial={{ name: "", scopes: SCOPES[0]?.value ?? "" }}
          save={async (values) => {
            const body = { name: values.name, scopes: [values.scopes] } satisfies Wire<"CreateApiKeyRequest">;
            const made: Wire<"NewApiKey"> = asRecord(await post("/api/v1/api-keys", body));
            setShown(asText(made.key));
          }}
          done="Key created"
          stale={["api-keys"]}
          submitLabel="Create"
        />
      ) : null}
      <ShownOnce
        text={shown}
        title="Copy the key now"
        description="It is shown this once and kept nowhere in clear."
        onClose={() => setShown(null)}
      />
    </Card>
  );
}
