"""What the cases of Mobile IPv6 (RFC 6275) are written with: Mobility Headers, the keys of return routability by
hashlib, and a mobile node that a tester plays."""

from __future__ import annotations

import hashlib
import hmac
from socket import AF_INET6
from typing import Any

from scapy.layers.inet6 import (
    HAO,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrRouting,
    MIP6MH_BA,
    MIP6MH_BU,
    MIP6MH_CoT,
    MIP6MH_CoTI,
    MIP6MH_HoT,
    MIP6MH_HoTI,
    MIP6OptAltCoA,
    MIP6OptBindingAuthData,
    MIP6OptNonceIndices,
    _MobilityHeader,
)
from scapy.packet import Packet
from scapy.pton_ntop import inet_pton

from kamesim.conformance.exchange import NODE, Port, Unmet, find, ip, matches, own_layers, stack

UNIT = 4  # seconds of a lifetime (RFC 6275 §6.1.7)

# --- Messages -------------------------------------------------------------------------------------------------------


def home_address_option(home: str) -> Packet:
    return IPv6ExtHdrDestOpt(options=[HAO(hoa=home)])


def type2_route(home: str) -> Packet:
    return IPv6ExtHdrRouting(type=2, segleft=1, addresses=[home])


def binding_update(seq: int, *options: Packet, flags: str = "A", lifetime: int = 420) -> Packet:
    return MIP6MH_BU(seq=seq, flags=flags, mhtime=lifetime // UNIT, options=list(options))


def binding_ack(seq: int, *options: Packet, status: int = 0, lifetime: int = 420) -> Packet:
    return MIP6MH_BA(seq=seq, status=status, flags="", mhtime=lifetime // UNIT, options=list(options))


def nonce_indices(home: int, care_of: int) -> Packet:
    return MIP6OptNonceIndices(olen=4, hni=home, coni=care_of)


def authorization() -> Packet:
    """The Binding Authorization Data option, for `signed` to fill."""
    return MIP6OptBindingAuthData(olen=12, authenticator=0)


def alternate_care_of(address: str) -> Packet:
    return MIP6OptAltCoA(acoa=address)


# --- Return routability (RFC 6275 §5.2.5, §6.2.7) -------------------------------------------------------------------


def binding_key(*tokens: bytes) -> bytes:
    """Kbm = SHA-1 (home keygen token | care-of keygen token); of the home keygen token alone to delete a binding."""
    return hashlib.sha1(b"".join(tokens)).digest()


def authenticator(kbm: bytes, care_of: str, correspondent: str, message: bytes) -> int:
    """First (96, HMAC_SHA1 (Kbm, care-of address | correspondent | MH Data)) of a message that ends with the option."""
    without_checksum = message[:4] + b"\x00\x00" + message[6:-12]
    data = inet_pton(AF_INET6, care_of) + inet_pton(AF_INET6, correspondent) + without_checksum
    return int.from_bytes(hmac.new(kbm, data, "sha1").digest()[:12], "big")


def signed(packet: Packet, kbm: bytes, care_of: str, correspondent: str = NODE.address) -> Packet:
    """The packet with the authenticator in the last option of its Mobility Header."""
    header = find(packet, _MobilityHeader)
    header.options[-1].authenticator = authenticator(kbm, care_of, correspondent, bytes(header))
    return packet


def is_signed(packet: Packet, kbm: bytes, care_of: str, correspondent: str = NODE.address) -> bool:
    header = find(packet, _MobilityHeader)
    last = header.options[-1]
    return isinstance(last, MIP6OptBindingAuthData) and (
        last.authenticator == authenticator(kbm, care_of, correspondent, header.original)
    )


# --- Looking at packets ---------------------------------------------------------------------------------------------


def ends(packet: Packet) -> tuple[str, str]:
    """Source and destination in the (outer) IPv6 header."""
    return packet[IPv6].src, packet[IPv6].dst


def routed_to(packet: Packet) -> str | None:
    """The home address in the type 2 routing header; None without one."""
    header = find(packet, IPv6ExtHdrRouting)
    if header is None:
        return None
    assert (header.type, header.len, header.segleft, header.reserved) == (2, 2, 1, 0), "RFC 6275 §6.4.1"
    return str(header.addresses[0])


def home_address_of(packet: Packet) -> str | None:
    """The home address in the Home Address option; None without one."""
    for header in own_layers(packet):
        if isinstance(header, IPv6ExtHdrDestOpt):
            for option in header.options:
                if isinstance(option, HAO):
                    return str(option.hoa)
    return None


def inner(packet: Packet) -> Packet | None:
    """The IPv6 packet in a tunnel packet; None if it is none."""
    headers = [layer for layer in own_layers(packet) if isinstance(layer, IPv6)]
    return headers[1] if len(headers) > 1 else None


def option(packet: Packet, kind: type[Packet]) -> Packet | None:
    """The mobility option of that kind."""
    header = find(packet, _MobilityHeader)
    return next((o for o in header.options if isinstance(o, kind)), None)


def message(port: Port, kind: type[Packet], within: float = 1.0, to: str | None = None, **fields: Any) -> Packet:
    """The next Mobility Header of exactly that kind, inside a tunnel or not; `to`: what its IPv6 header says."""
    came = []
    for packet in port.frames(within):
        found = find(packet, kind)
        if type(found) is kind and matches(packet, kind, fields) and to in (None, _nearest(found).dst):
            return packet
        came.append(f"  {packet.time:.6f} s  {packet.payload.summary()}")
    raise Unmet("\n".join([f"no {kind.__name__} to {to} with {fields} within {within:g} s; came:", *came]))


def no_message(port: Port, kind: type[Packet], within: float, to: str | None = None) -> None:
    for packet in port.frames(within):
        found = find(packet, kind)
        if type(found) is kind and to in (None, _nearest(found).dst):
            raise Unmet(f"unexpected at {packet.time:.6f} s: {packet.payload.summary()}")


def _nearest(layer: Packet) -> Packet:
    while not isinstance(layer, IPv6):
        layer = layer.underlayer
    return layer


# --- A mobile node --------------------------------------------------------------------------------------------------


class Mobile:
    """A mobile node away from home, played by a tester that is also the router before it and its home agent."""

    def __init__(self, port: Port, home: str, care_of: str, **frame: str) -> None:
        self.port, self.home, self.care_of = port, home, care_of
        self._frame = frame  # MAC addresses
        self._cookies = 0
        self.home_test: Any = None
        self.care_of_test: Any = None

    def directly(self, *layers: Packet, source: str | None = None, **fields: Any) -> Packet:
        """A packet from the care-of address, or from `source`."""
        return stack(ip(source=source or self.care_of, **self._frame, **fields), *layers)

    def from_home(self, *layers: Packet) -> Packet:
        """A packet from the home address, as it comes out of the home agent's tunnel."""
        return self.directly(*layers, source=self.home)

    def optimized(self, *layers: Packet, source: str | None = None) -> Packet:
        """A packet from the care-of address with the Home Address option."""
        return self.directly(home_address_option(self.home), *layers, source=source)

    def test_home(self) -> Packet:
        """The Home Test in answer to a Home Test Init."""
        cookie = self._cookie()
        self.port.send(self.from_home(MIP6MH_HoTI(cookie=cookie)))
        self.home_test = message(self.port, MIP6MH_HoT, to=self.home, cookie=cookie)
        return self.home_test

    def test_care_of(self) -> Packet:
        """The Care-of Test in answer to a Care-of Test Init."""
        cookie = self._cookie()
        self.port.send(self.directly(MIP6MH_CoTI(cookie=cookie)))
        self.care_of_test = message(self.port, MIP6MH_CoT, to=self.care_of, cookie=cookie)
        return self.care_of_test

    @property
    def kbm(self) -> bytes:
        return binding_key(self.home_test[MIP6MH_HoT].token, self.care_of_test[MIP6MH_CoT].token)

    @property
    def kbm_for_deletion(self) -> bytes:
        return binding_key(self.home_test[MIP6MH_HoT].token)

    @property
    def indices(self) -> Packet:
        return nonce_indices(self.home_test[MIP6MH_HoT].index, self.care_of_test[MIP6MH_CoT].index)

    def update(self, seq: int, *options: Packet, source: str | None = None, **fields: Any) -> Packet:
        """A Binding Update to a correspondent, authorized by the tests. source: None: the care-of address."""
        header = binding_update(seq, *options, self.indices, authorization(), **fields)
        return signed(self.optimized(header, source=source), self.kbm, self.care_of)

    def deletion(self, seq: int, **fields: Any) -> Packet:
        """A Binding Update from home that deletes the binding, authorized by the home test alone."""
        options = nonce_indices(self.home_test[MIP6MH_HoT].index, 0), authorization()
        update = self.from_home(binding_update(seq, *options, lifetime=0, **fields))
        return signed(update, self.kbm_for_deletion, self.home)

    def bind(self, seq: int = 1, **fields: Any) -> Packet:
        """Return routability and an accepted Binding Update; returns the acknowledgement."""
        self.test_home()
        self.test_care_of()
        self.port.send(self.update(seq, **fields))
        return message(self.port, MIP6MH_BA, seq=seq, status=0)

    def _cookie(self) -> bytes:
        self._cookies += 1
        return b"cookie" + self._cookies.to_bytes(2, "big")
