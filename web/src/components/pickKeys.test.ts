import { describe, expect, it } from "vitest";
import { stepOf } from "./pickKeys";

const open = { open: true, at: 1, rows: 3, settled: true };
const closed = { ...open, open: false };

describe("stepOf", () => {
  it("opens where the chosen one is, then goes up and down without leaving the list", () => {
    expect(stepOf("ArrowDown", closed)).toEqual({ to: 1 });
    expect(stepOf("ArrowDown", open)).toEqual({ to: 2 });
    expect(stepOf("ArrowDown", { ...open, at: 2 })).toEqual({ to: 2 });
    expect(stepOf("ArrowUp", { ...open, at: 0 })).toEqual({ to: 0 });
    expect(stepOf("PageDown", { ...open, rows: 50 })).toEqual({ to: 9 });
    expect(stepOf("PageUp", open)).toEqual({ to: 0 });
  });

  it("takes the marked row, but none of a text that is no longer there", () => {
    expect(stepOf("Enter", open)).toBe("take");
    expect(stepOf("Enter", { ...open, settled: false })).toEqual({ to: 1 });
    expect(stepOf("Enter", { ...open, rows: 0 })).toEqual({ to: 1 });
  });

  it("leaves to the form and its window what is theirs", () => {
    expect(stepOf("Enter", closed)).toBeNull();
    expect(stepOf("Escape", closed)).toBeNull();
    expect(stepOf("Escape", open)).toBe("close");
    expect(stepOf("Home", open)).toBeNull();
    expect(stepOf("a", open)).toBeNull();
  });
});
