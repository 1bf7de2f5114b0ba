#!/usr/bin/env python3
"""A large access network: hosts on LANs of a hundred configure themselves from Router Advertisements, and some talk.

    ./kamesim run scenarios/million_hosts.py                        # 10,000 hosts, some seconds
    ./kamesim run scenarios/million_hosts.py --hosts 1000000        # see docs/memory.md for time and memory

A core router, below it aggregation routers with up to a hundred access routers each, each of those with one LAN. Every
host solicits routers, forms an address of the prefix that its access router advertises, and tests it; then pairs of
hosts on different LANs exchange UDP packets.
"""

import argparse
import os
import time

import numpy as np

import kamesim as ks

PER_LAN = 100
LANS_PER_AGGREGATION = 100
MIB = 1 << 20


def resident() -> int:
    """Bytes of memory that this process has at present."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def build(hosts: int, seed: int) -> tuple[ks.Network, ks.Nodes]:
    """The network, and its hosts."""
    net = ks.Network(seed=seed, trace=False)
    lan_count = -(-hosts // PER_LAN)
    aggregation_count = -(-lan_count // LANS_PER_AGGREGATION)
    core = net.routers(1, "core")
    aggregation = net.routers(aggregation_count, "aggregation")
    access = net.routers(lan_count, "access")
    ends = net.hosts(hosts, "host")
    lans = net.lans(lan_count, rate=1e9, delay=1e-5)

    above = np.arange(lan_count) // LANS_PER_AGGREGATION  # the aggregation router of each access router
    net.links(np.repeat(core.numbers, aggregation_count), aggregation, "trunk", rate=1e11, delay=1e-3)
    net.links(aggregation.numbers[above], access, "feeder", rate=1e10, delay=1e-3)
    net.attach(lans, np.arange(lan_count), access)
    net.attach(lans, np.arange(hosts) // PER_LAN, ends)
    net.shortest_path_routes()
    return net, ends


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, default=10_000, metavar="N", help="default: %(default)s")
    parser.add_argument("--active", type=float, default=0.01, metavar="SHARE", help="of hosts that talk (default: %(default)s)")
    parser.add_argument("--until", type=float, default=60.0, metavar="S", help="virtual seconds (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    options = parser.parse_args(arguments)
    if options.hosts < 2:
        parser.error(f"--hosts is {options.hosts}; it must be 2 or more")
    if not 0 <= options.active <= 1:
        parser.error(f"--active is {options.active}; it is a share, from 0 to 1")

    before, start = resident(), time.perf_counter()
    net, hosts = build(options.hosts, options.seed)
    built, built_bytes = time.perf_counter() - start, resident() - before
    print(f"{options.hosts} hosts on {-(-options.hosts // PER_LAN)} LANs: built in {built:.1f} s, {built_bytes / MIB:.0f} MiB")

    configured_at = min(10.0, options.until / 2)
    start = time.perf_counter()
    net.run(until=configured_at, progress=False)
    print(f"configured, at {configured_at:g} s of virtual time: {time.perf_counter() - start:.1f} s, "
          f"{(resident() - before) / MIB:.0f} MiB")  # fmt: skip

    # Each talker sends to the one that is half of them further: on another LAN, unless there is only one. They begin
    # one after the other, since a router keeps no more than a few packets while it resolves its neighbour (RFC 4861 §7.2.2).
    count = int(options.hosts * options.active)
    talkers = np.linspace(0, options.hosts - 1, count).astype(int) if count > 1 else []
    flows = [
        net.udp_flow(hosts[int(a)], hosts[int(b)], rate=1, size=100, start=configured_at + 0.5 * i / count, stop=options.until)
        for i, (a, b) in enumerate(zip(talkers, np.roll(talkers, count // 2)))
    ]
    start = time.perf_counter()
    net.run(until=options.until, progress=False)
    sent, received = sum(flow.sent for flow in flows), sum(flow.received for flow in flows)
    print(f"{len(flows)} of them talked until {options.until:g} s: {time.perf_counter() - start:.1f} s; "
          f"{received} of {sent} packets arrived")  # fmt: skip

    sample = [hosts[int(i)] for i in np.linspace(0, options.hosts - 1, min(1000, options.hosts))]
    with_address = sum(host.address is not None for host in sample)
    used = resident() - before
    print(f"global address: {with_address} of {len(sample)} hosts looked at")
    print(f"memory: {used / MIB:.0f} MiB, {used / options.hosts:.0f} bytes a host")
    parts = net.memory().groupby(["kind", "part"])["bytes"].sum() / options.hosts
    print("of these, bytes a host:", ", ".join(f"{kind} {part} {size:.0f}" for (kind, part), size in parts.items() if size >= 1))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
