import { useState } from "react";
import { type Rates, rateCall } from "@/api/rateCards";
import { Check } from "@/components/ui/checkbox";
import { Field, Input, NativeSelect } from "@/components/ui/input";
import { formatMoney, formatRate } from "@/format/money";
import { formatDurationWords } from "@/format/time";
import { plural } from "@/format/words";

/** What a call would cost by these prices, line by line. */
export function RateExample({ rates, currency }: { rates: Rates; currency: string }) {
  const [seconds, setSeconds] = useState("125");
  const [inbound, setInbound] = useState(true);
  const [recorded, setRecorded] = useState(true);
  const [converted, setConverted] = useState(false);
  const length = Math.min(86_400, Math.max(0, Math.floor(Number(seconds)) || 0));
  const lines = rateCall(rates, { inbound, seconds: length, recorded, converted });
  const total = lines.reduce((sum, { amount }) => sum + amount, 0n);
  return (
    <section aria-label="Example" className="grid content-start gap-3 rounded-xl bg-sunken p-4 text-[13px]">
      <h3 className="font-semibold">What a call would cost</h3>
      <div className="grid grid-cols-2 gap-3">
        <Field label="Seconds answered">
          {(control) => (
            <Input
              {...control}
              type="number"
              min={0}
              max={86_400}
              value={seconds}
              onChange={(event) => setSeconds(event.target.value)}
            />
          )}
        </Field>
        <Field label="Direction">
          {(control) => (
            <NativeSelect
              {...control}
              value={inbound ? "in" : "out"}
              onChange={(event) => setInbound(event.target.value === "in")}
            >
              <option value="in">Comes in</option>
              <option value="out">Goes out</option>
            </NativeSelect>
          )}
        </Field>
      </div>
      <div className="flex flex-wrap gap-x-4 gap-y-2">
        <Check label="Recorded" checked={recorded} onChange={setRecorded} />
        <Check label="Converted" checked={converted} onChange={setConverted} />
      </div>
      <table className="w-full">
        <caption className="sr-only">The lines of the call</caption>
        <tbody>
          {lines.map(({ label, quantity, unit, price, amount }) => (
            <tr key={label}>
              <th scope="row" className="py-0.5 pr-3 text-left align-top font-normal">
                {label}
                {unit ? (
                  <span className="block text-xs text-soft">
                    {plural(quantity, unit)} × {formatRate(price, currency)}
                  </span>
                ) : null}
              </th>
              <td className="tabular py-0.5 text-right align-top">{formatRate(amount, currency)}</td>
            </tr>
          ))}
          <tr className="border-t border-line font-semibold">
            <th scope="row" className="pt-2 text-left">
              In all
            </th>
            <td className="tabular pt-2 text-right" aria-live="polite">
              {lines.length === 0 ? formatMoney(0n, currency) : formatRate(total, currency)}
            </td>
          </tr>
        </tbody>
      </table>
      <p className="text-soft">
        {length === 0
          ? "Not answered: nothing is charged."
          : `${formatDurationWords(length)} are ${plural(Math.ceil(length / 60), "begun minute")}. Each line is rounded half up to four decimals.`}
      </p>
    </section>
  );
}
