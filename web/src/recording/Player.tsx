import { Download, LoaderCircle, Pause, Play } from "lucide-react";
import { type KeyboardEvent, useCallback, useEffect, useRef, useState } from "react";
import type { Recording } from "@/api/calls";
import { Failure } from "@/components/States";
import { Button } from "@/components/ui/button";
import { cn } from "@/components/ui/cn";
import { formatDuration } from "@/format/time";
import { type LoadedRecording, loadRecording } from "./load";
import type { Peaks } from "./peaks";
import { Waveform } from "./Waveform";

const SKIP_SECONDS = 5;
const SPEEDS = [0.75, 1, 1.25, 1.5, 2];

interface PlayerProps {
  recording: Recording;
  callerLabel: string;
  buyerLabel: string;
}

export function Player({ recording, callerLabel, buyerLabel }: PlayerProps) {
  const [loaded, setLoaded] = useState<LoadedRecording | null>(null);
  const [partial, setPartial] = useState<{ peaks: Peaks; fraction: number } | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [attempt, setAttempt] = useState(0);

  useEffect(() => {
    if (attempt < 0) return;
    const stop = new AbortController();
    let source: LoadedRecording | null = null;
    setError(null);
    setLoaded(null);
    loadRecording(recording.id, stop.signal, (peaks, fraction) => setPartial({ peaks, fraction: fraction ?? 1 })).then(
      (result) => {
        source = result;
        if (stop.signal.aborted && result.held) URL.revokeObjectURL(result.source);
        else setLoaded(result);
      },
      (cause: unknown) => {
        if (!stop.signal.aborted) setError(cause);
      },
    );
    return () => {
      stop.abort();
      if (source?.held) URL.revokeObjectURL(source.source);
    };
  }, [recording.id, attempt]);

  if (error) {
    return <Failure what="The recording" error={error} onRetry={() => setAttempt((count) => count + 1)} />;
  }
  return <Deck loaded={loaded} partial={partial} lanes={[callerLabel, buyerLabel]} name={recording.id} />;
}

interface DeckProps {
  loaded: LoadedRecording | null;
  partial: { peaks: Peaks; fraction: number } | null;
  lanes: [string, string];
  name: string;
}

