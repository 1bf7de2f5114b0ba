"""Shared by the cases on several care-of addresses (RFC 5648) and flow bindings (RFC 6089): options that Scapy does not
know."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any, NamedTuple

from scapy.layers.inet6 import MIP6MH_BA, MIP6MH_BU, MIP6OptUnknown, _MobilityHeader
from scapy.packet import Packet

from kamesim.conformance.exchange import find
from kamesim.conformance.mobility import UNIT

MULTIPLE_BINDINGS = "RFC 5648"
BINDING_IDENTIFIER, FLOW_SUMMARY, FLOW_IDENTIFICATION, LINK_LAYER_ADDRESS = 35, 44, 45, 7
OVERWRITE = 0x40  # in the nine bits behind the flags that Scapy knows (RFC 5648 §4.2)
IPV4_SELECTOR, IPV6_SELECTOR = 1, 2  # RFC 6088

# RFC 5648 §4.4.
NOT_COMPLETE, RETURN_HOME_WITHOUT_NDP = 4, 5
MALFORMED, NON_MCOA_BINDING_EXISTS, PROHIBITED, UNKNOWN_COA = 164, 165, 166, 167
BULK_PROHIBITED, HOME_AND_FOREIGN_PROHIBITED = 168, 169


class _Aligned82(MIP6OptUnknown):
    x, y = 8, 2


class _Aligned20(MIP6OptUnknown):
    x, y = 2, 0


class Bid(NamedTuple):
    """A Binding Identifier option as it came."""

    bid: int
    status: int
    home_and_foreign: bool
    priority: int
    care_of: str | None


class Flow(NamedTuple):
    """A Flow Identification option as it came."""

    fid: int
    priority: int
    status: int
    sub_options: bytes


def bid(number: int, care_of: str | None = None, *, priority: int = 0, h: bool = False, status: int = 0) -> Packet:
    """A Binding Identifier option (RFC 5648 §4.3, RFC 6089 §4.1)."""
    address = b"" if care_of is None else ipaddress.ip_address(care_of).packed
    data = number.to_bytes(2, "big") + bytes([status, (0x80 if h else 0) | priority]) + address
    return (_Aligned20 if care_of is None else _Aligned82)(otype=BINDING_IDENTIFIER, odata=data)


def raw_bid(data: bytes) -> Packet:
    """One with whatever in it."""
    return _Aligned20(otype=BINDING_IDENTIFIER, odata=data)


def link_layer_address(mac: str) -> Packet:
    """The Mobility Header Link-Layer Address option of the mobile node (RFC 5568 §6.4.4, RFC 5648 §5.6.3)."""
    return MIP6OptUnknown(otype=LINK_LAYER_ADDRESS, odata=b"\x02" + bytes.fromhex(mac.replace(":", "")))


def selector(**fields: Any) -> bytes:
    """An IPv6 binary traffic selector (RFC 6088 §3.2): a value of each field, or a first and a last."""
    widths = {"source": 16, "destination": 16, "spi": 4, "flow_label": 4, "source_port": 2, "destination_port": 2}
    flags, data = 0, b""
    for place, name in enumerate([*widths, "traffic_class", "protocol"]):
        if name not in fields:
            continue
        value = fields[name]
        values = value if isinstance(value, tuple) else (value,)
        for number, each in enumerate(values):
            flags |= 1 << (31 - 2 * place - number)
            packed = ipaddress.ip_address(each).packed if isinstance(each, str) else each.to_bytes(widths.get(name, 1), "big")
            data += packed
    return flags.to_bytes(4, "big") + data


def flow(
    fid: int,
    bids: Iterable[int] | None = (),
    traffic: bytes | None = None,
    *,
    priority: int | None = None,
    ts_format: int = IPV6_SELECTOR,
    extra: bytes = b"",
) -> Packet:
    """A Flow Identification option (RFC 6089 §4.2)."""
    data = fid.to_bytes(2, "big") + (fid if priority is None else priority).to_bytes(2, "big") + b"\x00\x00"
    if bids is not None:
        numbers = b"".join(number.to_bytes(2, "big") for number in bids)
        data += bytes([2, len(numbers)]) + numbers
    if traffic is not None:
        data += bytes([3, 2 + len(traffic), ts_format, 0]) + traffic
    return _Aligned20(otype=FLOW_IDENTIFICATION, odata=data + extra)


def flow_summary(*fids: int) -> Packet:
    return _Aligned20(otype=FLOW_SUMMARY, odata=b"".join(fid.to_bytes(2, "big") for fid in fids))


def multiple_update(
    seq: int, *options: Packet, flags: str = "HA", lifetime: int = 420, overwrite: bool = False
) -> Packet:
    reserved = OVERWRITE if overwrite else 0
    return MIP6MH_BU(seq=seq, flags=flags, reserved=reserved, mhtime=lifetime // UNIT, options=list(options))


def multiple_ack(seq: int, *options: Packet, status: int = 0, lifetime: int = 420, flags: str = "") -> Packet:
    return MIP6MH_BA(seq=seq, status=status, flags=flags, mhtime=lifetime // UNIT, options=list(options))


def bids_of(packet: Packet) -> list[Bid]:
    """The Binding Identifier options of a message."""
    found = []
    for data in _options(packet, BINDING_IDENTIFIER):
        assert len(data) in (4, 8, 20), "RFC 5648 §4.3"
        care_of = None if len(data) == 4 else str(ipaddress.ip_address(data[4:]))
        number, status, bits = int.from_bytes(data[:2], "big"), data[2], data[3]
        found.append(Bid(number, status, bits >= 0x80, bits & 0x7F, care_of))
    return found


def statuses(packet: Packet) -> dict[int, int]:
    """The Status of each Binding Identifier option, by BID."""
    return {option.bid: option.status for option in bids_of(packet)}


def flows_of(packet: Packet) -> list[Flow]:
    """The Flow Identification options of a message."""
    return [
        Flow(int.from_bytes(d[:2], "big"), int.from_bytes(d[2:4], "big"), d[5], d[6:])
        for d in _options(packet, FLOW_IDENTIFICATION)
    ]


def flow_statuses(packet: Packet) -> dict[int, int]:
    """The Status of each Flow Identification option, by FID."""
    return {option.fid: option.status for option in flows_of(packet)}


def summary_of(packet: Packet) -> list[int]:
    """The FIDs of all Flow Summary options."""
    data = b"".join(_options(packet, FLOW_SUMMARY))
    return [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]


def overwrites(packet: Packet) -> bool:
    """The O flag of a Binding Update."""
    return bool(find(packet, MIP6MH_BU).reserved & OVERWRITE)


def _options(packet: Packet, kind: int) -> list[bytes]:
    header = find(packet, _MobilityHeader)
    return [bytes(o.odata) for o in header.options if isinstance(o, MIP6OptUnknown) and o.otype == kind]
