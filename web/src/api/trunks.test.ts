import { describe, expect, it } from "vitest";
import { outboundOf, outboundValues, readTrunk, writtenAs } from "./trunks";

const wire = {
  id: "t",
  name: "West",
  host: "sip.west.example",
  outbound: {
    priority: 5,
    transport: "TCP",
    username: "acme",
    hasPassword: true,
    numberFormat: "NATIONAL",
    numberPrefix: "9",
    callerId: "+12125550100",
    callerIdSource: "TRUNK",
    assertsIdentity: false,
  },
};

describe("a trunk's calls out", () => {
  it("come through the form as they were, but for the password, which stays", () => {
    const trunk = readTrunk(wire);
    expect(outboundOf(outboundValues(trunk.outbound))).toEqual({
      priority: 5,
      transport: "TCP",
      username: "acme",
      numberFormat: "NATIONAL",
      numberPrefix: "9",
      callerId: "+12125550100",
      callerIdSource: "TRUNK",
      assertsIdentity: false,
    });
  });

  it("are sent with a new password where one is typed", () => {
    const values = { ...outboundValues(readTrunk(wire).outbound), "outbound.password": "secret" };
    expect(outboundOf(values)).toMatchObject({ password: "secret" });
  });

  it("are null where there are none", () => {
    expect(outboundOf(outboundValues(readTrunk({ id: "t" }).outbound))).toBeNull();
  });
});

describe("writtenAs", () => {
  it("shows what the carrier is given", () => {
    expect(writtenAs("E164", "")).toBe("+12125550100");
    expect(writtenAs("DIGITS", "011#")).toBe("011#12125550100");
    expect(writtenAs("NATIONAL", "9")).toBe("92125550100");
  });
});
