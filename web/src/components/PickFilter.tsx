import type { Pickable } from "@/api/pick";
import type { ListState } from "./listSearch";
import { Picker } from "./Picker";

interface PickFilterProps {
  list: ListState;
  /** The part of the address that holds the chosen one. */
  name: "campaignId" | "publisherId" | "flowId" | "carrierId";
  kind: Pickable;
  label: string;
  none: string;
}

/** Narrows a list to what belongs to one, chosen by its name. */
export function PickFilter({ list, name, kind, label, none }: PickFilterProps) {
  return (
    <Picker
      aria-label={label}
      className="w-full sm:w-48"
      kind={kind}
      none={none}
      value={list[name] ?? ""}
      onChange={(value) => list.narrow({ [name]: value || undefined })}
    />
  );
}
