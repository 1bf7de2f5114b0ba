"""What the cases of Proxy Mobile IPv6 (RFC 5213) are written with: its mobility options, of which Scapy knows RFC 4283's
only, and an access gateway or an anchor that a tester plays."""

from __future__ import annotations

from typing import Any

from scapy.fields import ByteField, FieldLenField, LongField, ShortField, StrLenField
from scapy.layers.inet6 import (
    IP6Field,
    IPv6,
    MIP6MH_BA,
    MIP6MH_BU,
    MIP6OptMNID,
    _MIP6OptAlign,
    _MobilityHeader,
    moboptcls,
)
from scapy.packet import Packet

from kamesim.conformance.exchange import Port, find, stack
from kamesim.conformance.mobility import UNIT, message, option

MOBILE_NODE = b"phone@example.net"
CARD = bytes.fromhex("020000000099")  # of the mobile node
WIRELESS_LAN = 4


class _Option(_MIP6OptAlign, Packet):  # type: ignore[misc]
    x, y = 1, 0  # its alignment: xn + y

    def extract_padding(self, s: bytes) -> tuple[bytes, bytes]:
        return b"", s


class HomeNetworkPrefix(_Option):
    """RFC 5213 section 8.3."""

    x, y = 8, 4
    fields_desc = [
        ByteField("otype", 22), ByteField("olen", 18), ByteField("res", 0), ByteField("plen", 64),
        IP6Field("prefix", "::"),
    ]  # fmt: skip


class HandoffIndicator(_Option):
    """RFC 5213 section 8.4."""

    fields_desc = [ByteField("otype", 23), ByteField("olen", 2), ByteField("res", 0), ByteField("value", 1)]


class AccessTechnologyType(_Option):
    """RFC 5213 section 8.5."""

    fields_desc = [
        ByteField("otype", 24), ByteField("olen", 2), ByteField("res", 0), ByteField("value", WIRELESS_LAN)
    ]  # fmt: skip


class LinkLayerIdentifier(_Option):
    """RFC 5213 section 8.6."""

    x, y = 4, 0
    fields_desc = [
        ByteField("otype", 25),
        FieldLenField("olen", None, fmt="B", length_of="identifier", adjust=lambda _, n: n + 2),
        ShortField("res", 0),
        StrLenField("identifier", CARD, length_from=lambda p: p.olen - 2),
    ]


class LinkLocalAddress(_Option):
    """RFC 5213 section 8.7."""

    x, y = 8, 6
    fields_desc = [ByteField("otype", 26), ByteField("olen", 16), IP6Field("address", "::")]


class Timestamp(_Option):
    """RFC 5213 section 8.8."""

    x, y = 8, 2
    fields_desc = [ByteField("otype", 27), ByteField("olen", 8), LongField("value", 0)]


for _kind in (
    HomeNetworkPrefix, HandoffIndicator, AccessTechnologyType, LinkLayerIdentifier, LinkLocalAddress, Timestamp,
):  # fmt: skip
    moboptcls[_kind.fields_desc[0].default] = _kind


def timestamp(seconds: float) -> Packet:
    """Seconds of time of day, which begins with the simulation."""
    return Timestamp(value=int(seconds * 65536))


def prefixes_of(packet: Packet) -> list[str]:
    """The home network prefixes of a message, "::/64" for one of ALL_ZERO."""
    options = find(packet, _MobilityHeader).options
    return [f"{o.prefix}/{o.plen}" for o in options if isinstance(o, HomeNetworkPrefix)]


def proxy_options(
    *,
    now: float | None,
    identifier: bytes | None = MOBILE_NODE,
    prefixes: tuple[str, ...] = ("::/64",),
    hint: int | None = 1,
    technology: int | None = WIRELESS_LAN,
    card: bytes | None = CARD,
    link_local: str | None = None,
) -> list[Packet]:
    """The options of a message, in the order of RFC 5213's figures. None leaves one out; now: of the timestamp."""
    options: list[Packet] = []
    if identifier is not None:
        options.append(MIP6OptMNID(id=identifier))
    for prefix in prefixes:
        address, _, length = prefix.partition("/")
        options.append(HomeNetworkPrefix(prefix=address, plen=int(length)))
    if hint is not None:
        options.append(HandoffIndicator(value=hint))
    if technology is not None:
        options.append(AccessTechnologyType(value=technology))
    if now is not None:
        options.append(timestamp(now))
    if card is not None:
        options.append(LinkLayerIdentifier(identifier=card))
    if link_local is not None:
        options.append(LinkLocalAddress(address=link_local))
    return options


