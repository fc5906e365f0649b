import { Plus, X } from "lucide-react";
import { useState } from "react";
import type { TagRule } from "@/api/resources";
import type { CustomControl } from "./ResourceDialog";
import { Button } from "./ui/button";
import { Input, NativeSelect } from "./ui/input";

export const writeRules = (rules: TagRule[]): string => JSON.stringify(rules);
export const parseRules = (value: string): TagRule[] => (value === "" ? [] : (JSON.parse(value) as TagRule[]));

/** "212, 646 917" to ["212", "646", "917"]. */
export const words = (text: string | undefined): string[] => (text ?? "").split(/[\s,;]+/).filter(Boolean);
/** Values of tags and skills may hold spaces, so only commas part them. */
export const parts = (text: string | undefined): string[] =>
  (text ?? "")
    .split(",")
    .map((value) => value.trim())
    .filter(Boolean);

/** Rules on a call's tags. The form's value is the list as JSON. */
export function TagRulesEditor({ value, onChange, id }: CustomControl) {
  const rules = parseRules(value);
  const change = (next: TagRule[]) => onChange(writeRules(next));
  const set = (index: number, part: Partial<TagRule>) =>
    change(rules.map((rule, at) => (at === index ? { ...rule, ...part } : rule)));
  return (
    <div className="grid gap-2">
      {rules.map((rule, index) => (
        <fieldset key={index} className="grid grid-cols-[1fr_auto_1fr_auto] items-center gap-1.5">
          <legend className="sr-only">Rule {index + 1}</legend>
          <Input
            required
            aria-label="Tag"
            placeholder="state"
            value={rule.tag}
            onChange={(event) => set(index, { tag: event.target.value })}
          />
          <NativeSelect
            aria-label="Taken or refused"
            className="w-auto"
            value={rule.refuse ? "not" : "is"}
            onChange={(event) => set(index, { refuse: event.target.value === "not" })}
          >
            <option value="is">is</option>
            <option value="not">is not</option>
          </NativeSelect>
          <ValuesInput values={rule.anyOf} onChange={(anyOf) => set(index, { anyOf })} />
          <Button
            variant="ghost"
            size="icon-sm"
            aria-label={`Remove the rule on ${rule.tag || "no tag yet"}`}
            onClick={() => change(rules.filter((_, at) => at !== index))}
          >
            <X />
          </Button>
        </fieldset>
      ))}
      <Button
        id={id}
        aria-label="Add a rule"
        variant="ghost"
        size="sm"
        className="justify-self-start"
        onClick={() => change([...rules, { tag: "", anyOf: [], refuse: false }])}
      >
        <Plus /> Add a rule
      </Button>
    </div>
  );
}

/** What is typed stays as it is typed: a comma in the making is no value yet. */
function ValuesInput({ values: given, onChange }: { values: string[]; onChange: (values: string[]) => void }) {
  const [text, setText] = useState(given.join(", "));
  return (
    <Input
      aria-label="One of these values, parted by commas; any value when empty"
      placeholder="any value"
      value={text}
      onChange={(event) => {
        setText(event.target.value);
        onChange(parts(event.target.value));
      }}
    />
  );
}
