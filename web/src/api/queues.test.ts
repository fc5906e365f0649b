import { describe, expect, it } from "vitest";
import { answeringAgents, connectionOf, readAgent, readQueue } from "./queues";

const AGENTS = [
  readAgent({ id: "a1", name: "Ana", skills: ["spanish", "solar"], status: "available" }),
  readAgent({ id: "a2", name: "Bo", skills: ["solar"], status: "dnd" }),
];
const names = (queue: Parameters<typeof answeringAgents>[0]) => answeringAgents(queue, AGENTS).map(({ name }) => name);

describe("answeringAgents", () => {
  it("is everybody where a queue names nobody", () => {
    expect(names({ agentIds: [], skills: [] })).toEqual(["Ana", "Bo"]);
  });

  it("wants every skill, of those who are named as well", () => {
    expect(names({ agentIds: [], skills: ["spanish", "solar"] })).toEqual(["Ana"]);
    expect(names({ agentIds: ["a2"], skills: ["solar"] })).toEqual(["Bo"]);
    expect(names({ agentIds: ["a2"], skills: ["spanish"] })).toEqual([]);
  });
});

describe("presence", () => {
  const agent = (row: Parameters<typeof readAgent>[0]) => readAgent({ userId: "u1", ...row });

  it("is what the API shows, not what was set", () => {
    const presence = { status: "on-call", since: "2026-11-29T08:00:00Z", currentCallId: "c1", connections: 2 };
    expect(agent({ status: "available", presence })).toMatchObject({
      status: "available",
      shown: "on-call",
      shownSince: Date.parse("2026-11-29T08:00:00Z"),
      callId: "c1",
      connections: 2,
    });
    expect(agent({ status: "available" })).toMatchObject({ shown: null, callId: null, connections: 0 });
  });

  it("says who is connected, and who must be and is not", () => {
    expect(connectionOf(agent({ presence: { connections: 1 } }))).toBe("Online");
    expect(connectionOf(agent({ needsConnection: true }))).toBe("Not connected");
    expect(connectionOf(agent({}))).toBe("");
    expect(connectionOf(readAgent({}))).toBe("Phone only");
  });
});

describe("readQueue and readAgent", () => {
  it("take a status nobody knows for none, and phones as they come", () => {
    expect(readAgent({ status: "asleep" }).status).toBeNull();
    expect(readQueue({ name: "sales", phones: [{ name: "Desk", destination: "sip:desk@a.example" }] })).toMatchObject({
      timeoutSeconds: null,
      phones: [{ name: "Desk", destination: "sip:desk@a.example", wrapUpSeconds: 0 }],
    });
  });
});
