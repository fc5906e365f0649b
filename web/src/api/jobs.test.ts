import { describe, expect, it } from "vitest";
import { attemptsOf, JOB_STATUSES, mayRetry, readJob, readJobCounts } from "./jobs";

describe("readJob", () => {
  it("takes a status it does not know for none", () => {
    expect(readJob({ id: "j1", status: "dead", error: "no rate card", attempt: 12 })).toMatchObject({
      status: "dead",
      error: "no rate card",
      attempt: 12,
    });
    expect(readJob({ status: "paused" }).status).toBeNull();
  });
});

describe("mayRetry", () => {
  it("is for what waits or was given up", () => {
    const may = JOB_STATUSES.filter((status) => mayRetry(readJob({ status })));
    expect(may).toEqual(["waiting", "dead"]);
    expect(mayRetry(readJob({}))).toBe(false);
  });
});

describe("attemptsOf", () => {
  it("counts against the most there may be", () => {
    expect(attemptsOf(readJob({ attempt: 2, attemptsMax: 12 }))).toBe("2 of 12");
    expect(attemptsOf(readJob({ attempt: 2 }))).toBe("2");
    expect(attemptsOf(readJob({ attempt: 0, attemptsMax: 12 }))).toBe("None yet");
  });
});

describe("readJobCounts", () => {
  it("takes what is missing for none", () => {
    expect(readJobCounts({ dead: 3, ready: "4" })).toEqual({ ready: 4, waiting: 0, running: 0, dead: 3 });
  });
});
