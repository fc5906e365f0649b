import { describe, expect, it } from "vitest";
import { choiceQuery, choicesQuery, readChoice } from "./pick";

describe("readChoice", () => {
  it("shows a number as people write it, and a person by name or address", () => {
    expect(readChoice("number", { id: "n", number: "+12125550100" }).name).toBe("+1 212 555 0100");
    expect(readChoice("user", { id: "u", firstName: "Ada", lastName: "Moreno", email: "a@b.c" }).name).toBe(
      "Ada Moreno",
    );
    expect(readChoice("user", { id: "u", email: "a@b.c" }).name).toBe("a@b.c");
  });

  it("shows a lead by name, or by the number it is known by", () => {
    const phoneNumber = "+12125550100";
    expect(readChoice("lead", { id: "l", phoneNumber, firstName: "Ana", lastName: "Ray" }).name).toBe("Ana Ray");
    expect(readChoice("lead", { id: "l", phoneNumber }).name).toBe(phoneNumber);
  });

  it("shows an account with whose it is", () => {
    expect(readChoice("account", { id: "a", name: "Main", tenantName: "Acme" }).name).toBe("Acme: Main");
    expect(readChoice("account", { id: "a", name: "Main", tenantName: null }).name).toBe("Main");
  });

  it("tells something that has no name by its id", () => {
    expect(readChoice("buyer", { id: "0190f3a2-7b11" }).name).toBe("0190f3a2…");
  });
});

describe("the queries", () => {
  it("become stale with the list they are of", () => {
    expect(choicesQuery("pool", "").queryKey[0]).toBe("pools");
    expect(choiceQuery("trunk", "x").queryKey[0]).toBe("trunks");
  });

  it("ask for a number as the API has it", () => {
    expect(choicesQuery("number", "(212) 555").queryKey[2]).toBe("212555");
    expect(choicesQuery("campaign", "Solar (CA)").queryKey[2]).toBe("Solar (CA)");
  });
});
