"""Associations as both sides have them: the node by setkey's language, the tester by Scapy's IPsec layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scapy.layers.inet6 import IPv6
from scapy.layers.ipsec import AH, ESP, SecurityAssociation
from scapy.packet import Packet

from kamesim.conformance.exchange import ETHERNET, NODE, TESTER, Port, expect, ip

NODE_TO_TESTER, TESTER_TO_NODE = 0x1000, 0x2000  # SPIs


def key(size: int, first: int = 0x11) -> bytes:
    return bytes((first + n) & 0xFF for n in range(size))


@dataclass(frozen=True)
class Suite:
    """Algorithms, by their names in setkey and in Scapy, and the octets of their keys (with the salt)."""

    id: str
    encryption: str = "null"
    scapy_encryption: str = "NULL"
    encryption_key: int = 0
    integrity: str = ""
    scapy_integrity: str = "NULL"
    integrity_key: int = 0
    icv: int | None = None  # of a combined algorithm that has several


SHA1 = {"integrity": "hmac-sha1", "scapy_integrity": "HMAC-SHA1-96", "integrity_key": 20}
SHA256 = {"integrity": "hmac-sha2-256", "scapy_integrity": "SHA2-256-128", "integrity_key": 32}
INTEGRITY = {
    "hmac-md5-96": {"integrity": "hmac-md5", "scapy_integrity": "HMAC-MD5-96", "integrity_key": 16},
    "hmac-sha1-96": SHA1,
    "hmac-sha2-256-128": SHA256,
    "hmac-sha2-384-192": {"integrity": "hmac-sha2-384", "scapy_integrity": "SHA2-384-192", "integrity_key": 48},
    "hmac-sha2-512-256": {"integrity": "hmac-sha2-512", "scapy_integrity": "SHA2-512-256", "integrity_key": 64},
    "aes-cmac-96": {"integrity": "aes-cmac", "scapy_integrity": "AES-CMAC-96", "integrity_key": 16},
}
ESP_SUITES = [
    *(Suite(f"aes-cbc-{8 * n}", "rijndael-cbc", "AES-CBC", n, **SHA256) for n in (16, 24, 32)),
    *(Suite(f"aes-ctr-{8 * n}", "aes-ctr", "AES-CTR", n + 4, **SHA1) for n in (16, 24, 32)),
    *(Suite(f"aes-gcm-16-{8 * n}", "aes-gcm-16", "AES-GCM", n + 4) for n in (16, 24, 32)),
    Suite("aes-ccm-8", "aes-ccm-8", "AES-CCM", 19, icv=8),
    Suite("aes-ccm-16", "aes-ccm-16", "AES-CCM", 19, icv=16),
    Suite("chacha20-poly1305", "chacha20-poly1305", "CHACHA20-POLY1305", 36),
    Suite("3des-cbc", "3des-cbc", "3DES", 24, **SHA1),
    Suite("des-cbc", "des-cbc", "DES", 8, **SHA1),
    Suite("blowfish-cbc", "blowfish-cbc", "Blowfish", 16, **SHA1),
    Suite("cast128-cbc", "cast128-cbc", "CAST", 16, **SHA1),
    *(Suite(f"null-{name}", **fields) for name, fields in INTEGRITY.items()),
]
AH_SUITES = [Suite(name, **fields) for name, fields in INTEGRITY.items()]
CBC, GCM, NULL = ESP_SUITES[0], ESP_SUITES[6], Suite("null", **SHA256)


@dataclass
class Association:
    """One direction. `tunnel`: the ends of a tunnel's outer header."""

    source: str
    destination: str
    spi: int
    suite: Suite = GCM
    protocol: str = "esp"
    tunnel: tuple[str, str] | None = None
    esn: bool = False
    window: int = 8  # in octets, as setkey counts: 64 packets
    sequence: int = 1

    @property
    def setkey(self) -> str:
        source, destination = self.tunnel or (self.source, self.destination)
        mode = "tunnel" if self.tunnel else "transport"
        s = self.suite
        words = f"add {source} {destination} {self.protocol} {self.spi:#x} -m {mode} -r {self.window}"
        if self.esn:
            words += " -f esn"
        if self.protocol == "esp":
            words += f" -E {s.encryption}" + (f" 0x{key(s.encryption_key).hex()}" if s.encryption_key else "")
        if s.integrity:
            words += f" -A {s.integrity} 0x{key(s.integrity_key, 0x51).hex()}"
        return words + ";\n"

    def scapy(self, sequence: int | None = None, **changes: Any) -> SecurityAssociation:
        s = self.suite
        fields: dict[str, Any] = {"spi": self.spi, "seq_num": self.sequence if sequence is None else sequence}
        if self.tunnel:
            fields["tunnel_header"] = IPv6(src=self.tunnel[0], dst=self.tunnel[1], hlim=64)
        if self.protocol == "esp":
            fields |= {"crypt_algo": s.scapy_encryption, "crypt_key": key(s.encryption_key) or None}
            if s.icv:
                fields["crypt_icv_size"] = s.icv
        if s.integrity or self.protocol == "ah":
            fields |= {"auth_algo": s.scapy_integrity, "auth_key": key(s.integrity_key, 0x51)}
        return SecurityAssociation(ESP if self.protocol == "esp" else AH, **(fields | changes))

    def seal(self, packet: Packet, sequence: int | None = None, **changes: Any) -> Packet:
        """The packet, from its IPv6 header on, protected."""
        sealed = self.scapy(sequence, **changes).encrypt(IPv6(bytes(packet)))
        if sequence is None:
            self.sequence += 1
        return IPv6(bytes(sealed))

    def open(self, packet: Packet) -> Packet:
        """What a packet of the node's holds, its ICV checked."""
        return IPv6(bytes(self.scapy().decrypt(IPv6(packet.wire[ETHERNET:]))))

    @property
    def layer(self) -> type[Packet]:
        return ESP if self.protocol == "esp" else AH


