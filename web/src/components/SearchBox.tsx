import { Search } from "lucide-react";
import { useEffect, useEffectEvent, useRef, useState } from "react";
import { cn } from "./ui/cn";
import { Input } from "./ui/input";

/** How long nothing is typed before the list is asked for, in milliseconds. */
const PAUSE_MS = 300;

interface SearchBoxProps {
  label: string;
  /** In place of the label. */
  placeholder?: string;
  value: string;
  autoFocus?: boolean;
  onChange: (value: string) => void;
  className?: string;
}

/** The search of a list; "/" leads to it. */
export function SearchBox({ label, placeholder, value, autoFocus = false, onChange, className }: SearchBoxProps) {
  const [text, setText] = useState(value);
  const box = useRef<HTMLInputElement>(null);
  const sent = useRef(value);
  const send = useEffectEvent(() => {
    sent.current = text;
    onChange(text);
  });
  useEffect(() => {
    if (autoFocus) box.current?.focus();
  }, [autoFocus]);
  useEffect(() => {
    // A change from elsewhere (the back button, "Clear") wins over what was typed.
    if (value !== sent.current) {
      sent.current = value;
      setText(value);
    }
  }, [value]);
  useEffect(() => {
    if (text === sent.current) return;
    const timer = setTimeout(() => send(), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <div className={cn("relative w-full sm:max-w-xs", className)}>
      <Search className="pointer-events-none absolute top-2.5 left-3 size-4 text-soft" aria-hidden="true" />
      <Input
        ref={box}
        data-search
        type="search"
        aria-label={label}
        placeholder={placeholder ?? label}
        className="pl-9"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
    </div>
  );
}
