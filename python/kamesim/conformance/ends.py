"""The stations of the cases, and addresses that everybody has."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class End:
    """A station and its addresses."""

    mac: str
    link_local: str
    address: str


# The link of the host under test, and the left one of a router. Link-local addresses of nodes have the modified EUI-64
# identifier of the MAC address (RFC 4291 appendix A), written out.
NODE = End("02:00:00:00:00:01", "fe80::ff:fe00:1", "2001:db8:1::1")
TESTER = End("02:00:00:00:00:99", "fe80::99", "2001:db8:1::99")
PREFIX = "2001:db8:1::"  # of that link
# The right link of a router.
NODE_RIGHT = End("02:00:00:00:00:02", "fe80::ff:fe00:2", "2001:db8:2::1")
TESTER_RIGHT = End("02:00:00:00:00:88", "fe80::88", "2001:db8:2::88")

ALL_NODES, ALL_ROUTERS = "ff02::1", "ff02::2"
INFINITY = 0xFFFFFFFF
ETHERNET = 14  # bytes of its header
CLOSED_PORT = 9
