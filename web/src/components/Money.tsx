import { formatMoney, type Micros } from "@/format/money";
import { useCountUp } from "@/live/motion";
import { Missing } from "./States";
import { cn } from "./ui/cn";

interface MoneyProps {
  amount: Micros | null | undefined;
  currency?: string;
  className?: string;
  places?: number;
}

export function Money({ amount, currency = "USD", className, places = 2 }: MoneyProps) {
  if (amount === null || amount === undefined) return <Missing />;
  return <span className={cn("tabular", className)}>{formatMoney(amount, currency, places)}</span>;
}

/** The same, counting up to each new amount. Screen readers hear the amount, not the frames. */
export function CountingMoney({ amount, currency = "USD", className }: MoneyProps) {
  const shown = useCountUp(amount === null || amount === undefined ? null : Number(amount));
  if (amount === null || amount === undefined || shown === null) return <Missing />;
  return (
    <span className={cn("tabular", className)}>
      <span aria-hidden="true">{formatMoney(BigInt(Math.round(shown)), currency)}</span>
      <span className="sr-only">{formatMoney(amount, currency)}</span>
    </span>
  );
}
