#!/usr/bin/env python3
"""Tries web/openapi.json against the real server with schemathesis, as each of those in identities.py. See README.md."""

import concurrent.futures
import json
import os
import pathlib
import queue
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
import xml.etree.ElementTree

import identities

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
DOCUMENT = ROOT / "web/openapi.json"
LOGS = ROOT / "target/tests/contract"
BINARY = os.environ.get("CONTRACT_BINARY", str(ROOT / "target/debug/hopwhistle"))
TOOL = pathlib.Path(sys.executable).with_name("st")
SEED = os.environ.get("CONTRACT_SEED", "1")
EXAMPLES = os.environ.get("CONTRACT_EXAMPLES", "3")
AT_ONCE = int(os.environ.get("CONTRACT_AT_ONCE", "2"))
PORT_OFFSET = int(os.environ.get("CONTRACT_PORT_OFFSET", "900"))
STARTS_WITHIN = 60
# Ports of one platform end before those of the next begin.
PORT_STEP = 100
RTP_PORTS = 200

# These end what the run stands on, so they come last, on credentials that are needed no more:
ENDING = {
    "logout": "ends the session",
    "saveSignInPolicy": "may require a second factor, without which nobody gets further",
}
# Every schema walked from edge to edge (the tool's coverage phase) takes by far the longest and finds the same for whoever gets so far;
# the others get examples and random cases. CONTRACT_THOROUGH=1 walks for all.
WALKS = ["operator", "nobody"]
THOROUGH = os.environ.get("CONTRACT_THOROUGH", "") not in ("", "0")

# Who may do everything there is must have been answered 2xx by so much of it, or the run says little.
REACHED_MIN = {"operator": 0.75}


