/** What a key does in a list of choices: the row it leads to, or what becomes of the list. */
export type Step = { to: number } | "take" | "close" | null;

interface Standing {
  open: boolean;
  /** The row that is marked. */
  at: number;
  rows: number;
  /** Whether the rows answer what is in the field. */
  settled: boolean;
}

const PAGE = 8;

/** The keys of WAI-ARIA's combobox with a list. Null: the key is the text field's, or the window's. */
export function stepOf(key: string, { open, at, rows, settled }: Standing): Step {
  const last = Math.max(0, rows - 1);
  switch (key) {
    case "ArrowDown":
      return { to: open ? Math.min(at + 1, last) : at };
    case "ArrowUp":
      return { to: open ? Math.max(at - 1, 0) : at };
    case "PageDown":
      return open ? { to: Math.min(at + PAGE, last) } : null;
    case "PageUp":
      return open ? { to: Math.max(at - PAGE, 0) } : null;
    case "Escape":
      return open ? "close" : null;
    case "Enter":
      // The rows of an earlier text are not what was typed: nothing is taken until the answer is there.
      if (!open) return null;
      return settled && rows > 0 ? "take" : { to: at };
    default:
      return null;
  }
}
