import {
  type Area,
  areasOf,
  isGranted,
  type Permission,
  spelledOut,
  withoutPermission,
  withPermission,
} from "@/api/access";
import { toSentence, toWords } from "@/format/words";
import type { CustomControl } from "./ResourceDialog";
import { Check } from "./ui/checkbox";
import { NativeSelect } from "./ui/input";

const EVERYTHING = "admin:*";
const READ_ALL = "*:read";
const NOT_HELD = "You do not hold it, so you cannot give it";

/** A form's value is text: permissions hold no spaces. */
export const writePermissions = (held: string[]): string => held.join(" ");
export const parsePermissions = (value: string | undefined): string[] => (value ?? "").split(" ").filter(Boolean);

const areaName = (area: string): string => (area === "api_keys" ? "API keys" : toSentence(area));

function presetOf(held: string[]): string {
  if (held.includes(EVERYTHING)) return EVERYTHING;
  return held.length === 1 && held[0] === READ_ALL ? READ_ALL : "chosen";
}

/** "Everything", "Read everything", or the permissions by name, as many as fit in a line. */
export function permissionsInShort(held: string[], most = 3): string {
  const preset = presetOf(held);
  if (preset === EVERYTHING) return "Everything";
  if (preset === READ_ALL) return "Read everything";
  const more = held.length - most;
  return held.slice(0, most).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

interface PermissionPickerProps extends CustomControl {
  all: Permission[];
  /** Whether the one who chooses may give everything to others. */
  mayGiveAll: boolean;
}

/** What a role or a key may do, area by area. */
export function PermissionPicker({ value, onChange, id, all, mayGiveAll, ...described }: PermissionPickerProps) {
  const held = parsePermissions(value);
  const preset = presetOf(held);
  const change = (next: string[]) => onChange(writePermissions(next));
  const mayGiveReads = all.every(({ verb, grantable }) => verb !== "read" || grantable);
  return (
    <div className="grid gap-3">
      <NativeSelect
        id={id}
        {...described}
        value={preset}
        onChange={({ target }) => change(target.value === "chosen" ? spelledOut(held, all) : [target.value])}
      >
        {all.length > 0 || preset === "chosen" ? <option value="chosen">Chosen one by one</option> : null}
        {mayGiveReads || preset === READ_ALL ? <option value={READ_ALL}>Read everything</option> : null}
        {mayGiveAll || preset === EVERYTHING ? <option value={EVERYTHING}>Everything</option> : null}
      </NativeSelect>
      {preset === "chosen" ? (
        <ul className="divide-y divide-line rounded-lg border border-line">
          {areasOf(all).map((area) => (
            <AreaRow key={area.area} area={area} held={held} all={all} onChange={change} />
          ))}
        </ul>
      ) : null}
    </div>
  );
}

interface AreaRowProps {
  area: Area;
  held: string[];
  all: Permission[];
  onChange: (held: string[]) => void;
}

function AreaRow({ area, held, all, onChange }: AreaRowProps) {
  const grantable = area.permissions.filter((each) => each.grantable);
  const on = area.permissions.filter(({ permission }) => isGranted(held, permission)).length;
  const set = (permissions: Permission[], wanted: boolean) =>
    onChange(
      permissions.reduce(
        (so, { permission }) => (wanted ? withPermission(so, permission) : withoutPermission(so, permission, all)),
        held,
      ),
    );
  return (
    <li className="grid gap-x-3 gap-y-1.5 px-3 py-2 sm:grid-cols-[10rem_1fr]">
      <Check
        label={areaName(area.area)}
        className="font-medium"
        checked={on === area.permissions.length}
        some={on > 0 && on < area.permissions.length}
        disabled={grantable.length < area.permissions.length}
        title={grantable.length < area.permissions.length ? NOT_HELD : undefined}
        onChange={(wanted) => set(area.permissions, wanted)}
      />
      <span className="flex flex-wrap gap-x-4 gap-y-1.5 pl-6 sm:pl-0">
        {area.permissions.map((each) => (
          <Check
            key={each.permission}
            label={toSentence(each.verb)}
            hidden={toWords(each.area)}
            checked={isGranted(held, each.permission)}
            disabled={!each.grantable}
            title={each.grantable ? undefined : NOT_HELD}
            onChange={(wanted) => set([each], wanted)}
          />
        ))}
      </span>
    </li>
  );
}

/** What is held, area by area, to be read only. */
export function PermissionTable({ held, all }: { held: string[]; all: Permission[] }) {
  const areas = areasOf(all.filter(({ permission }) => isGranted(held, permission)));
  return (
    <dl className="divide-y divide-line rounded-lg border border-line text-[13px]">
      {areas.map(({ area, permissions }) => (
        <div key={area} className="grid grid-cols-[8rem_1fr] gap-3 px-3 py-2">
          <dt className="font-medium">{areaName(area)}</dt>
          <dd className="text-soft">{permissions.map(({ verb }) => toWords(verb)).join(", ")}</dd>
        </div>
      ))}
    </dl>
  );
}