@dataclass
class Pair:
    """Both directions between the node and the tester."""

    into: Association
    out: Association
    setkey: str


def transport(node: Any, suite: Suite = GCM, protocol: str = "esp", upper: str = "any", **options: Any) -> Pair:
    """Between host and tester, for all that they send each other."""
    return between(node, suite, protocol, None, NODE.address, TESTER.address, upper, **options)


def between(
    node: Any,
    suite: Suite,
    protocol: str,
    ends: tuple[str, str] | None,
    local: str,
    remote: str,
    upper: str = "any",
    **options: Any,
) -> Pair:
    """`ends`: of a tunnel, the node's and the peer's."""
    into = Association(remote, local, TESTER_TO_NODE, suite, protocol, ends and (ends[1], ends[0]), **options)
    out = Association(local, remote, NODE_TO_TESTER, suite, protocol, ends, **options)
    there = f"{protocol}/tunnel/{ends[0]}-{ends[1]}/require" if ends else f"{protocol}/transport//require"
    back = f"{protocol}/tunnel/{ends[1]}-{ends[0]}/require" if ends else f"{protocol}/transport//require"
    script = (
        into.setkey
        + out.setkey
        + f"spdadd {local} {remote} {upper} -P out ipsec {there};\n"
        + f"spdadd {remote} {local} {upper} -P in ipsec {back};\n"
    )
    node.ipsec.setkey(script)
    return Pair(into, out, script)


def framed(packet: Packet, **fields: Any) -> Packet:
    """A packet from its IPv6 header on, in a frame from the tester to the node."""
    frame = ip(**fields)
    frame.remove_payload()
    return frame / packet


def changed(packet: Packet, offset: int, value: int) -> Packet:
    """With another octet at that place, counted from the IPv6 header."""
    octets = bytearray(bytes(packet))
    octets[offset] = value & 0xFF
    return IPv6(bytes(octets))


def flipped(packet: Packet, offset: int, bit: int = 0) -> Packet:
    return changed(packet, offset, bytes(packet)[offset] ^ 1 << bit)


def cut(packet: Packet, size: int) -> Packet:
    """Its first octets, the Payload Length right."""
    octets = bytearray(bytes(packet)[:size])
    octets[4:6] = (size - 40).to_bytes(2, "big")
    return IPv6(bytes(octets))


def opened(port: Port, pair: Pair, within: float = 1.0) -> Packet:
    """The next packet that comes protected, opened."""
    return pair.out.open(expect(port, pair.out.layer, within, spi=NODE_TO_TESTER))
