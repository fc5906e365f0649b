import { useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, useId, useRef, useState } from "react";
import { get } from "@/api/client";
import { asText, type Json, readPage } from "@/api/read";
import type { CustomControl } from "./ResourceDialog";
import { messageOf } from "./States";
import { cn } from "./ui/cn";
import { Input } from "./ui/input";

/** Rows shown at once; whoever looks for another one types more of its name. */
const SHOWN = 20;

interface PickerProps extends CustomControl {
  /** The list that is searched: `/api/v1/buyers`. */
  path: string;
  /** What one of them is called: "buyer". */
  what: string;
}

interface Choice {
  id: string;
  name: string;
}

const readChoice = (row: Json): Choice => ({ id: asText(row.id) ?? "", name: asText(row.name) ?? "" });

/** One of many, found by part of its name (WAI-ARIA's combobox with a list). The value is its id. */
export function Picker({ path, what, value, onChange, id, ...described }: PickerProps) {
  const listId = useId();
  const [open, setOpen] = useState(false);
  const [text, setText] = useState<string | null>(null);
  const [at, setAt] = useState(0);
  const [picked, setPicked] = useState<Choice | null>(null);
  const list = useRef<HTMLDivElement>(null);
  const known = useQuery({
    queryKey: ["picker", path, "one", value],
    queryFn: async ({ signal }) => readChoice((await get(`${path}/${value}`, undefined, signal)) as Json),
    enabled: value !== "" && picked?.id !== value,
  });
  const search = (text ?? "").trim();
  const found = useQuery({
    queryKey: ["picker", path, search],
    queryFn: async ({ signal }) =>
      readPage(await get(path, { search: search || undefined, limit: SHOWN }, signal), readChoice),
    enabled: open,
    placeholderData: (before) => before,
  });
  const choices = found.data?.items ?? [];
  const chosen = picked?.id === value ? picked : (known.data ?? null);
  const shown = text ?? (value === "" ? "" : (chosen?.name ?? "…"));

  const show = (next: number) => {
    setOpen(true);
    setAt(next);
    list.current?.children[next]?.scrollIntoView({ block: "nearest" });
  };
  const take = (choice: Choice) => {
    setPicked(choice);
    onChange(choice.id);
    setText(null);
    setOpen(false);
  };
  const leave = () => {
    setOpen(false);
    // An emptied field is nobody; half a name is no choice, and the one before stays.
    if (text !== null && text.trim() === "") onChange("");
    setText(null);
  };
  const key = (event: KeyboardEvent) => {
    const last = choices.length - 1;
    if (event.key === "ArrowDown") show(open ? Math.min(at + 1, last) : 0);
    else if (event.key === "ArrowUp") show(Math.max(at - 1, 0));
    else if (event.key === "Escape" && open) leave();
    else if (event.key === "Enter" && open) {
      const choice = choices[at];
      if (choice) take(choice);
    } else return;
    event.preventDefault();
  };

  return (
    <div className="relative">
      <Input
        id={id}
        {...described}
        role="combobox"
        aria-expanded={open}
        aria-controls={listId}
        aria-autocomplete="list"
        aria-activedescendant={open && choices[at] ? `${listId}-${at}` : undefined}
        autoComplete="off"
        placeholder={`Part of the ${what}'s name`}
        value={shown}
        onChange={(event) => {
          setText(event.target.value);
          show(0);
        }}
        onClick={() => show(0)}
        onBlur={leave}
        onKeyDown={key}
      />
      <div
        hidden={!open}
        className="absolute inset-x-0 top-full z-10 mt-1 rounded-lg border border-line bg-surface p-1 text-sm shadow-pop"
      >
        <div
          ref={list}
          id={listId}
          role="listbox"
          aria-label={`Every ${what} that fits`}
          className="max-h-52 overflow-y-auto"
        >
          {choices.map((choice, index) => (
            <div
              key={choice.id}
              id={`${listId}-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === at}
              className={cn("cursor-pointer rounded-md px-2.5 py-1.5", index === at && "bg-sunken")}
              onMouseDown={(event) => {
                // The field keeps the focus: leaving it would close the list first.
                event.preventDefault();
                take(choice);
              }}
            >
              {choice.name}
            </div>
          ))}
        </div>
        {choices.length === 0 ? (
          <p role="status" className="px-2.5 py-1.5 text-soft">
            {found.isPending ? "Looking…" : found.error ? messageOf(found.error) : `No ${what} is called so`}
          </p>
        ) : null}
      </div>
    </div>
  );
}
