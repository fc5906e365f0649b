import { useQuery } from "@tanstack/react-query";
import { Plus, Tags, Trash2 } from "lucide-react";
import { useMemo, useState } from "react";
import { patch, post } from "@/api/client";
import type { Tag } from "@/api/labels";
import { CALLS_PER_PAGE, tagsQuery } from "@/api/queries";
import type { Wire } from "@/api/read";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { ListBody } from "@/components/ListBody";
import { PageHeader } from "@/components/PageHeader";
import { Pager } from "@/components/Pager";
import { Removal, type Removed } from "@/components/Removal";
import { type CustomControl, ResourceDialog } from "@/components/ResourceDialog";
import { SearchBox } from "@/components/SearchBox";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { Check } from "@/components/ui/checkbox";
import { type Columns, DataTable } from "@/components/ui/data-table";

const COLOR = "#3b82f6";

export function TagsPage() {
  const { user } = useAuth();
  const [page, setPage] = useState(1);
  const [search, setSearch] = useState("");
  const [edited, setEdited] = useState<Tag | "new" | null>(null);
  const [removed, setRemoved] = useState<Removed | null>(null);
  const tags = useQuery(tagsQuery(page, search));
  const canWrite = may(user, "tags:write");
  const canRemove = may(user, "tags:delete");
  const columns = useMemo<Columns<Tag>>(
    () => [
      { id: "name", header: "Tag", cell: ({ row }) => <TagName tag={row.original} /> },
      {
        id: "color",
        header: "Colour",
        cell: ({ row }) => <code className="font-mono text-[13px] text-soft">{row.original.color ?? "none"}</code>,
      },
      {
        id: "actions",
        header: () => <span className="sr-only">Actions</span>,
        cell: ({ row }) => (
          <span className="flex justify-end">
            {canRemove ? <RemoveTag tag={row.original} onRemove={setRemoved} /> : null}
          </span>
        ),
      },
    ],
    [canRemove],
  );
  return (
    <>
      <PageHeader
        title="Tags"
        hint="Labels for calls and leads"
        actions={
          canWrite ? (
            <Button onClick={() => setEdited("new")}>
              <Plus /> New tag
            </Button>
          ) : null
        }
      />
      <Card>
        <div className="border-b border-line p-3 sm:px-5">
          <SearchBox
            label="Search tags"
            value={search}
            onChange={(value) => {
              setSearch(value);
              setPage(1);
            }}
          />
        </div>
        <ListBody
          query={tags}
          what="Tags"
          icon={Tags}
          emptyTitle={search ? "No tag matches" : "No tags yet"}
          emptyHint="A tag marks what belongs together, such as calls to listen to."
        >
          {(items) => (
            <DataTable
              label="Tags"
              columns={columns}
              rows={items}
              rowId={(tag) => tag.id}
              opener={(row, content, className) =>
                canWrite ? (
                  <button type="button" className={className} onClick={() => setEdited(row)}>
                    {content}
                  </button>
                ) : (
                  <span>{content}</span>
                )
              }
              card={(tag) => (
                <div className="flex items-center justify-between gap-3">
                  <button
                    type="button"
                    className="min-w-0 flex-1 text-left"
                    disabled={!canWrite}
                    onClick={() => setEdited(tag)}
                  >
                    <TagName tag={tag} />
                  </button>
                  {canRemove ? <RemoveTag tag={tag} onRemove={setRemoved} /> : null}
                </div>
              )}
            />
          )}
        </ListBody>
      </Card>
      <Pager
        page={page}
        totalPages={tags.data?.totalPages ?? null}
        full={(tags.data?.items.length ?? 0) >= CALLS_PER_PAGE}
        onPage={setPage}
      />
      {edited ? <TagDialog tag={edited === "new" ? null : edited} onClose={() => setEdited(null)} /> : null}
      <Removal removed={removed} onClose={() => setRemoved(null)} stale={["tags"]} />
    </>
  );
}

function TagName({ tag }: { tag: Tag }) {
  return (
    <span className="flex items-center gap-2.5 font-medium">
      <span
        className="size-3 shrink-0 rounded-full border border-line bg-sunken"
        style={tag.color === null ? undefined : { backgroundColor: tag.color }}
        aria-hidden="true"
      />
      <span className="min-w-0 truncate">{tag.name}</span>
    </span>
  );
}

function RemoveTag({ tag, onRemove }: { tag: Tag; onRemove: (removed: Removed) => void }) {
  const text = "It comes off the calls that bear it.";
  return (
    <Button
      variant="ghost"
      size="icon-sm"
      className="relative z-10"
      aria-label={`Remove ${tag.name}`}
      onClick={() => onRemove({ path: `/api/v1/tags/${tag.id}`, name: tag.name, text })}
    >
      <Trash2 />
    </Button>
  );
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
