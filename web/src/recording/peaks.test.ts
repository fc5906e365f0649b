import { describe, expect, it } from "vitest";
import { columns, PeakCollector } from "./peaks";
import { decodeALaw, decodeULaw, parseWavHeader } from "./wav";

interface Options {
  code?: number;
  bits?: number;
  channels?: number;
  dataSize?: number;
  extra?: boolean;
}

function wav(samples: Uint8Array, { code = 1, bits = 16, channels = 2, dataSize, extra }: Options = {}): Uint8Array {
  const list = extra ? 8 + 5 + 1 : 0;
  const bytes = new Uint8Array(44 + list + samples.length);
  const view = new DataView(bytes.buffer);
  const tag = (at: number, name: string) => bytes.set(new TextEncoder().encode(name), at);
  tag(0, "RIFF");
  view.setUint32(4, bytes.length - 8, true);
  tag(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, code, true);
  view.setUint16(22, channels, true);
  view.setUint32(24, 8000, true);
  view.setUint32(28, (8000 * channels * bits) / 8, true);
  view.setUint16(32, (channels * bits) / 8, true);
  view.setUint16(34, bits, true);
  if (extra) {
    tag(36, "LIST");
    view.setUint32(40, 5, true);
  }
  tag(36 + list, "data");
  view.setUint32(40 + list, dataSize ?? samples.length, true);
  bytes.set(samples, 44 + list);
  return bytes;
}

/** A second of stereo: the caller is loud in the first half, the buyer in the second. */
function conversation(): Uint8Array {
  const view = new DataView(new ArrayBuffer(8000 * 4));
  for (let frame = 0; frame < 8000; frame++) {
    view.setInt16(frame * 4, frame < 4000 ? -16_384 : 0, true);
    view.setInt16(frame * 4 + 2, frame < 4000 ? 0 : 8192, true);
  }
  return new Uint8Array(view.buffer);
}

function collect(bytes: Uint8Array, pieces: number) {
  const collector = new PeakCollector();
  for (let at = 0; at < bytes.length; at += pieces) collector.push(bytes.slice(at, at + pieces));
  return collector.peaks();
}

describe("peaks of a WAV", () => {
  it.each([1, 7, 1000, 1_000_000])("are the same in pieces of %s bytes", (pieces) => {
    const peaks = collect(wav(conversation(), { extra: true }), pieces);
    expect(peaks?.durationSeconds).toBe(1);
    expect(peaks?.lanes.map((lane) => [lane.length, lane[0], lane[49], lane[50], lane[99]])).toEqual([
      [100, 0.5, 0.5, 0, 0],
      [100, 0, 0, 0.25, 0.25],
    ]);
  });

  it("reads to the end when the writer never told the size", () => {
    expect(collect(wav(conversation(), { dataSize: 0 }), 512)?.durationSeconds).toBe(1);
    expect(collect(wav(conversation(), { dataSize: 0xffff_ffff }), 512)?.durationSeconds).toBe(1);
  });

  it("stops at the end of the samples, whatever follows", () => {
    expect(collect(wav(conversation(), { dataSize: 16_000 }), 333)?.durationSeconds).toBe(0.5);
  });

  it("reads G.711", () => {
    const silence = new Uint8Array(8000).fill(0xff);
    const peaks = collect(wav(silence, { code: 7, bits: 8, channels: 1 }), 100);
    expect(peaks?.lanes[0]?.every((peak) => peak === 0)).toBe(true);
    expect(decodeULaw(0x00)).toBeCloseTo(-32_124 / 32_768, 6);
    expect(decodeULaw(0x80)).toBeCloseTo(32_124 / 32_768, 6);
    expect(decodeALaw(0xd5)).toBeCloseTo(8 / 32_768, 6);
    expect(decodeALaw(0xaa)).toBeCloseTo(32_256 / 32_768, 6);
  });

  it("refuses what is no WAV, and waits for the rest of a header", () => {
    expect(() => parseWavHeader(new TextEncoder().encode("<html><body>no</body></html>"))).toThrow("no WAV");
    expect(() => parseWavHeader(wav(new Uint8Array(8), { code: 85 }))).toThrow("not supported");
    expect(parseWavHeader(wav(conversation()).slice(0, 40))).toBe("more");
  });
});

it("squeezes and stretches lanes into columns", () => {
  expect([...columns(Float32Array.of(0.1, 0.5, 0.25, 0), 2)]).toEqual([0.5, 0.25]);
  expect([...columns(Float32Array.of(0.5), 3)]).toEqual([0.5, 0.5, 0.5]);
  expect([...columns(new Float32Array(0), 2)]).toEqual([0, 0]);
});
