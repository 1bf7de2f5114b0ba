"""Shared by the cases on hosts and their routers."""

from __future__ import annotations

from scapy.layers.inet6 import ICMPv6EchoRequest, ICMPv6NDOptUnknown, IPv6

from kamesim.conformance.exchange import find


FAR = "2001:db8:7::1"  # off link: reached by a router
SECOND_ROUTER, SECOND_MAC = "fe80::77", "02:00:00:00:00:77"


def option_of_length(units):
    return ICMPv6NDOptUnknown(type=200, len=units, data=bytes(6))


def next_hop(host, port, destination=FAR):
    """The station that the host sends a packet for the destination to; None if it sends none."""
    host.ping(destination, count=1)
    requests = [p for p in port.run(0.5) if find(p, ICMPv6EchoRequest) and p[IPv6].dst == destination]
    return requests[0].dst if requests else None
