import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Check, ChevronDown } from "lucide-react";
import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { type Choice, choiceQuery, choicesQuery, KINDS, type Pickable } from "@/api/pick";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { plural } from "@/format/words";
import { stepOf } from "./pickKeys";
import { messageOf } from "./States";
import { Button } from "./ui/button";
import { cn } from "./ui/cn";
import { Input } from "./ui/input";

/** How long nothing is typed before the list is asked for, in milliseconds. */
const PAUSE_MS = 250;
/** How near the end of the list the next rows are asked for, in pixels. */
const NEAR_PX = 60;

interface PickerProps {
  kind: Pickable;
  /** The id of the chosen one; empty: none. */
  value: string;
  onChange: (value: string) => void;
  /** What choosing none means: "Any campaign". Without it one has to be chosen. */
  none?: string | undefined;
  id?: string;
  name?: string;
  required?: boolean | undefined;
  disabled?: boolean | undefined;
  "aria-label"?: string;
  "aria-invalid"?: true;
  "aria-describedby"?: string;
  className?: string;
}

/** The field keeps the focus: leaving it would close the list first. */
const keepFocus = (event: { preventDefault: () => void }) => event.preventDefault();

/** The text once it has stood still for a moment. */
function usePaused(text: string): string {
  const [paused, setPaused] = useState(text);
  useEffect(() => {
    if (text === "") return setPaused("");
    const timer = setTimeout(() => setPaused(text), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return paused;
}

/**
 * One of many, found by part of its name (WAI-ARIA's combobox with a list). The API searches; the list goes on as it is
 * scrolled. The name of the chosen one is shown wherever in the list it stands.
 */
export function Picker({ kind, value, onChange, none, className, disabled, ...control }: PickerProps) {
  const { what, needs } = KINDS[kind];
  const { user } = useAuth();
  const allowed = may(user, needs);
  const listId = useId();
  const [open, setOpen] = useState(false);
  const [text, setText] = useState<string | null>(null);
  const [at, setAt] = useState(0);
  const [picked, setPicked] = useState<Choice | null>(null);
  const field = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const typed = (text ?? "").trim();
  const search = usePaused(typed);
  const known = useQuery({
    ...choiceQuery(kind, value),
    enabled: allowed && value !== "" && picked?.id !== value,
  });
  const found = useInfiniteQuery({
    ...choicesQuery(kind, search),
    enabled: allowed && open,
    placeholderData: (before) => before,
  });
  const rows: Choice[] = open ? (found.data?.pages.flatMap(({ items }) => items) ?? []) : [];
  if (open && none !== undefined && typed === "") rows.unshift({ id: "", name: none });
  const settled = search === typed && !found.isPlaceholderData && found.data !== undefined;
  const more = found.hasNextPage && settled;
  const chosen = picked?.id === value ? picked.name : (known.data?.name ?? (known.isPending && allowed ? "…" : null));
  const shown = text ?? (value === "" ? "" : (chosen ?? `${value.slice(0, 8)}…`));

  // The marked row is in sight, also after more rows came.
  useEffect(() => {
    if (open) list.current?.querySelector(`[data-row="${at}"]`)?.scrollIntoView({ block: "nearest" });
  }, [open, at]);

  const next = () => {
    if (more && !found.isFetchingNextPage) void found.fetchNextPage();
  };
  const show = (row: number) => {
    setOpen(true);
    setAt(row);
    if (row >= rows.length - 2) next();
  };
  const take = (choice: Choice) => {
    setPicked(choice.id === "" ? null : choice);
    onChange(choice.id);
    setText(null);
    setOpen(false);
  };
  const leave = () => {
    setOpen(false);
    // An emptied field is nobody; half a name is no choice, and the one before stays.
    if (text !== null && typed === "" && value !== "") onChange("");
    setText(null);
  };
  const onKey = (event: KeyboardEvent) => {
    const step = stepOf(event.key, { open, at, rows: rows.length, settled });
    if (step === null) return;
    event.preventDefault();
    if (step === "close") {
      setOpen(false);
      setText(null);
    } else if (step === "take") {
      const choice = rows[at];
      if (choice) take(choice);
    } else show(step.to);
  };
  const told = found.error
    ? messageOf(found.error)
    : !settled
      ? "Looking…"
      : rows.length === 0
        ? typed === ""
          ? `There is no ${what} yet`
          : `No ${what} is called so`
        : null;

  return (
    <div className={cn("relative", className)} ref={field}>
      <Input
        {...control}
        role="combobox"
        aria-expanded={open}
        aria-controls={listId}
        aria-autocomplete="list"
        aria-activedescendant={open && rows[at] ? `${listId}-${at}` : undefined}
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        className="truncate pr-8"
        disabled={disabled || !allowed}
        placeholder={
          allowed
            ? (none ?? (kind === "number" ? "Part of the number" : `Part of the ${what}'s name`))
            : "Not yours to see"
        }
        value={shown}
        onChange={(event) => {
          setText(event.target.value);
          setOpen(true);
          setAt(0);
        }}
        onClick={(event) => {
          if (open) return;
          show(
            Math.max(
              0,
              rows.findIndex(({ id }) => id === value),
            ),
          );
          // What is typed next is looked for, in place of what was chosen.
          event.currentTarget.select();
        }}
        onBlur={leave}
        onKeyDown={onKey}
      />
      <ChevronDown className="pointer-events-none absolute top-2.5 right-2.5 size-4 text-soft" aria-hidden="true" />
      <div
        hidden={!open}
        className="absolute top-full left-0 z-30 mt-1 w-max min-w-full max-w-[min(20rem,calc(100vw-2.5rem))] rounded-lg border border-line bg-surface p-1 text-sm shadow-pop"
        ref={(box) => {
          // What would be cut off at the right edge opens to the left.
          if (!box || !open) return;
          box.style.left = "0";
          const over = box.getBoundingClientRect().right - (window.innerWidth - 8);
          if (over > 0) box.style.left = `${-over}px`;
        }}
      >
        <div
          ref={list}
          id={listId}
          role="listbox"
          aria-label={`Every ${what} that fits`}
          aria-busy={!settled}
          className={cn("max-h-52 overflow-y-auto overscroll-contain", !settled && "opacity-60")}
          onMouseDown={keepFocus}
          onScroll={({ currentTarget: box }) => {
            if (box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_PX) next();
          }}
        >
          {rows.map((choice, index) => (
            <div
              key={choice.id}
              id={`${listId}-${index}`}
              data-row={index}
              role="option"
              tabIndex={-1}
              aria-selected={index === at}
              className={cn(
                "flex cursor-pointer items-center gap-2 rounded-md px-2.5 py-1.5",
                index === at && "bg-sunken",
                choice.id === "" && "text-soft",
              )}
              onMouseDown={() => take(choice)}
            >
              <span className="min-w-0 flex-1 break-words">{choice.name}</span>
              {choice.id === value ? <Check className="size-4 shrink-0 text-soft" aria-label="chosen" /> : null}
            </div>
          ))}
        </div>
        {more ? (
          <Button
            variant="ghost"
            size="sm"
            tabIndex={-1}
            className="w-full"
            onMouseDown={keepFocus}
            disabled={found.isFetchingNextPage}
            onClick={next}
          >
            {found.isFetchingNextPage ? "Looking…" : "More"}
          </Button>
        ) : null}
        {found.error ? (
          <Button
            variant="ghost"
            size="sm"
            tabIndex={-1}
            className="w-full"
            onMouseDown={keepFocus}
            onClick={() => void found.refetch()}
          >
            Try again
          </Button>
        ) : null}
        <p role="status" className={told === null ? "sr-only" : "px-2.5 py-1.5 text-soft"}>
          {open ? (told ?? `${plural(rows.length, "choice")}${more ? ", and more" : ""}`) : ""}
        </p>
      </div>
    </div>
  );
}
