import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { KeyRound, MoreHorizontal, Pencil, RefreshCw, Trash2 } from "lucide-react";
import { useState } from "react";
import { toast } from "sonner";
import { type ApiKey, keyStatus, readSecret } from "@/api/access";
import { patch, post, remove } from "@/api/client";
import { apiKeysQuery } from "@/api/queries";
import type { Wire } from "@/api/read";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import { DialogButton } from "@/components/DialogButton";
import { FilteredList } from "@/components/FilteredList";
import { useListSearch } from "@/components/listSearch";
import { PageHeader } from "@/components/PageHeader";
import { permissionsInShort } from "@/components/PermissionPicker";
import { ResourceDialog } from "@/components/ResourceDialog";
import { choices, ResourceStatus } from "@/components/ResourceStatus";
import { ShownOnce } from "@/components/ShownOnce";
import { messageOf } from "@/components/States";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import type { Columns } from "@/components/ui/data-table";
import { Menu, MenuContent, MenuItem, MenuTrigger } from "@/components/ui/menu";
import { formatDayTime, formatEnd, formatFull, fromLocalField, toLocalField } from "@/format/time";
import { NewKeyDialog } from "./NewKeyDialog";

/** What is being done, and to which key. */
type Act = { what: "rotate" | "revoke"; key: ApiKey };

const usedWhen = (key: ApiKey) => (key.lastUsedAt === null ? "Never" : formatDayTime(key.lastUsedAt));

const columns: Columns<ApiKey> = [
  {
    id: "name",
    header: "Key",
    cell: ({ row }) => (
      <>
        <span className="block font-medium">{row.original.name}</span>
        <code className="block font-mono text-[13px] text-soft">{row.original.prefix}…</code>
      </>
    ),
  },
  {
    id: "scopes",
    header: "May",
    cell: ({ row }) => <span className="text-soft">{permissionsInShort(row.original.scopes)}</span>,
  },
  {
    id: "limit",
    header: "A minute",
    cell: ({ row }) => (
      <span className="tabular whitespace-nowrap text-soft">
        {row.original.rateLimit?.toLocaleString("en-US") ?? "Usual limit"}
      </span>
    ),
  },
  {
    id: "expires",
    header: "Expires",
    cell: ({ row }) => (
      <span className="whitespace-nowrap text-soft">
        {row.original.expiresAt === null ? "Never" : formatEnd(row.original.expiresAt, Date.now())}
      </span>
    ),
  },
  {
    id: "used",
    header: "Last used",
    cell: ({ row }) => <span className="whitespace-nowrap text-soft">{usedWhen(row.original)}</span>,
  },
  { id: "status", header: "Status", cell: ({ row }) => <KeyStatus apiKey={row.original} /> },
];

export function ApiKeysPage() {
  const { user } = useAuth();
  const list = useListSearch();
  const keys = useQuery(apiKeysQuery(list.page, list.status));
  const [act, setAct] = useState<Act | null>(null);
  const [secret, setSecret] = useState<string | null>(null);
  const canWrite = may(user, "api_keys:write");
  const canRevoke = may(user, "api_keys:delete");
  return (
    <>
      <PageHeader
        title="API keys"
        hint="For programs, sent as X-API-Key"
        actions={
          canWrite ? (
            <DialogButton label="New key">
              {(close) => <NewKeyDialog onClose={close} onSecret={setSecret} />}
            </DialogButton>
          ) : null
        }
      />
      <FilteredList
        query={keys}
        list={list}
        label="API keys"
        icon={KeyRound}
        statuses={choices("ACTIVE", "REVOKED", "EXPIRED")}
        empty={{
          title: "No API keys yet",
          matched: "No key matches",
          hint: "Make one for each program, with no more than it needs.",
        }}
        columns={columns}
        summary={(key) => ({
          title: key.name,
          text: (
            <>
              <code className="font-mono">{key.prefix}…</code> {permissionsInShort(key.scopes)}
              <span className="block truncate">Last used: {usedWhen(key)}</span>
            </>
          ),
          state: <KeyStatus apiKey={key} />,
        })}
        rowActions={(key, open) => (
          <KeyMenu apiKey={key} canWrite={canWrite} canRevoke={canRevoke} onEdit={open} onAct={setAct} />
        )}
        dialog={canWrite ? (key, close) => <KeyDialog apiKey={key} onClose={close} /> : null}
      />
      {act?.what === "rotate" ? (
        <RotateDialog apiKey={act.key} onClose={() => setAct(null)} onSecret={setSecret} />
      ) : null}
      <RevokeDialog apiKey={act?.what === "revoke" ? act.key : null} onClose={() => setAct(null)} />
      <ShownOnce
        text={secret}
        title="Copy the key now"
        description="It is shown this once and kept nowhere in clear."
        onClose={() => setSecret(null)}
      />
    </>
  );
}

function KeyStatus({ apiKey }: { apiKey: ApiKey }) {
  const status = keyStatus(apiKey, Date.now());
  // Good for what is left of the overlap.
  if (status === "ACTIVE" && apiKey.rotatedTo !== null) return <Badge tone="warn">Rotated</Badge>;
  return <ResourceStatus status={status} />;
}

