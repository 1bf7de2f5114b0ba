"""What a case expects of the node under test."""

from __future__ import annotations

from typing import Any

from scapy.layers.inet6 import ICMPv6MLReport2, ICMPv6ND_NS, ICMPv6ND_RS
from scapy.packet import Packet

from kamesim.conformance.lab import Port
from kamesim.conformance.looking import find, matches
from kamesim.conformance.subject import Unsupported


class Unmet(AssertionError):
    """An expectation was not met."""


def expect(port: Port, layer: type[Packet], within: float = 1.0, **fields: Any) -> Packet:
    """The next packet that has the layer with these field values; the others that come are passed over."""
    start, passed = port.now, []
    wanted = f"{layer.__name__}({_listed(fields)})"
    expectation = port.record.expect(start, port.link, f"{wanted} within {within:g} s")
    for packet in port.frames(within):
        if matches(packet, layer, fields):
            expectation.met = True
            return packet
        passed.append(packet)
    expectation.met = False
    raise Unmet(f"no {wanted} within {within:g} s from {start:.6f} s on{_listing(passed)}")


def expect_none(port: Port, layer: type[Packet], within: float = 1.0, **fields: Any) -> None:
    """No packet comes that has the layer with these field values."""
    expectation = port.record.expect(port.now, port.link, f"no {layer.__name__}({_listed(fields)}) for {within:g} s")
    for packet in port.frames(within):
        if matches(packet, layer, fields):
            expectation.met = False
            raise Unmet(f"unexpected {layer.__name__}{_listing([packet])}")
    expectation.met = True


def expect_silence(port: Port, within: float = 2.0) -> None:
    """Nothing comes but what any node sends of its own: solicitations of routers, and of the tester's own addresses."""
    expectation = port.record.expect(port.now, port.link, f"silence for {within:g} s")
    for packet in port.frames(within):
        solicitation = find(packet, ICMPv6ND_NS)
        background = find(packet, ICMPv6ND_RS) or find(packet, ICMPv6MLReport2)
        if background is None and (solicitation is None or solicitation.tgt not in port.answers):
            expectation.met = False
            raise Unmet(f"silence expected{_listing([packet])}")
    expectation.met = True


def expect_dropped(node: Any, reason: str, times: int = 1) -> None:
    """The node has counted so many discards by that reason. A node that counts none is believed."""
    try:
        drops = node.drops
    except (AttributeError, Unsupported):
        return
    if drops[reason] != times:
        raise Unmet(f"{reason} counts {drops[reason]}, not {times}; counted are {dict(drops)}")


def _listed(fields: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in fields.items())


def _listing(packets: list[Packet]) -> str:
    if not packets:
        return "; nothing came"
    return "; came:\n" + "\n".join(f"  {p.time:.6f} s  {p.src} > {p.dst}  {p.payload.summary()}" for p in packets)
