"""Home registrations authenticated by options in place of IPsec (RFC 4285), with identifiers of RFC 4283."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kamesim import errors

if TYPE_CHECKING:
    from kamesim import _core

KEY_SIZE = 16  # octets (RFC 4285 section 5.1)
RESERVED_SPIS = 256  # 0 to 255
MAX_IDENTIFIER = 253  # octets


@dataclass(frozen=True)
class AuthenticationOption:
    """A security association of a mobile node with its home agent (RFC 4285); both are given the same.

        how = ks.AuthenticationOption(identifier="alice@example.com", key=bytes(range(16)))
        ha.enable(ks.HomeAgent(authentication={"2001:db8:1::100": how}))
        mn.enable(ks.MobileNode(home_address="2001:db8:1::100", home_agent="2001:db8:1::1", authentication=how))

    identifier: of the mobile node, as user@realm. key: 16 octets, of the MN-HA option. spi: which association it is,
    256 or more. aaa_key: updates bear an MN-AAA option too, with this key of 16 octets; the home agent is its own AAA
    server. timestamps: updates bear the time of day, against replays; else their sequence numbers have to do.
    close_enough: by how many seconds the time may differ.
    """

    identifier: str
    key: bytes
    spi: int = RESERVED_SPIS
    aaa_key: bytes | None = None
    timestamps: bool = False
    close_enough: float = 7.0

    def _checked(self, what: str) -> tuple[str, int, bytes, bytes | None, bool, int]:
        name = f"{what}: authentication"
        right = f"user@realm, of 1 to {MAX_IDENTIFIER} octets"
        if not isinstance(self.identifier, str) or not 1 <= len(self.identifier.encode()) <= MAX_IDENTIFIER:
            errors.fail(name, "identifier", self.identifier, right)
        for field, key in (("key", self.key), ("aaa_key", self.aaa_key)):
            absent = field == "aaa_key" and key is None
            if not absent and (not isinstance(key, bytes) or len(key) != KEY_SIZE):
                errors.fail(name, field, key, f"{KEY_SIZE} bytes")
        return (
            self.identifier,
            errors.integer(name, "spi", self.spi, "", minimum=RESERVED_SPIS, maximum=0xFFFFFFFF),
            self.key,
            self.aaa_key,
            errors.flag(name, "timestamps", self.timestamps),
            errors.nanoseconds(name, "close_enough", self.close_enough, above=0),
        )

    def authenticate_home(self, what: str, core: _core.MobileIpv6, home_address: str) -> None:
        """Tells the home agent that is about to be started."""
        core.authenticate_home(errors.address(what, "authentication", home_address), *self._checked(what))

    def authenticate_mobile_node(self, what: str, core: _core.MobileIpv6, clock_offset: float) -> None:
        """Tells the mobile node that is about to be started."""
        offset = round(errors.number(what, "clock_offset", clock_offset, "seconds", minimum=-1e9, maximum=1e9) * 1e9)
        core.authenticate_mobile_node(*self._checked(what), offset)