function Deck({ loaded, partial, lanes, name }: DeckProps) {
  const [audio, setAudio] = useState<HTMLAudioElement | null>(null);
  const [playing, setPlaying] = useState(false);
  const [at, setAt] = useState(0);
  const [speed, setSpeed] = useState(1);
  const group = useRef<HTMLDivElement>(null);
  const peaks = loaded?.peaks ?? partial?.peaks ?? null;
  const duration = loaded?.peaks.durationSeconds ?? 0;

  const toggle = useCallback(() => {
    if (!audio) return;
    if (audio.paused) void audio.play().catch(() => setPlaying(false));
    else audio.pause();
  }, [audio]);
  const seek = useCallback(
    (seconds: number) => {
      if (!audio || !loaded) return;
      audio.currentTime = Math.max(0, Math.min(duration, seconds));
      setAt(audio.currentTime);
    },
    [audio, loaded, duration],
  );

  useEffect(() => {
    if (audio) audio.playbackRate = speed;
  }, [audio, speed]);

  // Space and arrows work wherever the focus is on this page, unless something there uses them itself.
  useEffect(() => {
    const onKey = (event: globalThis.KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      const target = event.target as HTMLElement | null;
      if (
        target?.closest("input, select, textarea, button, a, [role=dialog], [role=menu], [role=slider], [role=tablist]")
      )
        return;
      if (event.key === " ") toggle();
      else if (event.key === "ArrowLeft") seek((audio?.currentTime ?? 0) - SKIP_SECONDS);
      else if (event.key === "ArrowRight") seek((audio?.currentTime ?? 0) + SKIP_SECONDS);
      else return;
      event.preventDefault();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [audio, toggle, seek]);

  const onSliderKey = (event: KeyboardEvent) => {
    const step: Record<string, number> = {
      ArrowLeft: at - SKIP_SECONDS,
      ArrowRight: at + SKIP_SECONDS,
      ArrowDown: at - SKIP_SECONDS,
      ArrowUp: at + SKIP_SECONDS,
      Home: 0,
      End: duration,
    };
    const to = step[event.key];
    if (event.key === " ") toggle();
    else if (to !== undefined) seek(to);
    else return;
    event.preventDefault();
  };

  return (
    <div ref={group} className="grid gap-3 px-4 pb-4 sm:px-5 sm:pb-5">
      {loaded ? (
        // biome-ignore lint/a11y/useMediaCaption: the call's transcript, once there is one, is shown beside the player.
        <audio
          ref={setAudio}
          src={loaded.source}
          crossOrigin={loaded.held ? undefined : "use-credentials"}
          preload="auto"
          onPlay={() => setPlaying(true)}
          onPause={() => setPlaying(false)}
          onEnded={() => setPlaying(false)}
          onTimeUpdate={(event) => setAt(event.currentTarget.currentTime)}
        />
      ) : null}
      <div className="grid gap-x-3 sm:grid-cols-[6.5rem_1fr]">
        <div className="flex justify-between gap-3 pb-1 text-[13px] sm:flex-col sm:justify-around sm:pb-0">
          {(peaks?.lanes.length === 1 ? ["Both sides"] : lanes).map((lane, index) => (
            <span key={lane} className="flex min-w-0 items-center gap-2">
              <span
                className={cn(
                  "size-2.5 shrink-0 rounded-full",
                  index === 0 ? "bg-[var(--lane-caller)]" : "bg-[var(--lane-buyer)]",
                )}
                aria-hidden="true"
              />
              <span className="truncate" title={lane}>
                {lane}
              </span>
            </span>
          ))}
        </div>
        <div
          role="slider"
          tabIndex={loaded ? 0 : -1}
          aria-label="Position in the recording"
          aria-valuemin={0}
          aria-valuemax={Math.round(duration)}
          aria-valuenow={Math.round(at)}
          aria-valuetext={`${formatDuration(at)} of ${formatDuration(duration)}`}
          aria-disabled={!loaded}
          onKeyDown={onSliderKey}
          className="min-w-0 rounded-md"
        >
          <Waveform
            peaks={peaks}
            fraction={loaded ? 1 : (partial?.fraction ?? 0)}
            audio={audio}
            onSeek={(fraction) => seek(fraction * duration)}
          />
        </div>
      </div>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <Button
          size="icon"
          className="size-11 rounded-full"
          onClick={toggle}
          disabled={!loaded}
          aria-label={playing ? "Pause" : "Play"}
        >
          {!loaded ? (
            <LoaderCircle className="animate-spin" />
          ) : playing ? (
            <Pause />
          ) : (
            <Play className="translate-x-px" />
          )}
        </Button>
        <span className="tabular text-[13px]">
          {formatDuration(at)} <span className="text-soft">/ {loaded ? formatDuration(duration) : "loading"}</span>
        </span>
        <span className="flex-1" />
        <div role="radiogroup" aria-label="Speed" className="flex gap-0.5 rounded-lg bg-sunken p-0.5">
          {SPEEDS.map((each) => (
            <label
              key={each}
              className={cn(
                "tabular cursor-pointer rounded-md px-2 py-1 text-xs font-medium text-soft has-focus-visible:outline-2 has-focus-visible:outline-focus",
                each === speed && "bg-surface text-ink shadow-card",
              )}
            >
              <input
                type="radio"
                name="speed"
                className="sr-only"
                checked={each === speed}
                onChange={() => setSpeed(each)}
              />
              {each}×
            </label>
          ))}
        </div>
        {loaded?.held ? (
          <Button asChild variant="ghost" size="icon" aria-label="Download the recording">
            <a href={loaded.source} download={`${name}.wav`}>
              <Download />
            </a>
          </Button>
        ) : null}
      </div>
    </div>
  );
}
