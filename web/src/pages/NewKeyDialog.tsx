import { useQuery } from "@tanstack/react-query";
import { readSecret } from "@/api/access";
import { post } from "@/api/client";
import { catalogueQuery } from "@/api/queries";
import type { Wire } from "@/api/read";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { PermissionPicker, parsePermissions } from "@/components/PermissionPicker";
import { type FormField, ResourceDialog } from "@/components/ResourceDialog";
import { fromLocalField } from "@/format/time";

interface NewKeyDialogProps {
  onClose: () => void;
  onSecret: (secret: string | null) => void;
}

const SIDES = [
  { value: "", label: "All of the tenant's" },
  { value: "publisher", label: "What belongs to one publisher" },
  { value: "buyer", label: "What belongs to one buyer" },
];

const sideField = (side: "publisher" | "buyer", label: string): FormField => ({
  name: `${side}Id`,
  label,
  kind: "pick",
  pick: side,
  required: true,
  when: (values) => values.side === side,
});

/** Makes a key; the secret it is handed with cannot be asked for again. */
export function NewKeyDialog({ onClose, onSecret }: NewKeyDialogProps) {
  const { user } = useAuth();
  const catalogue = useQuery(catalogueQuery);
  if (catalogue.isPending) return null;
  // Who may not see the list of permissions still has the choice of all, and of reading all.
  const all = catalogue.data?.permissions ?? [];
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
        { name: "side", label: "Sees", kind: "select", options: SIDES },
        sideField("publisher", "Publisher"),
        sideField("buyer", "Buyer"),
        {
          name: "scopes",
          label: "May",
          kind: "custom",
          render: (control) => <PermissionPicker {...control} all={all} mayGiveAll={may(user, "admin:*")} />,
        },
      ]}
      initial={{
        name: "",
        rateLimit: "",
        expiresAt: "",
        side: "",
        publisherId: "",
        buyerId: "",
        scopes: "*:read",
      }}
      save={async (values) => {
        const body = {
          name: values.name ?? "",
          scopes: parsePermissions(values.scopes),
          rateLimit: values.rateLimit ? Number(values.rateLimit) : null,
          expiresAt: fromLocalField(values.expiresAt),
          publisherId: values.side === "publisher" ? values.publisherId : null,
          buyerId: values.side === "buyer" ? values.buyerId : null,
        } satisfies Wire<"CreateApiKeyRequest">;
        onSecret(readSecret(await post("/api/v1/api-keys", body)));
      }}
      done="Key created"
      stale={["api-keys"]}
      submitLabel="Create"
    />
  );
}
