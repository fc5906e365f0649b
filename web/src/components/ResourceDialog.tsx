import { useMutation, useQueryClient } from "@tanstack/react-query";
import { LoaderCircle } from "lucide-react";
import { type FormEvent, type ReactNode, useState } from "react";
import { toast } from "sonner";
import { ApiError } from "@/api/client";
import type { Pickable } from "@/api/pick";
import { placeFaults } from "./faults";
import { Picker } from "./Picker";
import { messageOf } from "./States";
import { Button } from "./ui/button";
import { Dialog } from "./ui/dialog";
import { Field, Input, NativeSelect, TextArea } from "./ui/input";
import { Tabs, TabsContent, TabsList, TabsTrigger } from "./ui/tabs";

/** What a control of its own shape gets: one value of the form, as text. */
export interface CustomControl {
  value: string;
  onChange: (value: string) => void;
  id: string;
  "aria-invalid"?: true;
  "aria-describedby"?: string;
}

export interface FormField {
  name: string;
  label: string;
  kind?: "text" | "select" | "number" | "tel" | "email" | "password" | "datetime-local" | "area" | "pick" | "custom";
  options?: { value: string; label: string }[];
  /** For `pick`: what is chosen by its name, and what choosing none means. */
  pick?: Pickable;
  none?: string;
  required?: boolean;
  /** What helps to fill it in; a function: by what the form holds. */
  hint?: ReactNode | ((values: Values) => ReactNode);
  placeholder?: string;
  /** Two such fields share a line. */
  half?: boolean;
  /** For `custom`. */
  render?: (control: CustomControl) => ReactNode;
  /** Fields of one group share a tab. */
  group?: string;
  autoComplete?: string;
  /** Shown only while this holds of the values; always without it. */
  when?: (values: Values) => boolean;
}

type Values = Record<string, string>;

interface ResourceDialogProps {
  title: string;
  description?: ReactNode;
  open: boolean;
  onOpenChange: (open: boolean) => void;
  fields: FormField[];
  initial: Values;
  /** Sends the values; what it throws is shown beside the field it names. */
  save: (values: Values) => Promise<unknown>;
  done: string;
  /** Query keys that the change makes stale. */
  stale: string[];
  submitLabel?: string;
  /** Shown beside the fields, by what they hold. */
  aside?: (values: Values) => ReactNode;
  /** What can be done about a refusal, where the page knows more than the API says. */
  remedy?: (error: ApiError, values: Values) => ReactNode;
  /** Classes of the window, for a wider one. */
  className?: string;
}

export function ResourceDialog(props: ResourceDialogProps) {
  return (
    <Dialog
      open={props.open}
      onOpenChange={props.onOpenChange}
      title={props.title}
      description={props.description}
      className={props.className}
    >
      <ResourceForm {...props} />
    </Dialog>
  );
}

