import { describe, expect, it } from "vitest";
import { readFound, readTranscript } from "./callNotes";

describe("a transcript", () => {
  it("names who spoke, by the labels it has", () => {
    const { segments } = readTranscript({
      speakerLabels: { "0": "agent" },
      segments: [
        { start: 0.5, end: 2, speaker: "0", text: "Good morning" },
        { start: 2.5, end: 4, speaker: "caller", text: "Hello" },
        { start: 5, end: 6, text: "…" },
      ],
    });
    expect(segments).toEqual([
      { start: 0.5, speaker: "agent", text: "Good morning" },
      { start: 2.5, speaker: "caller", text: "Hello" },
      { start: 5, speaker: null, text: "…" },
    ]);
  });

  it("has an analysis only where one was made", () => {
    expect(readTranscript({ fullText: "Hello" })).toMatchObject({ text: "Hello", segments: [], analysis: null });
    expect(readTranscript({ analysis: { billable: false, reasoning: "Wrong number" } }).analysis).toEqual({
      billable: false,
      applied: null,
      reasoning: "Wrong number",
    });
  });
});

describe("a transcript that was found", () => {
  it("leads to its call", () => {
    const row = { id: "t", callId: "c", fullText: "Hello", durationSec: 12.5, createdAt: "2026-11-23T16:00:00Z" };
    expect(readFound(row)).toEqual({
      id: "t",
      callId: "c",
      text: "Hello",
      seconds: 12.5,
      language: "",
      at: Date.parse("2026-11-23T16:00:00Z"),
    });
  });

  it("goes on where it was cut off", () => {
    expect(readFound({ fullText: "a".repeat(200) }).text).toBe(`${"a".repeat(200)}…`);
    expect(readFound({ fullText: "a".repeat(199) }).text).toBe("a".repeat(199));
  });
});
