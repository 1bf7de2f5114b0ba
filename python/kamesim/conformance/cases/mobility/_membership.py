"""Shared by the cases on multicast membership: Multicast Listener Discovery inside the tunnel (RFC 6275 §10.4.3)."""

from __future__ import annotations

from scapy.layers.inet6 import (
    ICMPv6MLDMultAddrRec,
    ICMPv6MLDone,
    ICMPv6MLQuery,
    ICMPv6MLQuery2,
    ICMPv6MLReport,
    ICMPv6MLReport2,
    IPv6,
    IPv6ExtHdrHopByHop,
    RouterAlert,
)
from scapy.packet import Packet

from kamesim.conformance.exchange import find
from kamesim.conformance.mobility import inner

GROUP, OTHER_GROUP = "ff0e::77", "ff0e::78"
ALL_NODES, ALL_ROUTERS, MLDV2_ROUTERS = "ff02::1", "ff02::2", "ff02::16"
IS_EXCLUDE, TO_INCLUDE, TO_EXCLUDE = 2, 3, 4  # RFC 3810 §5.2.12
REPORTS = (ICMPv6MLReport2, ICMPv6MLReport, ICMPv6MLDone)


def mld(source: str, destination: str, message: Packet) -> Packet:
    """The packet that goes into the tunnel."""
    alert = IPv6ExtHdrHopByHop(options=[RouterAlert(value=0)])
    return IPv6(src=source, dst=destination, hlim=1) / alert / message


def query(group: str = "::", source: str = "fe80::aa") -> Packet:
    return mld(source, ALL_NODES, ICMPv6MLQuery2(mladdr=group, mrd=1000, QRV=2, QQIC=125))


def query_v1(group: str = "::", source: str = "fe80::aa") -> Packet:
    return mld(source, ALL_NODES, ICMPv6MLQuery(mladdr=group, mrd=1000))


def report(*records: tuple[int, str], source: str = "fe80::100") -> Packet:
    made = [ICMPv6MLDMultAddrRec(rtype=kind, dst=group) for kind, group in records]
    return mld(source, MLDV2_ROUTERS, ICMPv6MLReport2(records=made, records_number=len(made)))


def records(packet: Packet) -> list[tuple[int, str]]:
    """What a report of version 2 tells."""
    return [(r.rtype, r.dst) for r in find(packet, ICMPv6MLReport2).records]


def is_well_sent(packet: Packet, destination: str) -> bool:
    """By the tunnel, from a link-local address, with hop limit 1 and Router Alert (RFC 3810 §5)."""
    carried = inner(packet)
    alert = find(packet, IPv6ExtHdrHopByHop)
    return (
        carried is not None
        and (carried.dst, carried.hlim) == (destination, 1)
        and carried.src.startswith("fe80:")
        and alert is not None
        and any(isinstance(option, RouterAlert) and option.value == 0 for option in alert.options)
    )
