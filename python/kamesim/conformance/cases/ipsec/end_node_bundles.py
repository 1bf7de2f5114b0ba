"""AH over ESP at an end node (RFC 4301 §4.1, RFC 4303 §3.1). The tester computes the ICV of AH itself, by RFC 4302
§3.3.3: Scapy 2.5 puts the ICV of a packet that holds both headers into ESP."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, IPv6
from scapy.layers.ipsec import AH, ESP
from scapy.packet import Packet, Raw

from kamesim.conformance.cases.ipsec._associations import CBC, GCM, NULL, Association, flipped, framed, key
from kamesim.conformance.exchange import (
    NODE,
    TESTER,
    case,
    echo,
    expect,
    expect_dropped,
    expect_silence,
    must,
)

ROLE = "host"
IP, AH_SIZE, ICV, ICV_PLACE = 40, 32, 16, 12  # of HMAC-SHA2-256-128: 28 octets, and 4 of padding (RFC 4302 §2.6)


class Bundle:
    """Both associations in both directions, and policies that ask for both."""

    def __init__(self, host, suite):
        into, out = (TESTER.address, NODE.address), (NODE.address, TESTER.address)
        self.esp_in, self.esp_out = Association(*into, 0x3000, suite), Association(*out, 0x3001, suite)
        self.ah_in, self.ah_out = Association(*into, 0x4000, NULL, "ah"), Association(*out, 0x4001, NULL, "ah")
        wanted = "esp/transport//require ah/transport//require"
        host.ipsec.setkey(
            "".join(a.setkey for a in (self.esp_in, self.esp_out, self.ah_in, self.ah_out))
            + f"spdadd {out[0]} {out[1]} any -P out ipsec {wanted};"
            + f"spdadd {into[0]} {into[1]} any -P in ipsec {wanted};"
        )

    def seal(self, packet: Packet, sequence: int = 1) -> Packet:
        return with_ah(self.esp_in.seal(packet, sequence), self.ah_in.spi, sequence)


def with_ah(packet: Packet, spi: int, sequence: int) -> Packet:
    """The packet, whose IPv6 header stands right before what AH is to cover, with AH and its ICV."""
    octets = bytes(packet)
    size = len(octets) - IP + AH_SIZE
    header = octets[:4] + size.to_bytes(2, "big") + bytes((51,)) + octets[7:IP]
    immutable = b"\x60\0\0\0" + header[4:7] + b"\0" + header[8:]
    fixed = bytes((octets[6], AH_SIZE // 4 - 2, 0, 0)) + spi.to_bytes(4, "big") + sequence.to_bytes(4, "big")
    padding = bytes(AH_SIZE - len(fixed) - ICV)
    covered = immutable + fixed + bytes(ICV) + padding + octets[IP:]
    icv = hmac.new(key(32, 0x51), covered, hashlib.sha256).digest()[:ICV]
    return IPv6(header + fixed + icv + padding + octets[IP:])


def request(data=b"in both"):
    return IPv6(src=TESTER.address, dst=NODE.address) / echo(data)


@case(must("RFC 4301 §4.1", "RFC 4302 §3.3.3", "RFC 4303 §3.1"))
@pytest.mark.parametrize("suite", [CBC, GCM, NULL], ids=lambda s: s.id)
def bundle_that_comes_is_taken_apart_and_answered(host, port, suite):
    bundle = Bundle(host, suite)
    port.send(framed(bundle.seal(request())))
    inner = bundle.ah_out.open(expect(port, AH))
    assert bundle.esp_out.scapy().decrypt(inner)[ICMPv6EchoReply].data == b"in both"


@case(must("RFC 4302 §3.4.4"))
@pytest.mark.parametrize(
    ("where", "offset"), [("spi of esp", IP + AH_SIZE + 3), ("ciphertext", IP + AH_SIZE + 30), ("icv of ah", IP + ICV_PLACE)]
)
def outer_icv_covers_what_is_inside(host, port, where, offset):
    bundle = Bundle(host, GCM)
    port.send(framed(flipped(bundle.seal(request()), offset)))
    expect_silence(port, 1.0)
    expect_dropped(host, "ah.bad_icv")


@case(must("RFC 4301 §5.2"))
@pytest.mark.parametrize("only", ["esp", "ah"])
def one_of_the_two_is_not_enough(host, port, only):
    bundle = Bundle(host, GCM)
    port.send(framed(bundle.esp_in.seal(request()) if only == "esp" else with_ah(request(), bundle.ah_in.spi, 1)))
    expect_silence(port, 1.0)
    expect_dropped(host, "ipsec.policy_mismatch")


@case(must("RFC 4301 §5.2"))
def order_of_the_headers_is_the_policys(host, port):
    """ESP around AH, where AH around ESP is asked for."""
    bundle = Bundle(host, NULL)
    inside = with_ah(request(), bundle.ah_in.spi, 1)
    octets = bytes(inside)[IP:]
    esp = bundle.esp_in.spi.to_bytes(4, "big") + (1).to_bytes(4, "big") + octets + b"\x01\x02\x02\x33"
    icv = hmac.new(key(32, 0x51), esp, hashlib.sha256).digest()[:ICV]
    port.send(framed(IPv6(src=TESTER.address, dst=NODE.address, nh=50) / Raw(esp + icv)))
    expect_silence(port, 1.0)


@case(must("RFC 4303 §3.1", "RFC 4301 §4.1"))
def bundle_that_is_sent_has_esp_inside_ah(host, port):
    bundle = Bundle(host, GCM)
    host.ping(TESTER.address, count=1)
    inner = bundle.ah_out.open(expect(port, AH))
    assert ESP in inner
    assert ICMPv6EchoRequest in bundle.esp_out.scapy().decrypt(inner)