function ResourceForm({
  fields: all,
  initial,
  save,
  done,
  stale,
  submitLabel,
  onOpenChange,
  aside,
  remedy,
}: ResourceDialogProps) {
  const client = useQueryClient();
  const [values, setValues] = useState<Values>(initial);
  const fields = all.filter(({ when }) => when?.(values) ?? true);
  const saving = useMutation({
    mutationFn: () => save(values),
    onSuccess: async () => {
      toast.success(done);
      onOpenChange(false);
      await Promise.all(stale.map((key) => client.invalidateQueries({ queryKey: [key] })));
    },
  });
  const faults = saving.error instanceof ApiError ? saving.error.faults : [];
  const help = saving.error instanceof ApiError ? remedy?.(saving.error, values) : null;
  const names = fields.map(({ name }) => name);
  const placed = placeFaults(faults, names);
  const groups = [...new Set(fields.flatMap(({ group }) => (group === undefined ? [] : [group])))];
  const [chosen, setChosen] = useState(tabOf(groups[0] ?? ""));
  const faulty = (group: string) => fields.some((field) => field.group === group && placed.at.has(field.name));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    saving.mutate(undefined, {
      // What was refused is shown, wherever it is.
      onError: (error) => {
        if (!(error instanceof ApiError)) return;
        const { at } = placeFaults(error.faults, names);
        const place = fields.find((field) => field.group && at.has(field.name));
        if (place?.group) setChosen(tabOf(place.group));
      },
    });
  };
  const set = (name: string) => (value: string) => setValues((old) => ({ ...old, [name]: value }));
  const control = (field: FormField) => (
    <FieldControl
      key={field.name}
      field={field}
      value={values[field.name] ?? ""}
      onChange={set(field.name)}
      hint={typeof field.hint === "function" ? field.hint(values) : field.hint}
      error={placed.at.get(field.name)}
    />
  );
  const grid = "grid grid-cols-2 gap-4 [&>*]:col-span-2";
  const form = (
    <form onSubmit={submit} className={grid}>
      {fields.filter(({ group }) => group === undefined).map(control)}
      {groups.length > 0 ? (
        <Tabs value={chosen} onValueChange={setChosen}>
          <TabsList className="mb-4">
            {groups.map((group) => (
              <TabsTrigger key={group} value={tabOf(group)}>
                {group}
                {faulty(group) ? <span className="ml-1 text-bad-text">(!)</span> : null}
              </TabsTrigger>
            ))}
          </TabsList>
          {groups.map((group) => (
            <TabsContent key={group} value={tabOf(group)} className={grid} tabIndex={-1}>
              {fields.filter((field) => field.group === group).map(control)}
            </TabsContent>
          ))}
        </Tabs>
      ) : null}
      {saving.error && (help || placed.at.size === 0 || placed.rest.length > 0) ? (
        <div role="alert" className="rounded-lg bg-bad-soft px-3 py-2.5 text-[13px] text-bad-text">
          {placed.at.size === 0 || placed.rest.length > 0 ? (
            <p className="mb-1 last:mb-0">{messageOf(saving.error)}</p>
          ) : null}
          {help ? <div className="text-ink">{help}</div> : null}
          {placed.rest.length > 0 ? (
            <ul className="mt-1 list-inside list-disc">
              {placed.rest.map((fault, index) => (
                <li key={index}>{[fault.field, fault.message].filter(Boolean).join(": ")}</li>
              ))}
            </ul>
          ) : null}
        </div>
      ) : null}
      <div className="mt-1 flex justify-end gap-2">
        <Button variant="outline" onClick={() => onOpenChange(false)}>
          Cancel
        </Button>
        <Button type="submit" disabled={saving.isPending}>
          {saving.isPending ? <LoaderCircle className="animate-spin" /> : null}
          {submitLabel ?? "Save"}
        </Button>
      </div>
    </form>
  );
  if (!aside) return form;
  return (
    <div className="grid items-start gap-5 md:grid-cols-[1fr_19rem]">
      {form}
      {aside(values)}
    </div>
  );
}

/** Ids are made of it, which hold no spaces. */
const tabOf = (group: string): string => group.replaceAll(" ", "-");

interface FieldControlProps {
  field: FormField;
  value: string;
  onChange: (value: string) => void;
  hint: ReactNode;
  error: string | undefined;
}

function FieldControl({ field, value, onChange, hint, error }: FieldControlProps) {
  const { name, label, kind = "text", options, required, placeholder, half, render, autoComplete } = field;
  return (
    <Field label={label} hint={hint} error={error} className={half ? "!col-span-1" : undefined}>
      {(control) => {
        if (kind === "pick" && field.pick)
          return <Picker {...control} kind={field.pick} none={field.none} {...{ value, onChange, name, required }} />;
        if (kind === "custom") return render?.({ ...control, value, onChange });
        const shared = {
          ...control,
          name,
          required,
          value,
          onChange: (event: { target: { value: string } }) => onChange(event.target.value),
        };
        if (kind === "select") {
          return (
            <NativeSelect {...shared}>
              {options?.map((option) => (
                <option key={option.value} value={option.value}>
                  {option.label}
                </option>
              ))}
            </NativeSelect>
          );
        }
        if (kind === "area") return <TextArea {...shared} placeholder={placeholder} rows={5} />;
        return (
          <Input
            {...shared}
            type={kind}
            placeholder={placeholder}
            autoComplete={autoComplete ?? "off"}
            {...(kind === "number" ? { min: 0, step: "any" } : {})}
          />
        );
      }}
    </Field>
  );
}
