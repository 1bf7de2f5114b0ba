"""IPsec between a mobile node and its home agent, with keys by hand (RFC 3776, 4877)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from kamesim import errors
from kamesim.ipsec import ALGORITHMS, checked_algorithm

if TYPE_CHECKING:
    from kamesim import _core

_LEAST_SPI = 256  # RFC 4303 section 2.1
_SPIS = 8  # of one mobile node


def octets(key: bytes | str) -> bytes:
    """A key that is bytes, or text of hexadecimal digits."""
    return bytes.fromhex(key.removeprefix("0x")) if isinstance(key, str) else bytes(key)


@dataclass(frozen=True)
class SignallingProtection:
    """How a mobile node and its home agent protect what they tell each other; both are given the same.

    Binding Updates and Acknowledgements go by ESP in transport mode, and with prefix_discovery Mobile Prefix
    Solicitations and Advertisements too. With return_routability Home Test Init and Home Test go through an ESP tunnel
    that ends at the care-of address and moves along; with payload, all that goes by the home agent.

    spi: the first of 8 SPIs; a home agent's mobile nodes have eight each of their own. encryption, integrity: names of
    algorithms of `kamesim.ipsec.ALGORITHMS`; integrity None for an algorithm that does both. The keys are bytes or text
    of hexadecimal digits, the same in both directions.
    """

    encryption_key: bytes | str
    integrity_key: bytes | str = b""
    encryption: str = "aes-cbc"
    integrity: str | None = "hmac-sha2-256-128"
    spi: int = 0x1000
    return_routability: bool = True
    prefix_discovery: bool = True
    payload: bool = False

    def written(self) -> dict[str, Any]:
        """As the fields of a scenario file."""
        keys = {name: octets(getattr(self, name)) for name in ("encryption_key", "integrity_key")}
        return {f.name: getattr(self, f.name) for f in fields(self)} | {"integrity": self.integrity or ""} | keys

    @classmethod
    def read(cls, message: Any) -> SignallingProtection:
        """From such fields."""
        values: dict[str, Any] = {f.name: getattr(message, f.name) for f in fields(cls)}
        values["integrity"] = message.integrity or None
        return cls(**values)

    def start(self, what: str, core: _core.MobileIpv6, home_address: str | None) -> None:
        """Has the mobile node, or the home agent for that home address, do so."""
        what = f"{what}: protection"
        encryption, encryption_key = checked_algorithm(what, "encryption", self.encryption, self.encryption_key)
        integrity, integrity_key = checked_algorithm(what, "integrity", self.integrity, self.integrity_key)
        if encryption in ("", "null"):
            errors.fail(what, "encryption", self.encryption, "an algorithm that encrypts (RFC 3776 section 4.3)")
        combined = {row["name"] for row in ALGORITHMS if row["combined"]}
        if (encryption in combined) == bool(integrity):
            right = f"None, as {encryption} does both" if integrity else "an algorithm (RFC 3776 section 4.3)"
            errors.fail(what, "integrity", self.integrity, right)
        spi = errors.integer(what, "spi", self.spi, "", minimum=_LEAST_SPI, maximum=2**32 - _SPIS)
        core.protect(
            home_address,
            spi,
            encryption,
            encryption_key,
            integrity,
            integrity_key,
            errors.flag(what, "return_routability", self.return_routability),
            errors.flag(what, "prefix_discovery", self.prefix_discovery),
            errors.flag(what, "payload", self.payload),
        )
