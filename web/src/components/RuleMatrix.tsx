import type { PathRules, Policy } from "@/api/compliance";
import type { CustomControl } from "./ResourceDialog";

type Rules = Pick<
  Policy,
  "enforceDnc" | "enforceConsent" | "enforceCallingHours" | "outbound" | "transfers" | "inbound"
>;

export const writeRuleMatrix = (policy: Policy): string => {
  const { enforceDnc, enforceConsent, enforceCallingHours, outbound, transfers, inbound } = policy;
  return JSON.stringify({ enforceDnc, enforceConsent, enforceCallingHours, outbound, transfers, inbound });
};
export const parseRuleMatrix = (value: string): Rules => JSON.parse(value) as Rules;

const RULES = [
  { rule: "dnc", enforce: "enforceDnc", label: "Do-not-call lists" },
  { rule: "consent", enforce: "enforceConsent", label: "Consent" },
  { rule: "callingHours", enforce: "enforceCallingHours", label: "Calling hours" },
] as const satisfies { rule: keyof PathRules; enforce: keyof Rules; label: string }[];

const PATHS = [
  { path: "outbound", label: "Calls out" },
  { path: "transfers", label: "Transfers" },
  { path: "inbound", label: "Sales" },
] as const;

interface RuleTableProps {
  rules: Rules;
  /** Without it the table is to be read only. */
  onChange?: (rules: Rules) => void;
}

/** Which rule is asked about which call. */
export function RuleTable({ rules, onChange }: RuleTableProps) {
  const box = (label: string, checked: boolean, change: (checked: boolean) => Rules) => (
    <input
      type="checkbox"
      className="size-4 accent-(--link)"
      aria-label={label}
      checked={checked}
      disabled={!onChange}
      onChange={(event) => onChange?.(change(event.target.checked))}
    />
  );
  return (
    <table className="w-full text-left text-[13px]">
      <thead>
        <tr className="text-xs text-soft">
          <td />
          {["At all", ...PATHS.map(({ label }) => label)].map((label) => (
            <th key={label} scope="col" className="px-1 py-2 text-center font-medium">
              {label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody className="divide-y divide-line border-t border-line">
        {RULES.map(({ rule, enforce, label }) => (
          <tr key={rule}>
            <th scope="row" className="py-2.5 font-medium">
              {label}
            </th>
            <td className="text-center">
              {box(`${label}: at all`, rules[enforce], (checked) => ({ ...rules, [enforce]: checked }))}
            </td>
            {PATHS.map(({ path, label: calls }) => (
              <td key={path} className="text-center">
                {box(`${label}: ${calls.toLowerCase()}`, rules[path][rule], (checked) => ({
                  ...rules,
                  [path]: { ...rules[path], [rule]: checked },
                }))}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The same in a form, whose value is JSON. */
export function RuleMatrix({ value, onChange }: CustomControl) {
  return <RuleTable rules={parseRuleMatrix(value)} onChange={(rules) => onChange(JSON.stringify(rules))} />;
}
