import { Plus, X } from "lucide-react";
import type { QueuePhone } from "@/api/queues";
import type { CustomControl } from "./ResourceDialog";
import { Button } from "./ui/button";
import { Input } from "./ui/input";

export const writePhones = (phones: QueuePhone[]): string => JSON.stringify(phones);
export const parsePhones = (value: string | undefined): QueuePhone[] =>
  value ? (JSON.parse(value) as QueuePhone[]) : [];

/** Phones that answer a queue. The form's value is the list as JSON. */
export function PhonesEditor({ value, onChange, id }: CustomControl) {
  const phones = parsePhones(value);
  const change = (next: QueuePhone[]) => onChange(writePhones(next));
  const set = (index: number, part: Partial<QueuePhone>) =>
    change(phones.map((phone, at) => (at === index ? { ...phone, ...part } : phone)));
  return (
    <div className="grid gap-2">
      {phones.map((phone, index) => (
        <fieldset
          key={index}
          className="grid grid-cols-[1fr_auto] items-center gap-1.5 rounded-lg border border-line p-2 sm:grid-cols-[1fr_1.6fr_6.5rem_auto] sm:border-0 sm:p-0 [&>input]:min-w-0"
        >
          <legend className="sr-only">Phone {index + 1}</legend>
          <Input
            required
            aria-label="Name"
            placeholder="Front desk"
            value={phone.name}
            onChange={(event) => set(index, { name: event.target.value })}
          />
          <Input
            required
            aria-label="SIP URI"
            placeholder="sip:desk@phones.example"
            className="order-1 col-span-2 sm:order-none sm:col-span-1"
            value={phone.destination}
            onChange={(event) => set(index, { destination: event.target.value })}
          />
          <Input
            type="number"
            min={0}
            max={3600}
            aria-label="Rest after each call, seconds"
            title="Rest after each call, seconds"
            className="order-2 col-span-2 sm:order-none sm:col-span-1"
            value={String(phone.wrapUpSeconds)}
            onChange={(event) => set(index, { wrapUpSeconds: Number(event.target.value) || 0 })}
          />
          <Button
            variant="ghost"
            size="icon-sm"
            aria-label={`Remove ${phone.name || "the phone"}`}
            onClick={() => change(phones.filter((_, at) => at !== index))}
          >
            <X />
          </Button>
        </fieldset>
      ))}
      <Button
        id={id}
        aria-label="Add a phone"
        variant="ghost"
        size="sm"
        className="justify-self-start"
        onClick={() => change([...phones, { name: "", destination: "", wrapUpSeconds: 0 }])}
      >
        <Plus /> Add a phone
      </Button>
    </div>
  );
}
