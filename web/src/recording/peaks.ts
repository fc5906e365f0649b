import { parseWavHeader, sampleReader, type WavFormat } from "./wav";

/** The loudest sample of each short slice of time, per channel, 0 to 1. */
export interface Peaks {
  lanes: Float32Array[];
  durationSeconds: number;
}

/** 100 slices a second: fine enough for any screen, and one hour of stereo is 2.9 MB. */
const SLICES_PER_SECOND = 100;

/**
 * Takes a WAV in pieces as they arrive and keeps its peaks only, so that the length of a recording does not decide how much
 * memory the page takes.
 */
export class PeakCollector {
  #pending: Uint8Array = new Uint8Array(0);
  #format: WavFormat | null = null;
  #read: (view: DataView, at: number) => number = () => 0;
  #lanes: number[][] = [];
  #frames = 0;
  #left = 0;

  push(chunk: Uint8Array): void {
    const bytes = this.#pending.length === 0 ? chunk : joined(this.#pending, chunk);
    if (this.#format) {
      this.#pending = this.#consume(this.#format, bytes);
      return;
    }
    const header = parseWavHeader(bytes);
    if (header === "more") {
      this.#pending = bytes.slice();
      return;
    }
    this.#format = header;
    this.#read = sampleReader(header);
    this.#left = header.dataBytes;
    this.#lanes = Array.from({ length: header.channels }, () => []);
    this.#pending = this.#consume(header, bytes.subarray(header.dataOffset));
  }

  /** The peaks so far; null before the header is complete. */
  peaks(): Peaks | null {
    if (!this.#format) return null;
    return {
      lanes: this.#lanes.map((lane) => Float32Array.from(lane)),
      durationSeconds: this.#frames / this.#format.sampleRateHz,
    };
  }

  #consume(format: WavFormat, bytes: Uint8Array): Uint8Array {
    const sampleBytes = format.bitsPerSample / 8;
    const frameBytes = sampleBytes * format.channels;
    const usable = Math.min(bytes.length, this.#left);
    const frames = Math.floor(usable / frameBytes);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const framesPerSlice = format.sampleRateHz / SLICES_PER_SECOND;
    for (let frame = 0; frame < frames; frame++) {
      const slice = Math.floor((this.#frames + frame) / framesPerSlice);
      for (let channel = 0; channel < format.channels; channel++) {
        const lane = this.#lanes[channel];
        if (!lane) continue;
        const loud = Math.abs(this.#read(view, frame * frameBytes + channel * sampleBytes));
        if (loud > (lane[slice] ?? -1)) lane[slice] = loud;
      }
    }
    this.#frames += frames;
    this.#left -= frames * frameBytes;
    return bytes.slice(frames * frameBytes, usable);
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}

/** Squeezes a lane into as many columns as the canvas has, each the loudest of what it covers. */
export function columns(lane: Float32Array, count: number): Float32Array {
  const out = new Float32Array(Math.max(0, count));
  if (lane.length === 0) return out;
  for (let column = 0; column < count; column++) {
    const from = Math.floor((column * lane.length) / count);
    const to = Math.max(from + 1, Math.floor(((column + 1) * lane.length) / count));
    let loudest = 0;
    for (let index = from; index < Math.min(to, lane.length); index++) loudest = Math.max(loudest, lane[index] ?? 0);
    out[column] = loudest;
  }
  return out;
}