class Platform:
    """`hopwhistle up --demo` on a folder and ports of its own."""

    def __init__(self, slot):
        self.folder = tempfile.TemporaryDirectory(prefix="hopwhistle-contract-")
        self.data = self.folder.name
        offset = PORT_OFFSET + slot * PORT_STEP
        first = 30_000 + slot * RTP_PORTS
        # No limit may answer for the server; the buckets themselves stay in use.
        high = dict.fromkeys(
            [f"{who}_REQUESTS_PER_MINUTE" for who in ("KEY", "USER", "TENANT", "NETWORK")], "10000000"
        )
        ports = {"RTP_START": str(first), "RTP_END": str(first + RTP_PORTS - 1)}
        self.arguments = [BINARY, "--data", self.data, "--port-offset", str(offset)]
        self.environment = {**os.environ, **high, **ports}
        self.log = pathlib.Path(self.data, "platform.log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [*self.arguments, "up", "--demo"], env=self.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        self.demo = self.wait()
        self.api = identities.Api(self.demo["api_url"], {"X-API-Key": self.demo["api_key"]})

    def wait(self):
        until = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < until and self.process.poll() is None:
            try:
                demo = json.loads(pathlib.Path(self.data, "demo.json").read_text(encoding="utf-8"))
                urllib.request.urlopen(demo["api_url"] + "/health/ready", timeout=5).close()
                return demo
            except (OSError, ValueError):
                time.sleep(0.1)
        self.stop()
        raise RuntimeError(f"the platform is not ready:\n{self.tail()}")

    def call(self):
        """One call, so that there is a record, a recording and a charge to read."""
        subprocess.run(
            [*self.arguments, "call", "direct", "--seconds", "6"],
            env=self.environment, check=True, stdout=subprocess.DEVNULL,
        )

    def tail(self):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-40:])

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def fuzz(name, platform, headers, selection, part):
    """One run of the tool: the operations that failed, by their names, and how each was answered."""
    logs = LOGS / name
    logs.mkdir(parents=True, exist_ok=True)
    junit, answers, output = (logs / f"{part}.{end}" for end in ("xml", "json", "log"))
    junit.unlink(missing_ok=True)
    known = {path.rpartition("/")[2]: ids for path, ids in identities.known_ids(platform.api).items()}
    own = identities.own_ids(platform.api) + identities.own_ids(identities.Api(platform.api.url, headers))
    run = {"known": known, "own": own, "answers": str(answers)}
    command = [TOOL, "--config-file", HERE / "schemathesis.toml", "run", DOCUMENT, "--url", platform.api.url, "--no-color",
               "--seed", SEED, "--max-examples", EXAMPLES, "--report-junit-path", junit, *selection]
    for header, value in headers.items():
        command += ["--header", f"{header}: {value}"]
    environment = {**os.environ, "CONTRACT_RUN": json.dumps(run), "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE)}
    with open(output, "wb") as log:
        code = subprocess.run(command, env=environment, stdout=log, stderr=subprocess.STDOUT, check=False, cwd=logs).returncode
    text = output.read_text(errors="replace")
    if code not in (0, 1) or not junit.exists():
        raise RuntimeError(f"schemathesis broke off with {code}:\n{text[-4000:]}")
    failed = {}
    cases = xml.etree.ElementTree.parse(junit).iter("testcase")
    names = []
    for case in cases:
        names.append(case.get("name"))
        faults = [*case.findall("failure"), *case.findall("error")]
        if faults:
            failed[case.get("name")] = "\n".join(fault.text or fault.get("message", "") for fault in faults)
    if code == 1 and not failed:
        raise RuntimeError(f"schemathesis failed without naming an operation:\n{text[-4000:]}")
    return names, failed, json.loads(answers.read_text(encoding="utf-8"))


def open_to_all():
    """The operations that ask for no credentials."""
    paths = json.loads(DOCUMENT.read_text(encoding="utf-8"))["paths"]
    return {
        f"{method.upper()} {path}"
        for path, operations in paths.items()
        for method, operation in operations.items()
        if not operation.get("security")
    }


def try_as(name, slot):
    """Everything as one of them: lines to print, and how many operations passed and failed."""
    began = time.monotonic()
    platform = Platform(slot)
    try:
        platform.call()
        headers = identities.headers_of(name, platform.demo, BINARY, platform.data)
        phases = "examples,coverage,fuzzing" if THOROUGH or name in WALKS else "examples,fuzzing"
        without = ["--phases", phases] + [part for one in ENDING for part in ("--exclude-operation-id", one)]
        names, failed, answers = fuzz(name, platform, headers, without, "most")
        failed = dict(failed)
        if headers:
            # Answers of 401 to everything would pass as well.
            identities.Api(platform.api.url, headers).ask("GET", "/auth/me")
        only = [part for one in ENDING for part in ("--include-operation-id", one)]
        ended = fuzz(name, platform, headers, only, "ending")
        names, failed = names + ended[0], {**failed, **ended[1]}
        if platform.process.poll() is not None:
            raise RuntimeError(f"the platform ended:\n{platform.tail()}")
        panics = re.findall(r"panicked at .*", platform.log.read_text(errors="replace"))
    except RuntimeError as error:
        return [f"{name}: {error}"], 0, 1
    finally:
        platform.stop()
        platform.folder.cleanup()
    reached = {label for label, by_status in answers.items() if any(status.startswith("2") for status in by_status)}
    requests = sum(sum(by_status.values()) for by_status in answers.values())
    lines = [f"{name}: {operation}\n{fault}" for operation, fault in failed.items()]
    faults = len(failed)
    if panics:
        faults += 1
        lines.append(f"{name}: the server panicked {len(panics)} times: {panics[0]}")
    if len(reached) < REACHED_MIN.get(name, 0) * len(names):
        faults += 1
        unreached = ", ".join(sorted(set(names) - reached))
        lines.append(f"{name}: only {len(reached)} of {len(names)} operations were answered 2xx, not {unreached}")
    if name == "nobody" and not reached <= open_to_all():
        faults += 1
        lines.append(f"nobody: answered 2xx without credentials: {', '.join(sorted(reached - open_to_all()))}")
    seconds = time.monotonic() - began
    lines.append(
        f"{name}: {len(names)} operations, {requests} requests, {len(reached)} operations answered 2xx, {seconds:.0f} s"
    )
    return lines, len(names) - len(failed), faults


def main():
    asked = sys.argv[1:] or identities.ALL
    unknown = [name for name in asked if name not in identities.ALL]
    if unknown:
        sys.exit(f"run.py: nobody is called {', '.join(unknown)}; there are {', '.join(identities.ALL)}")
    print(f"seed {SEED}, {EXAMPLES} examples an operation; CONTRACT_SEED and CONTRACT_EXAMPLES change that", flush=True)
    slots = queue.Queue()
    for slot in range(AT_ONCE):
        slots.put(slot)

    def one(name):
        slot = slots.get()
        try:
            return try_as(name, slot)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others go on and it counts as a failure
            return [f"{name}: {error!r}"], 0, 1
        finally:
            slots.put(slot)

    faulty = False
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for done in concurrent.futures.as_completed([pool.submit(one, name) for name in asked]):
            lines, passed, failed = done.result()
            faulty |= failed > 0
            outcome = "FAILED" if failed else "ok"
            # The last line is counted by scripts/run-tests, which knows this form from the other suites.
            print("\n".join(lines), f"test result: {outcome}. {passed} passed; {failed} failed", sep="\n", flush=True)
    sys.exit(1 if faulty else 0)


if __name__ == "__main__":
    main()
