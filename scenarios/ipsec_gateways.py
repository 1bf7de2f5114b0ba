#!/usr/bin/env python3
"""Two sites whose gateways protect what goes between them: what each algorithm costs in bytes, delay and throughput.

    ./kamesim run scenarios/ipsec_gateways.py                      # AES-GCM, an ESP tunnel
    ./kamesim run scenarios/ipsec_gateways.py --all                # every algorithm, and AH, and bundles
    ./kamesim run scenarios/ipsec_gateways.py --capture esp.pcapng # with the keys in esp.pcapng.esp_sa
"""

import argparse
import contextlib
import random
from dataclasses import dataclass
from typing import Any

import kamesim as ks
from kamesim.ipsec import ALGORITHMS

SITE_A, SITE_B = "2001:db8:a::/64", "2001:db8:b::/64"
LEFT, RIGHT = "2001:db8:c:1::1", "2001:db8:c:2::1"  # the gateways' addresses in the core
KEYLESS = ("null", "none")


@dataclass(frozen=True)
class Protection:
    """What the gateways do to packets between the sites."""

    protocols: tuple[str, ...]  # in the order in which they are applied; () for none
    encryption: str = ""
    integrity: str = ""

    def __str__(self) -> str:
        names = [name for name in (self.encryption, self.integrity) if name]
        return " ".join(["+".join(self.protocols) or "none", *names])


def build(seed: int, rate: float, delay: float) -> ks.Network:
    """a - left - core - right - b."""
    net = ks.Network(seed=seed)
    left, core, right = net.router("left"), net.router("core"), net.router("right")
    for name, prefix, gateway in (("a", SITE_A, left), ("b", SITE_B, right)):
        site = net.lan(f"site.{name}", prefix=prefix, rate=10 * rate)
        site.attach(gateway)
        site.attach(net.host(name))
    for gateway, end, interface, beyond in ((left, LEFT, "eth0", SITE_B), (right, RIGHT, "eth1", SITE_A)):
        net.link(gateway, core, prefix=False, rate=rate, delay=delay)
        hop = end[:-1] + "f"
        gateway.add_address(f"{end}/64", interface="eth1", dad=False)
        core.add_address(f"{hop}/64", interface=interface, dad=False)
        gateway.add_route("2001:db8:c::/48", via=hop, interface="eth1")
        gateway.add_route(beyond, via=hop, interface="eth1")
    core.add_route(SITE_A, via=LEFT, interface="eth0")
    core.add_route(SITE_B, via=RIGHT, interface="eth1")
    return net


def key_of(kind: str, name: str, keys: random.Random) -> bytes:
    """A key of the longest kind that an algorithm takes."""
    row = next(row for row in ALGORITHMS if row["kind"] == kind and row["name"] == name)
    return b"" if name in KEYLESS else keys.randbytes(row["key_bytes_max"])


def protect(net: ks.Network, protection: Protection, replay_window: int) -> None:
    """Manual keys and policies on both gateways: a tunnel of the last protocol, around the others in transport mode."""
    keys = random.Random(str(protection))
    ways = ((LEFT, RIGHT, SITE_A, SITE_B, 0x1000), (RIGHT, LEFT, SITE_B, SITE_A, 0x2000))
    for source, destination, near, far, spi in ways:
        requests = []
        for number, protocol in enumerate(protection.protocols):
            parameters: dict[str, Any] = {}
            if protocol == "esp":
                parameters["encryption"] = protection.encryption
                parameters["encryption_key"] = key_of("encryption", protection.encryption, keys)
            if protocol == "ah" or (protocol == "esp" and protection.integrity and "ah" not in protection.protocols):
                parameters["integrity"] = protection.integrity
                parameters["integrity_key"] = key_of("integrity", protection.integrity, keys)
            innermost = number == 0
            mode, ends = ("tunnel", f"{source}-{destination}") if innermost else ("transport", "")
            for gateway in (net.node("left"), net.node("right")):
                gateway.ipsec.add_sa(
                    source,
                    destination,
                    spi=spi + number,
                    protocol=protocol,
                    mode=mode,
                    replay_window=replay_window if protocol != "ipcomp" else 0,
                    **parameters,
                )
            requests.append(f"{protocol}/{mode}/{ends}/require")
        policy = f"ipsec {' '.join(requests)}"
        gateways = net.node("left"), net.node("right")
        here, there = gateways if source == LEFT else reversed(gateways)
        here.ipsec.add_policy(f"out {policy}", source=near, destination=far)
        for direction in ("in", "fwd"):
            there.ipsec.add_policy(f"{direction} {policy}", source=near, destination=far)


