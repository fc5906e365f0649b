#!/usr/bin/env python3
"""Prepares a running demo platform for the benchmarks, through its HTTP API: a publisher, a buyer whose phone is the
called party of the benchmarks, a campaign that sells straight to it, and a number.

  platform.py --data DIR [--uas 127.0.0.1:5090]     prints the number to call
"""
import argparse
import json
import os
import time
import urllib.error
import urllib.request

NUMBER = "+15550001999"


class Api:
    def __init__(self, demo):
        self.url, self.key = demo["api_url"], demo["api_key"]

    def call(self, method, path, body=None):
        request = urllib.request.Request(self.url + path, method=method, data=None if body is None else json.dumps(body).encode(),
                                         headers={"X-API-Key": self.key, "Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{method} {path}: {error.code} {error.read().decode()}") from None


def wait_for_demo(data, seconds=60):
    """The demo's own description, once the platform is ready."""
    end = time.monotonic() + seconds
    while True:
        try:
            with open(os.path.join(data, "demo.json")) as file:
                demo = json.load(file)
            with urllib.request.urlopen(demo["api_url"] + "/health/ready", timeout=5):
                return demo
        except (OSError, ValueError):
            if time.monotonic() > end:
                raise SystemExit(f"{data}: the platform does not become ready") from None
            time.sleep(0.2)


def prepare(api, uas):
    """For a fresh data folder: each start of the benchmarks has its own."""
    publisher = api.call("POST", "/api/v1/publishers", {"name": "Benchmark", "code": f"BENCH{time.time_ns()}"})["id"]
    buyer = api.call("POST", "/api/v1/buyers", {"publisherId": publisher, "name": "Benchmark", "code": f"BENCH{time.time_ns()}"})["id"]
    api.call("POST", f"/api/v1/buyers/{buyer}/endpoints", {
        "type": "sip", "destination": f"sip:bench@{uas}",
        "terms": {"revenue": "0.05", "payout": "0.02"}})
    flow = direct_flow(api)
    campaign = api.call("POST", "/api/v1/campaigns", {"name": "Benchmark", "publisherId": publisher, "buyerIds": [buyer], "flowId": flow})["id"]
    api.call("POST", "/api/v1/numbers", {"number": NUMBER, "campaignId": campaign})


def direct_flow(api):
    """The demo's flow that offers a call to the campaign's buyers and does nothing else."""
    for flow in api.call("GET", "/api/v1/flows")["data"]:
        if flow["name"] == "Demo: straight to buyers":
            return flow["id"]
    raise SystemExit("the demo has no flow straight to buyers")


def totals(api):
    """What the platform wrote about the calls so far: it counts a call as sold when its charge is written."""
    return api.call("GET", "/api/v1/dashboard/summary")["totals"]


def settled(api, seconds=60):
    """The totals, once every answered call has its charge; tells how long that took after the last call."""
    begin = time.monotonic()
    while True:
        now = totals(api)
        behind = now["answered"] - now["sold"]
        if behind == 0 or time.monotonic() - begin > seconds:
            return {**now, "withoutCharge": behind, "settledAfterSeconds": round(time.monotonic() - begin, 1)}
        time.sleep(0.5)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--uas", default="127.0.0.1:5090")
    parser.add_argument("--totals", action="store_true", help="prints what was written about the calls so far, once it is all there")
    args = parser.parse_args()
    api = Api(wait_for_demo(args.data))
    if args.totals:
        print(json.dumps(settled(api)))
        return
    prepare(api, args.uas)
    print(NUMBER)


if __name__ == "__main__":
    main()
