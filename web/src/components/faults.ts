import type { FieldFault } from "@/api/client";

/** What the API found wrong, by the fields of a form. */
export interface PlacedFaults {
  at: ReadonlyMap<string, string>;
  /** Those of no field of the form. */
  rest: FieldFault[];
}

/** The part of a path behind what a field is called: `hours.mon[0].from` is a fault of `hours`. */
const within = (path: string, name: string) => path.startsWith(`${name}.`) || path.startsWith(`${name}[`);

/** Whether the path ends in the field's name: `body.name`, `/name`. */
const endsIn = (path: string, name: string) => path.endsWith(`.${name}`) || path.endsWith(`/${name}`);

/**
 * Puts each fault beside its field. The whole name comes before a part of it: `outbound.username` is of the field that is
 * called so, and not of `username`.
 */
export function placeFaults(faults: FieldFault[], names: string[]): PlacedFaults {
  const at = new Map<string, string>();
  const rest: FieldFault[] = [];
  for (const fault of faults) {
    const exact = names.find((name) => name === fault.field);
    const inner = names.find((name) => within(fault.field, name));
    const name = exact ?? inner ?? names.find((each) => endsIn(fault.field, each));
    if (name === undefined) rest.push(fault);
    else if (!at.has(name)) {
      const place = exact === undefined && inner ? fault.field.slice(name.length).replace(/^\./, "") : "";
      at.set(name, `${place} ${fault.message}`.trim());
    } else rest.push(fault);
  }
  return { at, rest };
}
