/** What a WAV header says about the samples behind it. */
export interface WavFormat {
  encoding: "pcm" | "float" | "alaw" | "ulaw";
  channels: number;
  sampleRateHz: number;
  bitsPerSample: number;
  dataOffset: number;
  /** Bytes of samples; Infinity when the writer did not get to say (a recording cut by a crash). */
  dataBytes: number;
}

const HEADER_MAX_BYTES = 65_536;

/**
 * Reads RIFF and RF64 headers. Answers "more" while the header is incomplete, so that it can be fed from a stream, and throws
 * on what is no WAV.
 */
export function parseWavHeader(bytes: Uint8Array): WavFormat | "more" {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12) return "more";
  const riff = tag(view, 0);
  if ((riff !== "RIFF" && riff !== "RF64") || tag(view, 8) !== "WAVE") throw new Error("This is no WAV file.");
  let offset = 12;
  let format: Omit<WavFormat, "dataOffset" | "dataBytes"> | undefined;
  while (offset + 8 <= bytes.length) {
    const name = tag(view, offset);
    const size = view.getUint32(offset + 4, true);
    if (name === "data") {
      if (!format) throw new Error("The WAV file has samples before their format.");
      const unknown = size === 0 || size === 0xffff_ffff;
      return { ...format, dataOffset: offset + 8, dataBytes: unknown ? Number.POSITIVE_INFINITY : size };
    }
    if (name === "fmt ") {
      if (offset + 8 + size > bytes.length) return "more";
      format = readFormat(view, offset + 8, size);
    }
    offset += 8 + size + (size % 2);
    if (offset > HEADER_MAX_BYTES) throw new Error("The WAV file's header is too long.");
  }
  return "more";
}

function readFormat(view: DataView, at: number, size: number): Omit<WavFormat, "dataOffset" | "dataBytes"> {
  if (size < 16) throw new Error("The WAV file's format is cut short.");
  let code = view.getUint16(at, true);
  const channels = view.getUint16(at + 2, true);
  const sampleRateHz = view.getUint32(at + 4, true);
  const bitsPerSample = view.getUint16(at + 14, true);
  if (code === 0xfffe && size >= 26) code = view.getUint16(at + 24, true);
  const encoding = ({ 1: "pcm", 3: "float", 6: "alaw", 7: "ulaw" } as const)[code];
  const fits = encoding === "pcm" ? [8, 16, 24, 32] : encoding === "float" ? [32] : [8];
  if (!encoding || !fits.includes(bitsPerSample)) throw new Error("The WAV file's sample format is not supported.");
  if (channels < 1 || channels > 8 || sampleRateHz < 1) throw new Error("The WAV file's format makes no sense.");
  return { encoding, channels, sampleRateHz, bitsPerSample };
}

const tag = (view: DataView, at: number): string =>
  String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));

/** A reader of one sample, -1 to 1. */
export function sampleReader(format: WavFormat): (view: DataView, at: number) => number {
  if (format.encoding === "alaw") return (view, at) => decodeALaw(view.getUint8(at));
  if (format.encoding === "ulaw") return (view, at) => decodeULaw(view.getUint8(at));
  if (format.encoding === "float") return (view, at) => Math.max(-1, Math.min(1, view.getFloat32(at, true)));
  switch (format.bitsPerSample) {
    case 8:
      return (view, at) => (view.getUint8(at) - 128) / 128;
    case 16:
      return (view, at) => view.getInt16(at, true) / 32_768;
    case 24:
      return (view, at) => ((view.getInt8(at + 2) << 16) | view.getUint16(at, true)) / 8_388_608;
    default:
      return (view, at) => view.getInt32(at, true) / 2_147_483_648;
  }
}

// ITU-T G.711.
export function decodeULaw(byte: number): number {
  const value = ~byte & 0xff;
  const magnitude = ((((value & 0x0f) << 3) + 0x84) << ((value >> 4) & 7)) - 0x84;
  return (value & 0x80 ? -magnitude : magnitude) / 32_768;
}

export function decodeALaw(byte: number): number {
  const value = byte ^ 0x55;
  const exponent = (value >> 4) & 7;
  const mantissa = ((value & 0x0f) << 4) + 8;
  const magnitude = exponent === 0 ? mantissa : (mantissa + 0x100) << (exponent - 1);
  return (value & 0x80 ? magnitude : -magnitude) / 32_768;
}