def measure(protection: Protection, arguments: argparse.Namespace, capture: str | None) -> tuple[float, ...]:
    """Bytes on the core's link for each packet, one-way delay (s), loss, and TCP's goodput (bit/s)."""
    net = build(arguments.seed, arguments.rate, arguments.delay)
    if protection.protocols:
        protect(net, protection, arguments.replay_window)
    for gateway in (net.node("left"), net.node("right")):
        if protection.protocols and arguments.crypto_cost:
            gateway.ipsec.cost_per_packet = arguments.crypto_cost
    a, b = net.node("a"), net.node("b")
    counted = net.node("left").interface("eth1")
    with contextlib.ExitStack() as open_files:
        if capture:
            open_files.enter_context(net.capture(capture, net.node("core").interfaces))
        net.run(until=5)
        before = counted.counters
        flow = net.udp_flow(a, b, rate=100, size=arguments.size, start=net.now, stop=net.now + 5)
        net.run(for_=6)
        sent = counted.counters
        packets = max(1, flow.sent)
        on_the_wire = (sent["sent_bytes"] - before["sent_bytes"]) / packets
        delays = flow.frame().delay_s.dropna()
        transfer = net.tcp_flow(a, b, size=arguments.transfer, start=net.now)
        began = net.now
        while transfer.received < arguments.transfer and net.now < began + 120:
            net.run(for_=0.01)
    goodput = 8 * transfer.received / (net.now - began)
    return on_the_wire, float(delays.mean()) if len(delays) else float("nan"), 1 - flow.received / packets, goodput


def protections(arguments: argparse.Namespace) -> list[Protection]:
    """Those that the options ask for."""
    if not arguments.all:
        combined = {row["name"]: row["combined"] for row in ALGORITHMS}
        chain = tuple(arguments.protocol.split("+"))
        encryption = arguments.encryption if "esp" in chain else ""
        needs_integrity = "ah" in chain or ("esp" in chain and not combined.get(encryption))
        return [Protection(chain, encryption, arguments.integrity if needs_integrity else "")]
    chosen = []
    for row in ALGORITHMS:
        if row["kind"] == "encryption":
            chosen.append(Protection(("esp",), row["name"], "" if row["combined"] else "hmac-sha2-256-128"))
    for row in ALGORITHMS:
        if row["kind"] == "integrity" and row["name"] not in KEYLESS:
            chosen.append(Protection(("ah",), "", row["name"]))
            if not row["ah_only"]:
                chosen.append(Protection(("esp",), "aes-cbc", row["name"]))
    chosen.append(Protection(("esp", "ah"), "aes-cbc", "hmac-sha2-256-128"))
    chosen.append(Protection(("ipcomp", "esp"), "aes-gcm-16"))
    return chosen


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--protocol", default="esp", choices=("esp", "ah", "esp+ah", "ipcomp", "ipcomp+esp"))
    parser.add_argument("--encryption", default="aes-gcm-16", help="of ESP (default aes-gcm-16)")
    parser.add_argument("--integrity", default="hmac-sha2-256-128", help="default hmac-sha2-256-128")
    parser.add_argument("--all", action="store_true", help="every algorithm, one after the other")
    parser.add_argument("--replay-window", type=int, default=64, help="in packets; 0: none (default 64)")
    parser.add_argument("--size", type=int, default=512, help="UDP payload in bytes (default 512)")
    parser.add_argument("--transfer", type=int, default=2_000_000, help="TCP transfer in bytes (default 2000000)")
    parser.add_argument("--rate", type=float, default=20e6, help="of the core's links, in bit/s (default 20e6)")
    parser.add_argument("--delay", type=float, default=0.005, help="of a link of the core, in seconds (default 0.005)")
    parser.add_argument("--crypto-cost", type=float, default=0.0, help="seconds a packet takes (default 0)")
    parser.add_argument("--capture", metavar="FILE", help="a pcapng file of the core's links; keys in FILE.esp_sa")
    arguments = parser.parse_args(argv)

    plain = measure(Protection(()), arguments, None)
    print(f"{'protection':44} {'bytes':>7} {'overhead':>8} {'delay ms':>9} {'lost %':>6} {'Mbit/s':>7}")
    for protection in [Protection(()), *protections(arguments)]:
        figures = plain if not protection.protocols else measure(protection, arguments, arguments.capture)
        on_the_wire, delay, loss, goodput = figures
        print(f"{protection!s:44} {on_the_wire:7.1f} {on_the_wire - plain[0]:8.1f} {1000 * delay:9.3f} "
              f"{100 * loss:6.2f} {goodput / 1e6:7.2f}")  # fmt: skip
    if arguments.capture:
        print(f"capture: {arguments.capture}; keys for Wireshark: {arguments.capture}.esp_sa")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
