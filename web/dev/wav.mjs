import { mulberry } from "./world.mjs";

/** Two voices taking turns, 8 kHz stereo: something to look at and to seek in. */
export function conversation(seconds, seed) {
  const random = mulberry(seed);
  const frames = Math.floor(seconds * 8000);
  const bytes = Buffer.alloc(44 + frames * 4);
  bytes.write("RIFF", 0);
  bytes.writeUInt32LE(36 + frames * 4, 4);
  bytes.write("WAVEfmt ", 8);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(2, 22);
  bytes.writeUInt32LE(8000, 24);
  bytes.writeUInt32LE(32000, 28);
  bytes.writeUInt16LE(4, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write("data", 36);
  bytes.writeUInt32LE(frames * 4, 40);
  let speaker = 0;
  let until = 0;
  let level = 0;
  for (let frame = 0; frame < frames; frame++) {
    if (frame >= until) {
      speaker = random() < 0.15 ? 2 : 1 - (speaker % 2);
      until = frame + 8000 * (0.6 + random() * 4);
    }
    if (frame % 900 === 0) level = 0.05 + random() ** 2 * 0.5;
    for (const side of [0, 1]) {
      const pitch = side === 0 ? 140 : 205;
      const voice =
        Math.sin((frame * pitch * Math.PI * 2) / 8000) * 0.6 +
        Math.sin((frame * pitch * 2.7 * Math.PI * 2) / 8000) * 0.4;
      const loud = side === speaker ? level : 0.002;
      bytes.writeInt16LE(Math.round(voice * loud * 32_000), 44 + frame * 4 + side * 2);
    }
  }
  return bytes;
}
