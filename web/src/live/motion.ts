import { useEffect, useRef, useState, useSyncExternalStore } from "react";

const COUNT_MS = 700;

const reduced = (): boolean => window.matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Moves towards `target` over 0.7 s; at once when motion is unwelcome, on the first value, and in a hidden tab. */
export function useCountUp(target: number | null): number | null {
  const [shown, setShown] = useState(target);
  const current = useRef(target);
  useEffect(() => {
    const from = current.current;
    if (target === null || from === null || from === target || reduced() || document.hidden) {
      current.current = target;
      setShown(target);
      return;
    }
    const began = performance.now();
    let frame = requestAnimationFrame(function step(now) {
      const part = Math.min(1, (now - began) / COUNT_MS);
      const value = part === 1 ? target : from + (target - from) * (1 - (1 - part) ** 3);
      current.current = value;
      setShown(value);
      if (part < 1) frame = requestAnimationFrame(step);
    });
    return () => cancelAnimationFrame(frame);
  }, [target]);
  return shown;
}

const listeners = new Set<() => void>();
let second = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (timer === undefined) {
    second = Date.now();
    timer = setInterval(() => {
      second = Date.now();
      for (const each of listeners) each();
    }, 1000);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The time in milliseconds, once a second, from one timer for the whole page. */
export const useNow = (): number => useSyncExternalStore(subscribe, () => second);
