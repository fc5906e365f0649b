import { useMutation, useQueryClient } from "@tanstack/react-query";
import { LoaderCircle } from "lucide-react";
import { type FormEvent, type ReactNode, useState } from "react";
import { toast } from "sonner";
import { ApiError } from "@/api/client";
import { messageOf } from "./States";
import { Button } from "./ui/button";
import { Dialog } from "./ui/dialog";
import { Field, Input, NativeSelect } from "./ui/input";

export interface FormField {
  name: string;
  label: string;
  kind?: "text" | "select" | "number" | "tel";
  options?: { value: string; label: string }[];
  required?: boolean;
  hint?: string;
  placeholder?: string;
  /** Two such fields share a line. */
  half?: boolean;
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
}

export function ResourceDialog(props: ResourceDialogProps) {
  return (
    <Dialog open={props.open} onOpenChange={props.onOpenChange} title={props.title} description={props.description}>
      <ResourceForm {...props} />
    </Dialog>
  );
}

function ResourceForm({ fields, initial, save, done, stale, submitLabel, onOpenChange }: ResourceDialogProps) {
  const client = useQueryClient();
  const [values, setValues] = useState<Values>(initial);
  const saving = useMutation({
    mutationFn: () => save(values),
    onSuccess: async () => {
      toast.success(done);
      onOpenChange(false);
      await Promise.all(stale.map((key) => client.invalidateQueries({ queryKey: [key] })));
    },
  });
  const faults = saving.error instanceof ApiError ? saving.error.faults : [];
  const faultOf = (name: string) =>
    faults.find(({ field }) => field === name || field.endsWith(`.${name}`) || field.endsWith(`/${name}`))?.message;
  const placed = fields.filter(({ name }) => faultOf(name) !== undefined).length;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    saving.mutate();
  };
  return (
    <form onSubmit={submit} className="grid grid-cols-2 gap-4 [&>*]:col-span-2">
      {fields.map(({ name, label, kind = "text", options, required, hint, placeholder, half }) => (
        <Field key={name} label={label} hint={hint} error={faultOf(name)} className={half ? "!col-span-1" : undefined}>
          {(control) => {
            const shared = {
              ...control,
              name,
              required,
              value: values[name] ?? "",
              onChange: (event: { target: { value: string } }) =>
                setValues((old) => ({ ...old, [name]: event.target.value })),
            };
            return kind === "select" ? (
              <NativeSelect {...shared}>
                {options?.map((option) => (
                  <option key={option.value} value={option.value}>
                    {option.label}
                  </option>
                ))}
              </NativeSelect>
            ) : (
              <Input
                {...shared}
                type={kind}
                placeholder={placeholder}
                {...(kind === "number" ? { min: 0, step: "any" } : {})}
              />
            );
          }}
        </Field>
      ))}
      {saving.error && (placed === 0 || placed < faults.length) ? (
        <div role="alert" className="rounded-lg bg-bad-soft px-3 py-2.5 text-[13px] text-bad-text">
          {messageOf(saving.error)}
          {faults.length > placed ? (
            <ul className="mt-1 list-inside list-disc">
              {faults.map((fault, index) => (
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
}
