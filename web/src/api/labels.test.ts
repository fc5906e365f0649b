import { describe, expect, it } from "vitest";
import { onlyNumber, readTag } from "./labels";
import { readPage } from "./read";
import { readNumber } from "./resources";

const found = (...numbers: string[]) =>
  readPage({ data: numbers.map((number) => ({ id: number, number })) }, readNumber);

describe("onlyNumber", () => {
  it("takes the one that fits, and the whole one before one it is part of", () => {
    expect(onlyNumber("555-0100", found("+12125550100")).number).toBe("+12125550100");
    expect(onlyNumber("+1 212 555 01", found("+121255501", "+12125550100")).number).toBe("+121255501");
  });

  it("refuses none and several, and names the field", () => {
    expect(() => onlyNumber("555", found("+12125550100", "+12125550101"))).toThrow("several");
    expect(() => onlyNumber("555", found())).toThrow("no number of yours");
    expect(() => onlyNumber("", found("+12125550100"))).toThrow("no number of yours");
  });
});

describe("readTag", () => {
  it("leaves out what is no colour: it goes into a style", () => {
    expect(readTag({ name: "Hot", color: "#FF8800" }).color).toBe("#FF8800");
    expect(readTag({ name: "Hot", color: "red; background: url(x)" }).color).toBeNull();
  });
});
