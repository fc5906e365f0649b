import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ToggleLeft } from "lucide-react";
import { toast } from "sonner";
import { patch, post } from "@/api/client";
import { type Flag, flagsQuery, parseValue } from "@/api/flags";
import type { Wire } from "@/api/read";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { DialogButton } from "@/components/DialogButton";
import { FilteredList } from "@/components/FilteredList";
import { useListSearch } from "@/components/listSearch";
import { PageHeader } from "@/components/PageHeader";
import { RemoveButton } from "@/components/Removal";
import { ResourceDialog } from "@/components/ResourceDialog";
import { messageOf } from "@/components/States";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import type { Columns } from "@/components/ui/data-table";
import { formatFull } from "@/format/time";

const columns: Columns<Flag> = [
  {
    id: "key",
    header: "Flag",
    cell: ({ row }) => (
      <>
        <code className="block font-mono text-[13px] font-medium">{row.original.key}</code>
        <span className="block text-[13px] text-soft">{row.original.description}</span>
      </>
    ),
  },
  { id: "value", header: "Is", cell: ({ row }) => <FlagValue value={row.original.value} /> },
  {
    id: "changed",
    header: "Since",
    cell: ({ row }) => (
      <span className="text-soft">{row.original.updatedAt === null ? "" : formatFull(row.original.updatedAt)}</span>
    ),
  },
];

export function FlagsPage() {
  const { user } = useAuth();
  const list = useListSearch();
  const flags = useQuery(flagsQuery(list.page, list.q));
  const canWrite = may(user, "flags:write");
  const canRemove = may(user, "flags:delete");
  const add = canWrite ? (
    <DialogButton label="New flag">{(close) => <FlagDialog flag={null} onClose={close} />}</DialogButton>
  ) : null;
  return (
    <>
      <PageHeader title="Feature flags" hint="Switches your programs ask for by name" actions={add} />
      <FilteredList
        query={flags}
        list={list}
        named
        label="Feature flags"
        icon={ToggleLeft}
        search="Search flags"
        empty={{
          title: "No feature flags yet",
          matched: "No flag matches",
          hint: "A flag lets you switch a program's behaviour without touching the program.",
          action: add,
        }}
        columns={columns}
        summary={(flag) => ({
          title: <code className="font-mono text-[13px]">{flag.key}</code>,
          text: flag.description,
          state: <FlagValue value={flag.value} />,
        })}
        rowActions={(flag) => (
          <>
            {canWrite && typeof flag.value === "boolean" ? <Switch flag={flag} on={flag.value} /> : null}
            {canRemove ? <RemoveFlag flag={flag} /> : null}
          </>
        )}
        dialog={canWrite ? (flag, close) => <FlagDialog flag={flag} onClose={close} /> : null}
      />
    </>
  );
}

function FlagValue({ value }: { value: unknown }) {
  if (typeof value === "boolean") return <Badge tone={value ? "live" : "neutral"}>{value ? "On" : "Off"}</Badge>;
  return (
    <code className="block max-w-32 truncate font-mono text-[13px] text-soft sm:max-w-72">{JSON.stringify(value)}</code>
  );
}

function Switch({ flag, on }: { flag: Flag; on: boolean }) {
  const client = useQueryClient();
  const change = useMutation({
    mutationFn: () =>
      patch(`/api/v1/feature-flags/${flag.id}`, { value: !on } satisfies Wire<"UpdateFeatureFlagRequest">),
    onSuccess: () => toast.success(`${flag.key} is ${on ? "off" : "on"}`),
    onError: (error) => toast.error(messageOf(error)),
    onSettled: () => client.invalidateQueries({ queryKey: ["flags"] }),
  });
  return (
    <Button
      variant="outline"
      size="sm"
      aria-label={`Switch ${flag.key} ${on ? "off" : "on"}`}
      disabled={change.isPending}
      onClick={() => change.mutate()}
    >
      <span className="hidden sm:inline">Switch {on ? "off" : "on"}</span>
      <span className="sm:hidden">{on ? "Off" : "On"}</span>
    </Button>
  );
}

function RemoveFlag({ flag }: { flag: Flag }) {
  const text = "Programs that ask for it no longer find it, and do what they do without.";
  return <RemoveButton path={`/api/v1/feature-flags/${flag.id}`} name={flag.key} text={text} stale={["flags"]} />;
}

function FlagDialog({ flag, onClose }: { flag: Flag | null; onClose: () => void }) {
  return (
    <ResourceDialog
      open
      onOpenChange={onClose}
      title={flag ? flag.key : "New flag"}
      fields={[
        {
          name: "key",
          label: "Name",
          required: true,
          placeholder: "advanced_analytics",
          hint: "Letters, digits, dots, hyphens and underscores",
        },
        {
          name: "value",
          label: "Value",
          kind: "area",
          required: true,
          hint: "true or false, a number, words, or any JSON",
        },
        { name: "description", label: "What it is for" },
      ]}
      initial={{
        key: flag?.key ?? "",
        value: flag ? JSON.stringify(flag.value, null, 2) : "true",
        description: flag?.description ?? "",
      }}
      save={(values) => {
        const body = {
          key: values.key ?? "",
          value: parseValue(values.value ?? ""),
          description: values.description || null,
        } satisfies Wire<"CreateFeatureFlagRequest">;
        return flag ? patch(`/api/v1/feature-flags/${flag.id}`, body) : post("/api/v1/feature-flags", body);
      }}
      done={flag ? "Flag saved" : "Flag added"}
      stale={["flags"]}
    />
  );
}
