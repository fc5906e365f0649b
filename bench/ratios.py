#!/usr/bin/env python3
"""Prints the figures of one run of bench/run as a table: ours, the peer's, their ratio, and the goal.   ratios.py DIRECTORY"""
import json
import os
import sys
from statistics import median

# Milliseconds of CPU a call at 500 calls/s; kilobytes a held call.
CALL_MS_GOAL, HELD_KB_GOAL = 1.5, 60


def rows(directory, name):
    try:
        with open(os.path.join(directory, name)) as file:
            return [json.loads(line) for line in file]
    except OSError:
        return []


def figures(found, at, value):
    """(median, n, least quiet) by label and load: of quiet runs where there are any, else of all."""
    groups = {}
    for row in found:
        if row.get(value) is not None:
            groups.setdefault((row["label"], row[at]), []).append(row)
    out = {}
    for key, group in groups.items():
        kept = [row for row in group if row.get("quiet")] or group
        out[key] = (median(row[value] for row in kept), len(kept), max(row["other_cores"] for row in kept))
    return out


def compare(title, found, at, value, peer, unit):
    by = figures(found, at, value)
    loads = sorted({load for _, load in by})
    if not loads:
        return
    print(f"\n{title}\n  {'load':>6} {'ours':>10} {peer:>10} {'ratio':>7}   {unit}; runs; other cores used meanwhile, at most")
    for load in loads:
        ours, theirs = by.get(("hopwhistle", load)), by.get((peer, load))
        ratio = f"{ours[0] / theirs[0]:.2f}" if ours and theirs else "-"
        show = lambda one: f"{one[0]:.3f}" if one else "-"
        noise = "  ".join(f"n={one[1]} other {one[2]:.2f}" for one in (ours, theirs) if one)
        print(f"  {load:>6} {show(ours):>10} {show(theirs):>10} {ratio:>7}   {noise}")


def main():
    directory = sys.argv[1]
    calls = rows(directory, "calls.jsonl")
    compare("CPU per call, signalling only, with events, CDR and charge (Kamailio: a proxy, writes nothing)", calls, "offered",
            "server_ms_per_call", "kamailio", f"ms a call (goal at 500: < {CALL_MS_GOAL})")
    for row in calls:
        if row["bad_pct"] > 1 or not row["held_rate"]:
            print(f"  ! {row['label']} at {row['offered']}/s: {row['achieved']}/s reached, {row['bad_pct']} % failed or repeated")
    for row in rows(directory, "hold.jsonl"):
        print(f"\nHeld calls: {row['up']} up, {row['kb_per_call']} kB a call (goal: < {HELD_KB_GOAL}), "
              f"{row['server_us_per_call_s']} us of CPU a call and second")
    relay = rows(directory, "relay.jsonl")
    compare("CPU per relayed RTP packet", relay, "streams", "server_us_per_packet", "rtpengine", "us a packet (goal: ratio <= 1)")
    compare("Added latency, p99", relay, "streams", "lat_p99_us", "rtpengine", "us")
    compare("Memory per relayed call", relay, "streams", "kb_per_call", "rtpengine", "kB")


if __name__ == "__main__":
    main()
