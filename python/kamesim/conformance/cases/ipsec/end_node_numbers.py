"""Windows of every size, and extended sequence numbers with every kind of algorithm (RFC 4303 §2.2.1, §3.4.3)."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from scapy.layers.inet6 import ICMPv6EchoReply, IPv6
from scapy.layers.ipsec import ESP
from scapy.packet import Packet

from kamesim.conformance.cases.ipsec._associations import (
    CBC,
    ESP_SUITES,
    GCM,
    NULL,
    Association,
    Suite,
    flipped,
    framed,
    key,
    opened,
    transport,
)
from kamesim.conformance.exchange import (
    ETHERNET,
    NODE,
    TESTER,
    case,
    echo,
    expect,
    expect_dropped,
    expect_none,
    expect_silence,
    must,
)

ROLE = "host"
CHACHA = next(s for s in ESP_SUITES if s.id == "chacha20-poly1305")
CCM = next(s for s in ESP_SUITES if s.id == "aes-ccm-16")
CTR = next(s for s in ESP_SUITES if s.id == "aes-ctr-128")
ICV = {"hmac-sha2-256": (hashlib.sha256, 16), "hmac-sha1": (hashlib.sha1, 12)}
WINDOWS = [32, 64, 128, 1024, 4096]  # packets


def by_id(suite):
    return suite.id


def request(data=b"kamesim"):
    return IPv6(src=TESTER.address, dst=NODE.address) / echo(data)


def icv_of(suite: Suite, esp: bytes, high: int) -> bytes:
    """RFC 4303 §2.2.1: the high half is covered behind the packet, and not sent."""
    digest, size = ICV[suite.integrity]
    return hmac.new(key(suite.integrity_key, 0x51), esp + high.to_bytes(4, "big"), digest).digest()[:size]


def without_icv(association: Association) -> Association:
    s = association.suite
    bare = Suite(s.id, s.encryption, s.scapy_encryption, s.encryption_key)
    return Association(association.source, association.destination, association.spi, bare)


def seal_extended(association: Association, packet: Packet, number: int) -> Packet:
    high, low = number >> 32, number & 0xFFFFFFFF
    if not association.suite.integrity:
        return association.seal(packet, low, esn_en=True, esn=high)
    octets = bytes(without_icv(association).seal(packet, low))
    icv = icv_of(association.suite, octets[40:], high)
    return IPv6(octets[:4] + (len(octets) - 40 + len(icv)).to_bytes(2, "big") + octets[6:] + icv)


def open_extended(association: Association, packet: Packet, high: int = 0) -> Packet:
    octets = packet.wire[ETHERNET:]
    if not association.suite.integrity:
        return association.scapy(esn_en=True, esn=high).decrypt(IPv6(octets))
    size = ICV[association.suite.integrity][1]
    assert octets[-size:] == icv_of(association.suite, octets[40:-size], high)
    bare = IPv6(octets[:4] + (len(octets) - 40 - size).to_bytes(2, "big") + octets[6:-size])
    return without_icv(association).scapy().decrypt(bare)


def begins_behind(host, association: Association, number: int) -> None:
    """The last number that the association is to have used."""
    gone = f"delete {association.source} {association.destination} {association.protocol} {association.spi:#x};"
    host.ipsec.setkey(gone + association.setkey.replace(" -r", f" -f sequence {number} -r"))


@case(must("RFC 4303 §2.2.1", "RFC 4303 §3.3.2"))
@pytest.mark.parametrize("suite", [CBC, CTR, GCM, CCM, CHACHA, NULL], ids=by_id)
def high_half_of_the_number_is_covered(host, port, suite):
    pair = transport(host, suite, esn=True)
    port.send(framed(seal_extended(pair.into, request(b"long"), 1)))
    assert open_extended(pair.out, expect(port, ESP))[ICMPv6EchoReply].data == b"long"


@case(must("RFC 4303 §2.2.1"))
@pytest.mark.parametrize("suite", [CBC, GCM, CHACHA], ids=by_id)
def packet_with_another_high_half_is_discarded(host, port, suite):
    pair = transport(host, suite, esn=True)
    port.send(framed(seal_extended(pair.into, request(), (1 << 32) + 1)))
    expect_silence(port, 1.0)
    expect_dropped(host, "esp.bad_icv")


@case(must("RFC 4303 §3.3.3", "RFC 4302 §3.3.2"))
@pytest.mark.parametrize("protocol", ["esp", "ah"])
def numbers_that_are_sent_end_where_they_would_start_again(host, port, protocol):
    pair = transport(host, NULL, protocol)
    begins_behind(host, pair.out, 2**32 - 3)
    for number in (2**32 - 2, 2**32 - 1):
        port.send(framed(pair.into.seal(request())))
        assert expect(port, pair.out.layer).seq == number
    port.send(framed(pair.into.seal(request())))
    expect_none(port, pair.out.layer)
    expect_dropped(host, "ipsec.sequence_overflow")


@case(must("RFC 4303 §2.2.1", "RFC 4303 §3.3.3"))
@pytest.mark.parametrize("suite", [GCM, NULL], ids=by_id)
def extended_numbers_that_are_sent_go_on_into_the_next_subspace(host, port, suite):
    pair = transport(host, suite, esn=True)
    begins_behind(host, pair.out, 2**32 - 2)
    for low, high in ((2**32 - 1, 0), (0, 1), (1, 1)):
        port.send(framed(seal_extended(pair.into, request(), pair.into.sequence)))
        pair.into.sequence += 1
        answer = expect(port, ESP, seq=low)
        assert open_extended(pair.out, answer, high)[ICMPv6EchoReply].data == b"kamesim"


@case(must("RFC 4303 §3.4.3", "RFC 4303 appendix A2"))
@pytest.mark.parametrize("suite", [CBC, GCM, CHACHA], ids=by_id)
def number_goes_on_into_the_next_subspace(host, port, suite):
    pair = transport(host, suite, esn=True)
    for number in (1 << 31, (1 << 32) - 3, (1 << 32) + 5, (1 << 32) - 1):  # the last one late, but within the window
        port.send(framed(seal_extended(pair.into, request(number.to_bytes(8, "big")), number)))
        assert open_extended(pair.out, expect(port, ESP))[ICMPv6EchoReply].data == number.to_bytes(8, "big")
    port.send(framed(seal_extended(pair.into, request(), (1 << 32) - 1)))
    expect_silence(port, 1.0)
    expect_dropped(host, "esp.replayed")


@case(must("RFC 4303 §3.4.3", "RFC 4302 §3.4.3"))
@pytest.mark.parametrize("protocol", ["esp", "ah"])
@pytest.mark.parametrize("window", WINDOWS)
def window_is_as_wide_as_was_asked(host, port, protocol, window):
    pair = transport(host, NULL, protocol, window=window // 8)
    highest = 2 * window
    for number in (highest, highest - window + 1, highest - window // 2):
        port.send(framed(pair.into.seal(request(), number)))
        assert opened(port, pair)[ICMPv6EchoReply].data == b"kamesim"
    for number, reason in ((highest - window, "before_window"), (highest - window + 1, "replayed")):
        port.send(framed(pair.into.seal(request(), number)))
        expect_silence(port, 0.5)
        expect_dropped(host, f"{protocol}.{reason}")


@case(must("RFC 4303 §3.4.3"))
@pytest.mark.parametrize("window", WINDOWS)
def every_packet_of_a_window_is_taken_once(host, port, window):
    """From the last to the first, then all again."""
    pair = transport(host, NULL, window=window // 8)
    numbers = range(window, 0, -max(1, window // 32))
    packets = [framed(pair.into.seal(request(), number)) for number in numbers]
    for packet in packets:
        port.send(packet)
        assert opened(port, pair)[ICMPv6EchoReply].data == b"kamesim"
    for packet in packets:
        port.send(packet)
    expect_silence(port, 1.0)
    assert host.drops["esp.replayed"] == len(packets)


@case(must("RFC 4303 §3.4.3"))
def window_moves_by_as_much_as_a_number_skips(host, port):
    pair = transport(host, NULL, window=4)
    for number in (1, 0x7FFFFFFF, 0x7FFFFFFF - 31, 0xFFFFFFFF, 0xFFFFFFFF - 31):
        port.send(framed(pair.into.seal(request(), number)))
        opened(port, pair)
    port.send(framed(pair.into.seal(request(), 2)))
    expect_silence(port, 1.0)
    expect_dropped(host, "esp.before_window")


@case(must("RFC 4303 §3.4.3"))
def forged_packet_of_an_extended_number_moves_nothing(host, port):
    pair = transport(host, GCM, esn=True)
    port.send(framed(flipped(seal_extended(pair.into, request(), 1 << 31), 70)))
    expect_silence(port, 0.5)
    expect_dropped(host, "esp.bad_icv")
    port.send(framed(seal_extended(pair.into, request(b"still"), 1)))
    assert open_extended(pair.out, expect(port, ESP))[ICMPv6EchoReply].data == b"still"