interface KeyMenuProps {
  apiKey: ApiKey;
  canWrite: boolean;
  canRevoke: boolean;
  onEdit: () => void;
  onAct: (act: Act) => void;
}

function KeyMenu({ apiKey, canWrite, canRevoke, onEdit, onAct }: KeyMenuProps) {
  const isGood = keyStatus(apiKey, Date.now()) === "ACTIVE";
  const canRotate = canWrite && isGood && apiKey.rotatedTo === null;
  if (!canWrite && !(canRevoke && isGood)) return null;
  return (
    <Menu>
      <MenuTrigger asChild>
        <Button variant="ghost" size="icon-sm" aria-label={`More for ${apiKey.name}`} className="relative z-10">
          <MoreHorizontal />
        </Button>
      </MenuTrigger>
      <MenuContent align="end">
        {canWrite ? (
          <MenuItem onSelect={onEdit}>
            <Pencil /> Edit
          </MenuItem>
        ) : null}
        {canRotate ? (
          <MenuItem onSelect={() => onAct({ what: "rotate", key: apiKey })}>
            <RefreshCw /> Rotate
          </MenuItem>
        ) : null}
        {canRevoke && isGood ? (
          <MenuItem onSelect={() => onAct({ what: "revoke", key: apiKey })}>
            <Trash2 /> Revoke
          </MenuItem>
        ) : null}
      </MenuContent>
    </Menu>
  );
}

function KeyDialog({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const expiry = toLocalField(apiKey.expiresAt);
  return (
    <ResourceDialog
      open
      onOpenChange={onClose}
      title={apiKey.name}
      description={`May: ${permissionsInShort(apiKey.scopes, 100)}. What it may do does not change: make another key.`}
      fields={[
        { name: "name", label: "Name", required: true },
        { name: "rateLimit", label: "Requests a minute", kind: "number", placeholder: "Usual limit" },
        { name: "expiresAt", label: "Expires", kind: "datetime-local", hint: "Empty: never" },
      ]}
      initial={{ name: apiKey.name, rateLimit: String(apiKey.rateLimit ?? ""), expiresAt: expiry }}
      save={(values) => {
        const body: Wire<"UpdateApiKeyRequest"> = {
          name: values.name,
          rateLimit: values.rateLimit ? Number(values.rateLimit) : null,
          // A field to the minute would shorten what nobody touched, and what is past cannot be sent again.
          ...(values.expiresAt === expiry ? {} : { expiresAt: fromLocalField(values.expiresAt) }),
        };
        return patch(`/api/v1/api-keys/${apiKey.id}`, body);
      }}
      done="Key saved"
      stale={["api-keys"]}
    />
  );
}

const OVERLAPS = [
  { value: "0", label: "Not at all: the old key ends now" },
  { value: "3600", label: "One hour" },
  { value: "86400", label: "One day" },
  { value: "604800", label: "Seven days" },
  { value: "2592000", label: "Thirty days" },
];

interface RotateDialogProps {
  apiKey: ApiKey;
  onClose: () => void;
  onSecret: (secret: string | null) => void;
}

function RotateDialog({ apiKey, onClose, onSecret }: RotateDialogProps) {
  return (
    <ResourceDialog
      open
      onOpenChange={onClose}
      title={`Rotate ${apiKey.name}`}
      description="A new key that may do the same is made and shown, once. The old one goes on beside it for a while."
      fields={[{ name: "overlapSeconds", label: "The old key stays good", kind: "select", options: OVERLAPS }]}
      initial={{ overlapSeconds: "86400" }}
      save={async (values) => {
        const body = { overlapSeconds: Number(values.overlapSeconds) } satisfies Wire<"RotateApiKeyRequest">;
        onSecret(readSecret(await post(`/api/v1/api-keys/${apiKey.id}/rotate`, body)));
      }}
      done="Key rotated"
      stale={["api-keys"]}
      submitLabel="Rotate"
    />
  );
}

function RevokeDialog({ apiKey, onClose }: { apiKey: ApiKey | null; onClose: () => void }) {
  const client = useQueryClient();
  const revoke = useMutation({
    mutationFn: (key: ApiKey) => remove(`/api/v1/api-keys/${key.id}`),
    onSuccess: (_, key) => {
      toast.success(`${key.name} is revoked`);
      onClose();
      return client.invalidateQueries({ queryKey: ["api-keys"] });
    },
    onError: (error) => toast.error(messageOf(error)),
  });
  const used = apiKey?.lastUsedAt == null ? "It was never used." : `Last used ${formatFull(apiKey.lastUsedAt)}.`;
  return (
    <ConfirmDialog
      open={apiKey !== null}
      onClose={onClose}
      title={`Revoke ${apiKey?.name ?? ""}?`}
      text={`It lets nobody in from now on, and cannot be made good again. ${used}`}
      confirm="Revoke"
      pending={revoke.isPending}
      onConfirm={() => apiKey && revoke.mutate(apiKey)}
    />
  );
}