class Gateway:
    """An access gateway that a tester plays, behind the tester as a router."""

    def __init__(self, port: Port, address: str, anchor: str, **frame: str) -> None:
        self.port, self.address, self.anchor = port, address, anchor
        self._frame = frame  # MAC addresses
        self.sequence = 0

    def packet(self, *layers: Packet, source: str | None = None, **fields: Any) -> Packet:
        """A packet to the anchor."""
        from kamesim.conformance.exchange import ip

        return stack(ip(self.anchor, source=source or self.address, **self._frame, **fields), *layers)

    def update(self, *, lifetime: int = 400, seq: int | None = None, extra: tuple[Packet, ...] = (),
               timestamp: float | bool = True, flags: str = "AP", source: str | None = None,
               before: tuple[Packet, ...] = (), **options: Any) -> Packet:  # fmt: skip
        """A Proxy Binding Update; timestamp: False: none, True: the present time."""
        self.sequence = self.sequence + 1 if seq is None else seq
        now = None if timestamp is False else self.port.now if timestamp is True else timestamp
        listed = [*proxy_options(now=now, **options), *extra]
        header = MIP6MH_BU(seq=self.sequence, flags=flags, mhtime=lifetime // UNIT, options=listed)
        return self.packet(*before, header, source=source)

    def ask(self, *, within: float = 1.0, **fields: Any) -> Packet:
        """Sends an update and returns the acknowledgement."""
        self.port.send(self.update(**fields))
        return message(self.port, MIP6MH_BA, within=within, to=fields.get("source") or self.address)

    def register(self, **fields: Any) -> list[str]:
        """The prefixes that an update gets; it is accepted."""
        ack = self.ask(**fields)
        assert ack[MIP6MH_BA].status == 0, ack[MIP6MH_BA].status
        return prefixes_of(ack)

    def tunnelled(self, inner: Packet, source: str | None = None) -> Packet:
        """The packet in a tunnel to the anchor."""
        return self.packet(inner, source=source)


def status_of(ack: Packet) -> int:
    return int(find(ack, MIP6MH_BA).status)


def value_of(packet: Packet, kind: type[Packet], field: str = "value") -> Any:
    """A field of an option of the message; None without the option."""
    found = option(packet, kind)
    return None if found is None else found.getfieldval(field)


def acknowledgement(update: Packet, *, status: int = 0, prefixes: tuple[str, ...] = ("2001:db8:ff00::/64",),
                    lifetime: int | None = None, seq: int | None = None, source: str | None = None,
                    without: tuple[type[Packet], ...] = (), changed: tuple[Packet, ...] = (),
                    **frame: str) -> Packet:  # fmt: skip
    """What an anchor answers to a Proxy Binding Update. `changed` options stand in the place of those of their kind."""
    from kamesim.conformance.exchange import ip

    header = update[MIP6MH_BU]
    options: list[Packet] = []
    for each in header.options:
        kind = type(each)
        if kind is HomeNetworkPrefix or not isinstance(each, (_Option, MIP6OptMNID)) or kind in without:
            continue
        options.append(next((c for c in changed if type(c) is kind), each.copy()))
    listed = [HomeNetworkPrefix(prefix=p.partition("/")[0], plen=int(p.partition("/")[2])) for p in prefixes]
    options[1:1] = listed
    units = header.mhtime if lifetime is None else lifetime // UNIT
    ack = MIP6MH_BA(status=status, flags="P", seq=header.seq if seq is None else seq, mhtime=units, options=options)
    return ip(update[IPv6].src, source=source or update[IPv6].dst, **frame) / ack
