import { useQuery } from "@tanstack/react-query";
import { readSecret } from "@/api/access";
import { post } from "@/api/client";
import { buyersQuery, catalogueQuery, publishersQuery } from "@/api/queries";
import type { Wire } from "@/api/read";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { PermissionPicker, parsePermissions } from "@/components/PermissionPicker";
import { ResourceDialog } from "@/components/ResourceDialog";
import { fromLocalField } from "@/format/time";

interface NewKeyDialogProps {
  onClose: () => void;
  onSecret: (secret: string | null) => void;
}

/** Makes a key; the secret it is handed with cannot be asked for again. */
export function NewKeyDialog({ onClose, onSecret }: NewKeyDialogProps) {
  const { user } = useAuth();
  const catalogue = useQuery(catalogueQuery);
  const publishers = useQuery({ ...publishersQuery, enabled: may(user, "publishers:read") });
  const buyers = useQuery({ ...buyersQuery, enabled: may(user, "buyers:read") });
  if (catalogue.isPending) return null;
  // Who may not see the list of permissions still has the choice of all, and of reading all.
  const all = catalogue.data?.permissions ?? [];
  const sides = [
    { value: "", label: "All of the tenant's" },
    ...(publishers.data?.items ?? []).map(({ id, name }) => ({
      value: `publisher:${id}`,
      label: `Publisher: ${name}`,
    })),
    ...(buyers.data?.items ?? []).map(({ id, name }) => ({ value: `buyer:${id}`, label: `Buyer: ${name}` })),
  ];
  return (
    <ResourceDialog
      open
      onOpenChange={onClose}
      title="New API key"
      className="sm:w-[38rem]"
      fields={[
        { name: "name", label: "Name", required: true, placeholder: "What it is for" },
        { name: "rateLimit", label: "Requests a minute", kind: "number", placeholder: "Usual limit" },
        { name: "expiresAt", label: "Expires", kind: "datetime-local", hint: "Empty: never" },
        { name: "side", label: "Sees", kind: "select", options: sides, hint: "A partner's key sees the partner's own" },
        {
          name: "scopes",
          label: "May",
          kind: "custom",
          render: (control) => <PermissionPicker {...control} all={all} mayGiveAll={may(user, "admin:*")} />,
        },
      ]}
      initial={{ name: "", rateLimit: "", expiresAt: "", side: "", scopes: "*:read" }}
      save={async (values) => {
        const [kind, id] = (values.side ?? "").split(":");
        const body = {
          name: values.name ?? "",
          scopes: parsePermissions(values.scopes),
          rateLimit: values.rateLimit ? Number(values.rateLimit) : null,
          expiresAt: fromLocalField(values.expiresAt),
          publisherId: kind === "publisher" ? id : null,
          buyerId: kind === "buyer" ? id : null,
        } satisfies Wire<"CreateApiKeyRequest">;
        onSecret(readSecret(await post("/api/v1/api-keys", body)));
      }}
      done="Key created"
      stale={["api-keys"]}
      submitLabel="Create"
    />
  );
}
