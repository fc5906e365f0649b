import { useQuery } from "@tanstack/react-query";
import { ShieldCheck } from "lucide-react";
import { useState } from "react";
import type { BuiltInRole, Permission, Role } from "@/api/access";
import { patch, post } from "@/api/client";
import { catalogueQuery, rolesQuery } from "@/api/queries";
import type { Wire } from "@/api/read";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { DialogButton } from "@/components/DialogButton";
import { FilteredList } from "@/components/FilteredList";
import { PageHeader } from "@/components/PageHeader";
import {
  PermissionPicker,
  PermissionTable,
  parsePermissions,
  permissionsInShort,
  writePermissions,
} from "@/components/PermissionPicker";
import { RemoveButton } from "@/components/Removal";
import { ResourceDialog } from "@/components/ResourceDialog";
import { Failure } from "@/components/States";
import { Card, CardHeader } from "@/components/ui/card";
import type { Columns } from "@/components/ui/data-table";
import { Dialog } from "@/components/ui/dialog";
import { SkeletonRows } from "@/components/ui/skeleton";
import { toSentence } from "@/format/words";

/** What everybody's roles are for. */
const PURPOSES: Record<string, string> = {
  owner: "Everything, others' roles as well",
  admin: "Runs the business; takes no roles away",
  analyst: "Looks at calls, reports and partners",
  publisher: "A partner who sends calls; sees their own",
  buyer: "A partner who takes calls; sees their own",
  readonly: "Looks, and changes nothing",
};

/** A role to be looked at. */
interface Shown {
  name: string;
  description: string;
  permissions: string[];
}

const shownOf = ({ role, permissions }: BuiltInRole): Shown => ({
  name: toSentence(role),
  description: PURPOSES[role] ?? "",
  permissions,
});

const columns: Columns<Role> = [
  {
    id: "name",
    header: "Role",
    cell: ({ row }) => (
      <>
        <span className="block font-medium">{row.original.name}</span>
        <span className="block text-[13px] text-soft">{row.original.description}</span>
      </>
    ),
  },
  {
    id: "permissions",
    header: "May",
    cell: ({ row }) => <span className="text-soft">{permissionsInShort(row.original.permissions, 5)}</span>,
  },
];

export function RolesPage() {
  const { user } = useAuth();
  const catalogue = useQuery(catalogueQuery);
  const own = useQuery(rolesQuery);
  const [shown, setShown] = useState<Shown | null>(null);
  const canWrite = may(user, "roles:write") && catalogue.data !== undefined;
  const all = catalogue.data?.permissions ?? [];
  return (
    <>
      <PageHeader
        title="Roles"
        hint="What people may do"
        actions={
          canWrite ? (
            <DialogButton label="New role">
              {(close) => <RoleDialog edited={null} all={all} onClose={close} />}
            </DialogButton>
          ) : null
        }
      />
      <div className="grid grid-cols-1 items-start gap-5">
        <FilteredList
          query={own}
          label="Roles of your own"
          icon={ShieldCheck}
          title="Your own"
          hint="Given on the page of people, beside the others or in their place"
          empty={{
            title: "No roles of your own yet",
            hint: "Make one where the six that everybody has give too much or too little.",
          }}
          columns={columns}
          summary={(role) => ({ title: role.name, text: permissionsInShort(role.permissions) })}
          rowActions={may(user, "roles:delete") ? (role) => <RemoveRole role={role} /> : undefined}
          dialog={(role, close) =>
            canWrite ? (
              <RoleDialog edited={role} all={all} onClose={close} />
            ) : (
              <ShownDialog shown={role} all={all} onClose={close} />
            )
          }
        />
        <Card>
          <CardHeader title="Everybody's" hint="Every tenant has them; they do not change" />
          {catalogue.data ? (
            <ul aria-label="Everybody's roles" className="divide-y divide-line border-t border-line">
              {catalogue.data.roles.map((role) => (
                <li key={role.role} className="relative px-4 py-3 hover:bg-sunken/60 sm:px-5">
                  <button
                    type="button"
                    className="grid w-full gap-x-4 text-left outline-none after:absolute after:inset-0 focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-focus sm:grid-cols-[1fr_1fr]"
                    onClick={() => setShown(shownOf(role))}
                  >
                    <span>
                      <span className="block font-medium">{toSentence(role.role)}</span>
                      <span className="block text-[13px] text-soft">{PURPOSES[role.role]}</span>
                    </span>
                    <span className="hidden text-[13px] text-soft sm:block">
                      {permissionsInShort(role.permissions, 5)}
                    </span>
                  </button>
                </li>
              ))}
            </ul>
          ) : catalogue.error ? (
            <Failure what="Roles" error={catalogue.error} onRetry={() => void catalogue.refetch()} />
          ) : (
            <SkeletonRows />
          )}
        </Card>
      </div>
      {shown ? <ShownDialog shown={shown} all={all} onClose={() => setShown(null)} /> : null}
    </>
  );
}

function ShownDialog({ shown, all, onClose }: { shown: Shown; all: Permission[]; onClose: () => void }) {
  return (
    <Dialog open onOpenChange={onClose} title={shown.name} description={shown.description || "What it may do"}>
      <PermissionTable held={shown.permissions} all={all} />
    </Dialog>
  );
}

function RemoveRole({ role }: { role: Role }) {
  const text = "A role that somebody holds is not removed: take it from them first.";
  return <RemoveButton path={`/api/v1/roles/${role.id}`} name={role.name} text={text} stale={["roles"]} />;
}

interface RoleDialogProps {
  edited: Role | null;
  all: Permission[];
  onClose: () => void;
}

function RoleDialog({ edited: role, all, onClose }: RoleDialogProps) {
  const { user } = useAuth();
  return (
    <ResourceDialog
      open
      onOpenChange={onClose}
      title={role ? role.name : "New role"}
      description="A change is in force at once for whoever holds the role. Nobody gives what they do not hold."
      className="sm:w-[38rem]"
      fields={[
        { name: "name", label: "Name", required: true, placeholder: "Night shift" },
        { name: "description", label: "What it is for" },
        {
          name: "permissions",
          label: "May",
          kind: "custom",
          render: (control) => <PermissionPicker {...control} all={all} mayGiveAll={may(user, "admin:*")} />,
        },
      ]}
      initial={{
        name: role?.name ?? "",
        description: role?.description ?? "",
        permissions: writePermissions(role?.permissions ?? []),
      }}
      save={(values) => {
        const body = {
          name: values.name ?? "",
          description: values.description || null,
          permissions: parsePermissions(values.permissions),
        } satisfies Wire<"CreateRoleRequest">;
        return role ? patch(`/api/v1/roles/${role.id}`, body) : post("/api/v1/roles", body);
      }}
      done={role ? "Role saved" : "Role added"}
      stale={["roles"]}
    />
  );
}
