import { ApiError, authHeaders, readError } from "@/api/client";
import { apiUrl } from "@/api/config";
import { PeakCollector, type Peaks } from "./peaks";

/** Above this a recording is streamed by the player itself (range requests, session cookie) instead of being held. */
const HELD_MAX_BYTES = 96 * 1024 * 1024;
const PROGRESS_EVERY_MS = 250;

export interface LoadedRecording {
  source: string;
  peaks: Peaks;
  held: boolean;
}

export const streamUrl = (id: string): string => apiUrl(`/api/v1/recordings/${encodeURIComponent(id)}/stream`);

/** Fetches a recording once, for both its sound and its shape. */
export async function loadRecording(
  id: string,
  signal: AbortSignal,
  onProgress: (peaks: Peaks, fraction: number | null) => void,
): Promise<LoadedRecording> {
  const response = await fetch(streamUrl(id), { headers: authHeaders(), credentials: "include", signal });
  if (!response.ok) throw readError(response.status, await response.json().catch(() => null));
  if (!response.body) throw new ApiError(0, "NETWORK_ERROR", "The recording came without content.");

  const length = Number(response.headers.get("content-length")) || null;
  const collector = new PeakCollector();
  const reader = response.body.getReader();
  let kept: Uint8Array<ArrayBuffer>[] | null = [];
  let received = 0;
  let reportedAt = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    collector.push(value);
    received += value.length;
    kept?.push(value);
    if (received > HELD_MAX_BYTES) kept = null;
    const now = performance.now();
    if (now - reportedAt > PROGRESS_EVERY_MS) {
      reportedAt = now;
      const soFar = collector.peaks();
      if (soFar) onProgress(soFar, length === null ? null : received / length);
    }
  }
  const peaks = collector.peaks();
  if (!peaks) throw new Error("The recording holds no sound.");
  const source = kept ? URL.createObjectURL(new Blob(kept, { type: "audio/wav" })) : streamUrl(id);
  return { source, peaks, held: kept !== null };
}
