import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { useDark } from "@/components/theme";
import { columns, type Peaks } from "./peaks";

const LANE_HEIGHT = 56;
const GAP = 10;
const BAR = 2;
const PITCH = 3;

interface WaveformProps {
  peaks: Peaks | null;
  /** How much of the whole the peaks cover while it still loads. */
  fraction: number;
  audio: HTMLAudioElement | null;
  onSeek: (fraction: number) => void;
}

/** Two lanes on one canvas, played part in full colour. Mouse and touch seek; keys are handled by the player. */
export function Waveform({ peaks, fraction, audio, onSeek }: WaveformProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  const [hover, setHover] = useState<number | null>(null);
  const dark = useDark();
  const lanes = Math.max(1, Math.min(2, peaks?.lanes.length ?? 2));
  const height = lanes * LANE_HEIGHT + (lanes - 1) * GAP;

  useLayoutEffect(() => {
    const node = canvas.current?.parentElement;
    if (!node) return;
    const observer = new ResizeObserver(() => setWidth(node.clientWidth));
    observer.observe(node);
    setWidth(node.clientWidth);
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    const node = canvas.current;
    const context = node?.getContext("2d");
    if (!node || !context || width === 0) return;
    const scale = window.devicePixelRatio || 1;
    node.width = Math.round(width * scale);
    node.height = Math.round(height * scale);
    context.scale(scale, scale);
    const style = getComputedStyle(document.documentElement);
    const colours = {
      lanes: [style.getPropertyValue("--lane-caller"), style.getPropertyValue("--lane-buyer")],
      rest: style.getPropertyValue("--line"),
      cursor: style.getPropertyValue("--ink"),
      // Read here so that a change of theme, which changes `dark`, repaints.
      dark,
    };
    const count = Math.max(1, Math.floor(width / PITCH));
    const shapes = peaks?.lanes.slice(0, lanes).map((lane) => columns(lane, Math.round(count * fraction))) ?? [];
    let frame = 0;
    let drawnAt = -1;
    const draw = () => {
      const played = audio?.duration ? audio.currentTime / audio.duration : 0;
      if (played !== drawnAt) {
        drawnAt = played;
        paint(context, { width, height, lanes, shapes, played, hover, colours });
      }
      frame = requestAnimationFrame(draw);
    };
    draw();
    return () => cancelAnimationFrame(frame);
  }, [peaks, fraction, width, height, lanes, audio, hover, dark]);

  const place = (clientX: number) => {
    const box = canvas.current?.getBoundingClientRect();
    return box && box.width > 0 ? Math.max(0, Math.min(1, (clientX - box.left) / box.width)) : 0;
  };
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a canvas takes no focus; the slider around it is what is read out.
    <canvas
      ref={canvas}
      aria-hidden="true"
      style={{ width, height }}
      className="block cursor-pointer touch-pan-y"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        onSeek(place(event.clientX));
      }}
      onPointerMove={(event) => {
        setHover(place(event.clientX));
        if (event.buttons === 1) onSeek(place(event.clientX));
      }}
      onPointerLeave={() => setHover(null)}
    />
  );
}

interface Painting {
  width: number;
  height: number;
  lanes: number;
  shapes: Float32Array[];
  played: number;
  hover: number | null;
  colours: { lanes: string[]; rest: string; cursor: string };
}

function paint(context: CanvasRenderingContext2D, painting: Painting): void {
  const { width, height, lanes, shapes, played, hover, colours } = painting;
  context.clearRect(0, 0, width, height);
  for (let lane = 0; lane < lanes; lane++) {
    const middle = lane * (LANE_HEIGHT + GAP) + LANE_HEIGHT / 2;
    const shape = shapes[lane];
    const colour = colours.lanes[lane] ?? colours.cursor;
    context.fillStyle = colours.rest;
    context.fillRect(0, middle - 0.5, width, 1);
    if (!shape) continue;
    context.fillStyle = colour;
    for (let index = 0; index < shape.length; index++) {
      const x = index * PITCH;
      // Speech is quiet beside full scale; the root lifts it so that both voices can be seen.
      const tall = Math.sqrt(shape[index] ?? 0) * (LANE_HEIGHT - 4);
      if (tall < 1) continue;
      context.globalAlpha = x <= played * width ? 1 : 0.38;
      context.fillRect(x, middle - tall / 2, BAR, tall);
    }
    context.globalAlpha = 1;
  }
  context.fillStyle = colours.cursor;
  if (hover !== null) {
    context.globalAlpha = 0.3;
    context.fillRect(hover * width, 0, 1, height);
    context.globalAlpha = 1;
  }
  if (played > 0) context.fillRect(Math.min(width - 1.5, played * width), 0, 1.5, height);
}
