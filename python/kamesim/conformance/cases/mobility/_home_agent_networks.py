"""Shared by the cases on home agents of mobile routers: the tester plays a mobile router away from home."""

from __future__ import annotations

from typing import Any

import pytest
from scapy.layers.inet6 import MIP6MH_BA, MIP6OptAltCoA, MIP6OptMobNetPrefix, IPv6
from scapy.packet import Packet

import kamesim as ks
from kamesim.conformance.cases.mobility._home_agent import CARE_OF, HOME, away, home_agent, tunnelled
from kamesim.conformance.exchange import NODE_RIGHT, TESTER_RIGHT, Lab, Port, echo, echo_request
from kamesim.conformance.mobility import Mobile, binding_update, message

NETWORK, SECOND_NETWORK, FOREIGN_NETWORK = "2001:db8:e::/64", "2001:db8:f::/64", "2001:db8:9::/64"
INSIDER, SECOND_INSIDER = "2001:db8:e::99", "2001:db8:f::99"  # nodes of the Mobile Networks
OTHER_HOME, OTHER_NETWORK, OTHER_INSIDER = "2001:db8:1::200", "2001:db8:10::/64", "2001:db8:10::99"
TABLE = {HOME: [NETWORK, SECOND_NETWORK], OTHER_HOME: [OTHER_NETWORK]}
UNLISTED = "2001:db8:1::300"  # on the home link, without an entry in the table


@pytest.fixture
def networks(lab: Lab, router: ks.Router) -> ks.Router:
    return home_agent(lab, mobile_networks=TABLE)


@pytest.fixture
def mobile_router(right: Port) -> Mobile:
    return away(right)


def mnp(prefix: str, **fields: Any) -> Packet:
    address, _, length = prefix.partition("/")
    return MIP6OptMobNetPrefix(**{"prefix": address, "plen": int(length), **fields})


def registration(
    mobile: Mobile, seq: int = 1, *prefixes: str | Packet, flags: str = "AHR", lifetime: int = 420
) -> Packet:
    """A Binding Update in explicit mode if there are prefixes, in implicit mode otherwise."""
    options = [mnp(p) if isinstance(p, str) else p for p in prefixes]
    update = binding_update(seq, MIP6OptAltCoA(acoa=mobile.care_of), *options, flags=flags, lifetime=lifetime)
    return mobile.optimized(update)


def answer_to(mobile: Mobile, seq: int = 1, *prefixes: str | Packet, **fields: Any) -> Packet:
    """Registers; returns the acknowledgement."""
    mobile.port.send(registration(mobile, seq, *prefixes, **fields))
    return message(mobile.port, MIP6MH_BA, within=3.0, seq=seq)


def status_of(mobile: Mobile, seq: int = 1, *prefixes: str | Packet, **fields: Any) -> int:
    return int(answer_to(mobile, seq, *prefixes, **fields)[MIP6MH_BA].status)


def has_r(ack: Packet) -> bool:
    return "R" in str(ack[MIP6MH_BA].flags)


def register(mobile: Mobile, seq: int = 1, *prefixes: str | Packet, **fields: Any) -> Packet:
    ack = answer_to(mobile, seq, *prefixes, **fields)
    assert ack[MIP6MH_BA].status == 0, f"status {ack[MIP6MH_BA].status}"
    return ack


def from_world(destination: str, data: bytes = b"kamesim", **fields: Any) -> Packet:
    """An Echo Request of a correspondent."""
    source = "2001:db8:d::1"
    return echo_request(destination, data, source=source, to_mac=NODE_RIGHT.mac, from_mac=TESTER_RIGHT.mac, **fields)


def from_network(destination: str, source: str = INSIDER, data: bytes = b"of the insider") -> Packet:
    return IPv6(src=source, dst=destination) / echo(data)


__all__ = ["CARE_OF", "HOME", "away", "home_agent", "tunnelled"]
