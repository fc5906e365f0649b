import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { KeyRound, LogOut, Mail, MoreHorizontal, Smartphone, UserPlus, UserRound } from "lucide-react";
import { useCallback, useMemo, useState } from "react";
import { toast } from "sonner";
import type { Role } from "@/api/access";
import { patch, post, remove } from "@/api/client";
import { type HandedLink, OWN, type Person, readHandedLink, rolesFor, type Side, sideOf, sidesFor } from "@/api/people";
import { grantableRolesQuery, rolesQuery, usersQuery } from "@/api/queries";
import { asRecord, type Wire } from "@/api/read";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { DialogButton } from "@/components/DialogButton";
import { FilteredList } from "@/components/FilteredList";
import { useListSearch } from "@/components/listSearch";
import { PageHeader } from "@/components/PageHeader";
import { type FormField, ResourceDialog } from "@/components/ResourceDialog";
import { choices, ResourceStatus } from "@/components/ResourceStatus";
import { ShownOnce } from "@/components/ShownOnce";
import { messageOf } from "@/components/States";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import type { Columns } from "@/components/ui/data-table";
import { Menu, MenuContent, MenuItem, MenuTrigger } from "@/components/ui/menu";
import { formatFull } from "@/format/time";
import { toSentence } from "@/format/words";

const ownChoices = (roles: Role[]) => roles.map(({ id, name }) => ({ value: `${OWN}${id}`, label: name }));

/** Whose calls and money somebody sees, while the chosen role has a side. */
const sideField = (side: Side, held: Person | null): FormField => ({
  name: `${side}Id`,
  label: side === "publisher" ? "Publisher" : "Buyer",
  kind: "pick",
  pick: side,
  hint: "They see what belongs to it, and nothing else.",
  when: ({ roles = "" }) => sideOf(roles, held) === side,
});

const NONE: Role[] = [];

const rolesOf = (person: Person, own: Role[]) =>
  [
    ...person.roles.map(toSentence),
    ...person.roleIds.map((id) => own.find((role) => role.id === id)?.name ?? "Own role"),
  ].join(", ");

/** The tenant's own roles, as far as the signed-in user may see them. */
function useOwnRoles(): Role[] {
  const { user } = useAuth();
  const roles = useQuery({ ...rolesQuery, enabled: may(user, "roles:read") });
  return roles.data?.items ?? NONE;
}

export function UsersPage() {
  const { user } = useAuth();
  const own = useOwnRoles();
  const list = useListSearch();
  const people = useQuery(usersQuery(list.page, list.q));
  const [link, setLink] = useState<string | null>(null);
  const canWrite = may(user, "users:write");
  const hand = useCallback((handed: HandedLink, mailed: string) => {
    if (handed.link) setLink(handed.link);
    else toast.success(mailed);
  }, []);
  const columns = useMemo<Columns<Person>>(
    () => [
      {
        id: "name",
        header: "Person",
        cell: ({ row }) => (
          <>
            <span className="block font-medium">{row.original.name}</span>
            {row.original.name === row.original.email ? null : (
              <span className="block text-[13px] text-soft">{row.original.email}</span>
            )}
          </>
        ),
      },
      {
        id: "roles",
        header: "Roles",
        cell: ({ row }) => <span className="text-soft">{rolesOf(row.original, own)}</span>,
      },
      { id: "status", header: "Status", cell: ({ row }) => <PersonStatus person={row.original} /> },
      {
        id: "seen",
        header: "Last sign-in",
        cell: ({ row }) => (
          <span className="text-soft">
            {row.original.lastLoginAt === null ? "Never" : formatFull(row.original.lastLoginAt)}
          </span>
        ),
      },
    ],
    [own],
  );
  return (
    <>
      <PageHeader
        title="People"
        hint="Who may sign in, and what they may do"
        actions={
          canWrite ? (
            <DialogButton label="Invite" icon={UserPlus}>
              {(close) => <InviteDialog onClose={close} onLink={hand} />}
            </DialogButton>
          ) : null
        }
      />
      <FilteredList
        query={people}
        list={list}
        label="People"
        icon={UserRound}
        search="Search people"
        empty={{
          title: "Nobody yet",
          matched: "Nobody matches",
          hint: "Invite a colleague: they get a link and choose a password.",
        }}
        columns={columns}
        summary={(person) => ({
          title: person.name,
          text: rolesOf(person, own),
          state: <PersonStatus person={person} />,
        })}
        rowActions={canWrite ? (person) => <PersonMenu person={person} onLink={hand} /> : undefined}
        dialog={canWrite ? (person, close) => <PersonDialog person={person} onClose={close} /> : null}
      />
      <ShownOnce
        text={link}
        title="Hand over this link"
        description="No mail server is set up, so the link is shown here, this once. It is good for one use."
        onClose={() => setLink(null)}
      />
    </>
  );
}

function PersonStatus({ person }: { person: Person }) {
  return person.isInvited ? <Badge tone="info">Invited</Badge> : <ResourceStatus status={person.status} />;
}

type OnLink = (handed: HandedLink, mailed: string) => void;

