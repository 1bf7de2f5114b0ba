#!/usr/bin/env python3
"""Two IPv6 islands, joined by a tunnel through a core that knows neither: what it carries, and how large packets fare.

    ./kamesim run scenarios/tunnels.py --core-mtu 1400 --capture tunnel.pcapng
"""

import argparse
import contextlib

import kamesim as ks

ISLAND_A, ISLAND_B = "2001:db8:a::/64", "2001:db8:b::/64"
NEAR, FAR = "2001:db8:c:1::1", "2001:db8:c:2::1"  # the ends of the tunnel
LIMITS = {"recommended": 4, "none": None}  # RFC 2473 section 6.6


def build(seed: int, core_mtu: int, rate: float, limit: int | None) -> ks.Network:
    """a - near - core - far - b; a tunnel from near to far."""
    net = ks.Network(seed=seed)
    near, core, far = net.router("near"), net.router("core"), net.router("far")
    for name, prefix, gateway in (("a", ISLAND_A, near), ("b", ISLAND_B, far)):
        island = net.lan(f"island.{name}", prefix=prefix, rate=10 * rate)
        island.attach(gateway)
        island.attach(net.host(name))
    net.link(near, core, prefix=False, rate=rate, delay=0.005)
    net.link(core, far, prefix=False, rate=rate, delay=0.005, mtu=core_mtu)
    for gateway, end, interface in ((near, NEAR, "eth0"), (far, FAR, "eth1")):
        hop = end[:-1] + "f"
        gateway.add_address(f"{end}/64", interface="eth1", dad=False)
        core.add_address(f"{hop}/64", interface=interface, dad=False)
        gateway.add_route("2001:db8:c::/48", via=hop, interface="eth1")
    for gateway, local, remote, beyond in ((near, NEAR, FAR, ISLAND_B), (far, FAR, NEAR, ISLAND_A)):
        tunnel = gateway.add_tunnel("tun0", local=local, remote=remote, encapsulation_limit=limit)
        gateway.add_route(beyond, interface=tunnel)
    return net


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--core-mtu", type=int, default=1400, help="of the link behind the core, in bytes (default 1400)")
    parser.add_argument("--rate", type=float, default=20e6, help="of the core, in bit/s (default 20e6)")
    parser.add_argument("--size", type=int, default=5_000_000, help="of the transfer, in bytes (default 5000000)")
    parser.add_argument("--limit", choices=LIMITS, default="recommended", help="encapsulation limit that is sent")
    parser.add_argument("--capture", metavar="FILE", help="a pcapng file of the core's links")
    arguments = parser.parse_args(argv)

    net = build(arguments.seed, arguments.core_mtu, arguments.rate, LIMITS[arguments.limit])
    a, b, core = net.node("a"), net.node("b"), net.node("core")
    tunnel = net.node("near").tunnel("tun0")
    with contextlib.ExitStack() as open_files:
        if arguments.capture:
            open_files.enter_context(net.capture(arguments.capture, core.interfaces))
        net.run(until=5)
        print(f"tunnel {tunnel.local} -> {tunnel.remote}: packets of up to {tunnel.mtu} bytes")
        for size in (1280, tunnel.mtu):  # as IPv6 packets: 48 bytes of headers
            ping = a.ping(b, size=size - 48, count=3, interval=0.5)
            net.run(for_=2)
            print(f"ping of {size:4} bytes: {ping.received} of {ping.sent} answered; the tunnel takes {tunnel.mtu}")
        flow = net.tcp_flow(a, b, size=arguments.size, start=net.now)
        began = net.now
        while flow.received < arguments.size and net.now < began + 600:
            net.run(for_=0.01)
    goodput = 8 * flow.received / (net.now - began)
    print(f"TCP: {flow.received} bytes in {net.now - began:.1f} s, {goodput / 1e6:.2f} Mbit/s "
          f"of {arguments.rate / 1e6:g} in the core")  # fmt: skip
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
