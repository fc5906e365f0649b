import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import type { Place } from "./navigation";

const CHORD_MS = 1200;

const typing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** "g" then a letter goes to a page, "/" goes to the search, "?" shows the list. */
export function useShortcuts(places: Place[], onHelp: () => void): void {
  const navigate = useNavigate();
  const latest = useRef(places);
  latest.current = places;
  useEffect(() => {
    let chordUntil = 0;
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
      if (document.querySelector("[role=dialog]")) return;
      if (Date.now() < chordUntil) {
        chordUntil = 0;
        const place = latest.current.find((each) => each.key === event.key);
        if (!place) return;
        event.preventDefault();
        void navigate({ to: place.to });
      } else if (event.key === "g") {
        chordUntil = Date.now() + CHORD_MS;
      } else if (event.key === "/") {
        event.preventDefault();
        const search = document.querySelector<HTMLInputElement>("input[data-search]");
        if (search) search.focus();
        else void navigate({ to: "/calls", search: { focus: true } });
      } else if (event.key === "?") {
        onHelp();
      }
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [navigate, onHelp]);
}