function PersonMenu({ person, onLink }: { person: Person; onLink: OnLink }) {
  const client = useQueryClient();
  const stale = () => client.invalidateQueries({ queryKey: ["users"] });
  const act = useMutation({
    mutationFn: async (action: "invite" | "password-reset" | "sessions" | "second-factor") => {
      const path = `/api/v1/users/${person.id}/${action}`;
      if (action === "second-factor") {
        await remove(path);
        toast.success(`${person.name} signs in without a code, and is signed out everywhere`);
        return;
      }
      if (action === "sessions") {
        await remove(path);
        toast.success(`${person.name} is signed out everywhere`);
        return;
      }
      onLink(readHandedLink(await post(path, {})), `A link is on its way to ${person.email}`);
    },
    onSuccess: stale,
    onError: (error) => toast.error(messageOf(error)),
  });
  return (
    <Menu>
      <MenuTrigger asChild>
        <Button variant="ghost" size="icon-sm" aria-label={`More for ${person.name}`} className="relative z-10">
          <MoreHorizontal />
        </Button>
      </MenuTrigger>
      <MenuContent align="end">
        {person.isInvited ? (
          <MenuItem onSelect={() => act.mutate("invite")}>
            <Mail /> Invite again
          </MenuItem>
        ) : (
          <MenuItem onSelect={() => act.mutate("password-reset")}>
            <KeyRound /> Link for a new password
          </MenuItem>
        )}
        <MenuItem onSelect={() => act.mutate("sessions")}>
          <LogOut /> Sign out everywhere
        </MenuItem>
        {person.isInvited ? null : (
          <MenuItem onSelect={() => act.mutate("second-factor")}>
            <Smartphone /> Lost the app: no second factor
          </MenuItem>
        )}
      </MenuContent>
    </Menu>
  );
}

function InviteDialog({ onClose, onLink }: { onClose: () => void; onLink: OnLink }) {
  const roles = useQuery(grantableRolesQuery);
  const own = useOwnRoles();
  if (roles.data === undefined) return null;
  return (
    <ResourceDialog
      open
      onOpenChange={onClose}
      title="Invite somebody"
      description="They get a link, good once and for seven days, and choose a password."
      fields={[
        { name: "email", label: "E-mail", kind: "email", required: true },
        { name: "firstName", label: "First name", half: true },
        { name: "lastName", label: "Last name", half: true },
        { name: "roles", label: "Role", kind: "select", options: [...choices(...roles.data), ...ownChoices(own)] },
        sideField("publisher", null),
        sideField("buyer", null),
      ]}
      initial={{
        email: "",
        firstName: "",
        lastName: "",
        roles: roles.data.at(-1) ?? "",
        publisherId: "",
        buyerId: "",
      }}
      save={async (values) => {
        const body = {
          email: values.email ?? "",
          firstName: values.firstName || null,
          lastName: values.lastName || null,
          ...rolesFor(values.roles ?? ""),
          ...sidesFor(sideOf(values.roles ?? "", null), values),
        } satisfies Wire<"InviteRequest">;
        const made: Wire<"InviteResponse"> = asRecord(await post("/api/v1/users/invite", body));
        onLink(readHandedLink(made.invitation), `The invitation is on its way to ${values.email}`);
      }}
      done="Invited"
      stale={["users"]}
      submitLabel="Invite"
    />
  );
}

/** What the select says while somebody keeps several roles. */
const KEEP = "";

function PersonDialog({ person, onClose }: { person: Person; onClose: () => void }) {
  const roles = useQuery(grantableRolesQuery);
  const own = useOwnRoles();
  if (roles.data === undefined) return null;
  const held = [...person.roles, ...person.roleIds.map((id) => `${OWN}${id}`)];
  const only = held.length === 1 ? (held[0] ?? KEEP) : KEEP;
  const known = only === KEEP || only.startsWith(OWN) ? [] : [only];
  const options = [...choices(...new Set([...roles.data, ...known])), ...ownChoices(own)];
  if (only === KEEP) options.unshift({ value: KEEP, label: `Keep: ${rolesOf(person, own)}` });
  return (
    <ResourceDialog
      open
      onOpenChange={onClose}
      title={person.name}
      description={person.email}
      fields={[
        { name: "firstName", label: "First name", half: true },
        { name: "lastName", label: "Last name", half: true },
        { name: "roles", label: "Role", kind: "select", options },
        sideField("publisher", person),
        sideField("buyer", person),
        {
          name: "status",
          label: "Status",
          kind: "select",
          options: choices("ACTIVE", "INACTIVE", "SUSPENDED"),
          hint: "Whoever is not active is signed out at once.",
        },
      ]}
      initial={{
        firstName: person.firstName,
        lastName: person.lastName,
        roles: only,
        publisherId: person.publisherId ?? "",
        buyerId: person.buyerId ?? "",
        status: person.status?.toUpperCase() ?? "ACTIVE",
      }}
      save={(values) => {
        const body: Record<string, unknown> = {
          firstName: values.firstName || null,
          lastName: values.lastName || null,
        };
        if (values.status !== person.status?.toUpperCase()) body.status = values.status;
        if (values.roles !== only) Object.assign(body, rolesFor(values.roles ?? ""));
        const sides = sidesFor(sideOf(values.roles ?? "", person), values);
        if (sides.publisherId !== person.publisherId || sides.buyerId !== person.buyerId) Object.assign(body, sides);
        return patch(`/api/v1/users/${person.id}`, body);
      }}
      done="Saved"
      stale={["users"]}
    />
  );
}
