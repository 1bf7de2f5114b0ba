"""WIDE's network of 2007 with UDP between random pairs of its sites, each of which has a host.

Usage: wide.py [flows=200] [packets=1000 (each flow)] [pps=1000] [threads=1] [seed=1]
"""

from __future__ import annotations

import random
import time

from programs import ROOT
from words import answer, arguments, user_cpu

import kamesim as ks

READY = 4.0  # seconds: addresses have passed Duplicate Address Detection, and flows begin
START = 5.0  # seconds: every router on their ways knows its neighbours, and what counts begins


def main() -> None:
    """Builds, warms up, runs."""
    given = arguments(flows=200, packets=1000, pps=1000, threads=1, seed=1)
    net = ks.Network.from_gml(ROOT / "scenarios" / "data" / "WideJpn.gml", routes=False, seed=given["seed"])
    hosts = []
    for router in list(net.nodes):
        hosts.append(net.host(f"host of {router.name}"))
        net.link(router, hosts[-1], delay=0.0005, rate=10e9)
    net.shortest_path_routes()
    draw = random.Random(given["seed"])
    stop = START + given["packets"] / given["pps"]
    flows = []
    for _ in range(given["flows"]):
        a, b = draw.sample(hosts, 2)
        start = READY + draw.random() * (START - READY) / 2
        flows.append(net.udp_flow(a, b, rate=given["pps"], size=512, start=start, stop=stop))
    net.run(until=START)
    sent = sum(flow.sent for flow in flows)
    began, cpu = time.perf_counter(), user_cpu()
    net.run(until=stop + 1, threads=given["threads"])
    answer(
        workload="wide",
        nodes=len(net.nodes),
        flows=given["flows"],
        threads=given["threads"],
        sent=sum(flow.sent for flow in flows) - sent,
        run_s=time.perf_counter() - began,
        run_cpu_s=user_cpu() - cpu,
    )


if __name__ == "__main__":
    main()
