import { Search } from "lucide-react";
import { cn } from "./ui/cn";
import { Input } from "./ui/input";

interface SearchBoxProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  className?: string;
}

/** The search of a list; "/" leads to it. */
export function SearchBox({ label, value, onChange, className }: SearchBoxProps) {
  return (
    <div className={cn("relative w-full max-w-xs", className)}>
      <Search className="pointer-events-none absolute top-2.5 left-3 size-4 text-soft" aria-hidden="true" />
      <Input
        data-search
        type="search"
        aria-label={label}
        placeholder={label}
        className="pl-9"
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </div>
  );
}
