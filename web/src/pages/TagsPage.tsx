import { useQuery } from "@tanstack/react-query";
import { Tags } from "lucide-react";
import { patch, post } from "@/api/client";
import type { Tag } from "@/api/labels";
import { tagsQuery } from "@/api/queries";
import type { Wire } from "@/api/read";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { DialogButton } from "@/components/DialogButton";
import { FilteredList } from "@/components/FilteredList";
import { useListSearch } from "@/components/listSearch";
import { PageHeader } from "@/components/PageHeader";
import { RemoveButton } from "@/components/Removal";
import { type CustomControl, ResourceDialog } from "@/components/ResourceDialog";
import { TagName } from "@/components/TagName";
import { Check } from "@/components/ui/checkbox";
import type { Columns } from "@/components/ui/data-table";

const COLOR = "#3b82f6";

const columns: Columns<Tag> = [
  { id: "name", header: "Tag", cell: ({ row }) => <TagName tag={row.original} /> },
  {
    id: "color",
    header: "Colour",
    cell: ({ row }) => <code className="font-mono text-[13px] text-soft">{row.original.color ?? "none"}</code>,
  },
];

export function TagsPage() {
  const { user } = useAuth();
  const list = useListSearch();
  const tags = useQuery(tagsQuery(list.page, list.q));
  const canWrite = may(user, "tags:write");
  const add = canWrite ? (
    <DialogButton label="New tag">{(close) => <TagDialog tag={null} onClose={close} />}</DialogButton>
  ) : null;
  return (
    <>
      <PageHeader title="Tags" hint="Labels for calls and leads" actions={add} />
      <FilteredList
        query={tags}
        list={list}
        named
        label="Tags"
        icon={Tags}
        search="Search tags"
        empty={{
          title: "No tags yet",
          matched: "No tag matches",
          hint: "A tag marks what belongs together, such as calls to listen to.",
        }}
        columns={columns}
        summary={(tag) => ({ title: <TagName tag={tag} /> })}
        rowActions={may(user, "tags:delete") ? (tag) => <RemoveTag tag={tag} /> : undefined}
        dialog={canWrite ? (tag, close) => <TagDialog tag={tag} onClose={close} /> : null}
      />
    </>
  );
}

function RemoveTag({ tag }: { tag: Tag }) {
  const text = "It comes off the calls that bear it.";
  return <RemoveButton path={`/api/v1/tags/${tag.id}`} name={tag.name} text={text} stale={["tags"]} />;
}

/** A colour, or none. The form's value is `#rrggbb`, or nothing. */
function ColorControl({ value, onChange, id }: CustomControl) {
  return (
    <span className="flex items-center gap-4">
      <input
        id={id}
        type="color"
        className="h-9 w-16 cursor-pointer rounded-lg border border-line-strong/60 bg-surface p-1 disabled:opacity-50"
        value={value || COLOR}
        disabled={value === ""}
        onChange={(event) => onChange(event.target.value)}
      />
      <Check label="No colour" checked={value === ""} onChange={(none) => onChange(none ? "" : COLOR)} />
    </span>
  );
}

function TagDialog({ tag, onClose }: { tag: Tag | null; onClose: () => void }) {
  return (
    <ResourceDialog
      open
      onOpenChange={onClose}
      title={tag ? tag.name : "New tag"}
      fields={[
        { name: "name", label: "Name", required: true, placeholder: "Listen to" },
        { name: "color", label: "Colour", kind: "custom", render: (control) => <ColorControl {...control} /> },
      ]}
      initial={{ name: tag?.name ?? "", color: tag ? (tag.color ?? "") : COLOR }}
      save={(values) => {
        const body = { name: values.name ?? "", color: values.color || null } satisfies Wire<"CreateTagRequest">;
        return tag ? patch(`/api/v1/tags/${tag.id}`, body) : post("/api/v1/tags", body);
      }}
      done={tag ? "Tag saved" : "Tag added"}
      stale={["tags"]}
    />
  );
}
