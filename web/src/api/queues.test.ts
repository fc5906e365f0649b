import { describe, expect, it } from "vitest";
import { answeringAgents, readAgent, readQueue } from "./queues";

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

describe("readQueue and readAgent", () => {
  it("take a status nobody knows for none, and phones as they come", () => {
    expect(readAgent({ status: "asleep" }).status).toBeNull();
    expect(readQueue({ name: "sales", phones: [{ name: "Desk", destination: "sip:desk@a.example" }] })).toMatchObject({
      timeoutSeconds: null,
      phones: [{ name: "Desk", destination: "sip:desk@a.example", wrapUpSeconds: 0 }],
    });
  });
});
