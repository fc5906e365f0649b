import type { Tag } from "@/api/labels";

/** A tag by its colour and name. */
export function TagName({ tag }: { tag: Pick<Tag, "name" | "color"> }) {
  return (
    <span className="flex min-w-0 items-center gap-2.5 font-medium">
      <span
        className="size-3 shrink-0 rounded-full border border-line bg-sunken"
        style={tag.color === null ? undefined : { backgroundColor: tag.color }}
        aria-hidden="true"
      />
      <span className="min-w-0 truncate">{tag.name}</span>
    </span>
  );
}
