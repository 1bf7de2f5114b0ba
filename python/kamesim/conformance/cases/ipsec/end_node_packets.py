"""What an end node makes of packets that are not as they should be (RFC 4303 §3.4, RFC 4302 §3.4)."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from scapy.layers.inet import UDP
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrHopByHop, PadN
from scapy.layers.ipsec import AH, ESP
from scapy.packet import Raw

from kamesim.conformance.cases.ipsec._associations import (
    CBC,
    GCM,
    NULL,
    NODE_TO_TESTER,
    TESTER_TO_NODE,
    Association,
    changed,
    cut,
    flipped,
    framed,
    key,
    opened,
    transport,
)
from kamesim.conformance.exchange import (
    CLOSED_PORT,
    NODE,
    TESTER,
    case,
    echo,
    echo_request,
    expect,
    expect_dropped,
    expect_none,
    expect_silence,
    fragment,
    fragments,
    must,
    payload_of,
    should,
)

ESP_HEADER = 40  # where it begins


def request(data=b"kamesim", seq=1):
    return IPv6(src=TESTER.address, dst=NODE.address) / echo(data, seq=seq)


def answered(port, pair, packet):
    port.send(framed(packet))
    return opened(port, pair)[ICMPv6EchoReply]


def refused(port, host, packet, reason):
    port.send(framed(packet))
    expect_silence(port, 1.0)
    expect_dropped(host, reason)


def hand_made(payload, padding, next_header=58, sequence=1, spi=TESTER_TO_NODE, pad_length=None):
    """An ESP packet of the suite NULL with this trailer, its ICV right."""
    length = len(padding) if pad_length is None else pad_length
    esp = spi.to_bytes(4, "big") + sequence.to_bytes(4, "big") + payload + padding + bytes((length, next_header))
    icv = hmac.new(key(32, 0x51), esp, hashlib.sha256).digest()[:16]
    return IPv6(src=TESTER.address, dst=NODE.address, nh=50) / Raw(esp + icv)


def echo_octets(data=b"abcd"):
    return bytes(request(data))[40:]


# --- Integrity ------------------------------------------------------------------------------------------------------


@case(must("RFC 4303 §3.4.4"))
@pytest.mark.parametrize("suite", [CBC, GCM, NULL], ids=lambda s: s.id)
@pytest.mark.parametrize("where", ["sequence", "iv", "payload", "last octet", "icv"])
def esp_that_was_changed_is_discarded(host, port, suite, where):
    pair = transport(host, suite)
    sealed = pair.into.seal(request())
    size = len(bytes(sealed))
    offset = {"sequence": ESP_HEADER + 7, "iv": ESP_HEADER + 8, "payload": ESP_HEADER + 26, "last octet": size - 17,
              "icv": size - 1}[where]
    refused(port, host, flipped(sealed, offset, 1), "esp.bad_icv")


@case(must("RFC 4302 §3.4.4"))
@pytest.mark.parametrize("where", ["next header", "sequence", "icv", "payload", "source", "destination options"])
def ah_that_was_changed_is_discarded(host, port, where):
    pair = transport(host, NULL, "ah")
    sealed = pair.into.seal(request())
    if where == "source":
        octets = bytearray(bytes(sealed))
        octets[8:24] = bytes(IPv6(src="2001:db8:1::98"))[8:24]
        refused(port, host, IPv6(bytes(octets)), "ipsec.wrong_peer")
        return
    if where == "destination options":  # a header that was not there
        octets = bytes(sealed)
        more = bytes((51, 0, 1, 4, 0, 0, 0, 0))
        octets = octets[:4] + (len(octets) - 40 + 8).to_bytes(2, "big") + b"\x3c" + octets[7:40] + more + octets[40:]
        refused(port, host, IPv6(octets), "ah.bad_icv")
        return
    if where == "next header":
        refused(port, host, changed(sealed, 40, 17), "ah.bad_icv")
        return
    offset = {"sequence": 51, "icv": 56, "payload": len(bytes(sealed)) - 1}[where]
    refused(port, host, flipped(sealed, offset, 1), "ah.bad_icv")


@case(must("RFC 4302 §3.3.3.1.2.1"))
@pytest.mark.parametrize("field", ["traffic class", "flow label", "hop limit"])
def ah_leaves_out_what_routers_change(host, port, field):
    pair = transport(host, NULL, "ah")
    octets = bytearray(bytes(pair.into.seal(request())))
    if field == "traffic class":
        octets[0:2] = b"\x6b\x80"
    elif field == "flow label":
        octets[2:4] = b"\x12\x34"
    else:
        octets[7] = 3
    assert answered(port, pair, IPv6(bytes(octets))).data == b"kamesim"


@case(must("RFC 4302 §3.3.3.1.2.2"))
@pytest.mark.parametrize("mutable", [True, False], ids=["mutable", "immutable"])
def ah_covers_options_that_may_not_change(host, port, mutable):
    pair = transport(host, NULL, "ah")
    option = bytes((0x3E if mutable else 0x1E, 4)) + b"data"
    packet = IPv6(src=TESTER.address, dst=NODE.address, nh=0) / Raw(bytes((58, 0)) + option) / Raw(echo_octets())
    sealed = pair.into.seal(IPv6(bytes(packet)))
    other = flipped(sealed, 40 + 4)
    if mutable:
        assert answered(port, pair, other).data == b"abcd"
    else:
        refused(port, host, other, "ah.bad_icv")


# --- Lengths and padding --------------------------------------------------------------------------------------------


@case(must("RFC 4303 §2"))
@pytest.mark.parametrize("suite", [CBC, GCM, NULL], ids=lambda s: s.id)
def esp_that_was_cut_is_discarded(host, port, suite):
    pair = transport(host, suite)
    sealed = pair.into.seal(request())
    for size in range(40, len(bytes(sealed))):
        port.send(framed(cut(sealed, size)))
    expect_silence(port, 1.0)
    assert answered(port, pair, sealed).data == b"kamesim"


@case(should("RFC 4303 §2.4"))
def padding_that_does_not_count_is_refused(host, port):
    transport(host, NULL)
    refused(port, host, hand_made(echo_octets(), b"\x01\x03"), "esp.bad_padding")


@case(must("RFC 4303 §2.4"))
def padding_longer_than_the_packet_is_refused(host, port):
    transport(host, NULL)
    refused(port, host, hand_made(echo_octets(), b"\x01\x02", pad_length=200), "esp.bad_padding")


@case(must("RFC 4303 §2.4"))
@pytest.mark.parametrize("blocks", [0, 1, 10, 62], ids=lambda n: f"{4 * n + 2} octets")
def padding_of_any_length_is_taken_off(host, port, blocks):
    pair = transport(host, NULL)
    padding = bytes(range(1, 4 * blocks + 3))
    assert answered(port, pair, hand_made(echo_octets(), padding)).data == b"abcd"


@case(must("RFC 4303 §2.4"))
@pytest.mark.parametrize("size", range(8), ids=lambda n: f"{n} octets")
def padding_that_is_sent_counts_from_one(host, port, size):
    pair = transport(host, NULL)
    port.send(framed(pair.into.seal(request(bytes(size)))))
    esp = bytes(expect(port, ESP, spi=NODE_TO_TESTER).wire)[14 + 40 :]
    trailer = esp[: len(esp) - 16]
    assert len(esp) % 4 == 0
    length = trailer[-2]
    assert trailer[len(trailer) - 2 - length : -2] == bytes(range(1, length + 1))
    assert trailer[-1] == 58
    assert opened_again(pair, esp)


def opened_again(pair, esp):
    packet = IPv6(src=NODE.address, dst=TESTER.address, nh=50) / Raw(esp)
    return ICMPv6EchoReply in pair.out.scapy().decrypt(IPv6(bytes(packet)))


@case(must("RFC 4303 §2.6"))
def dummy_packets_are_discarded(host, port):
    transport(host, NULL)
    refused(port, host, hand_made(b"nothing!", b"\x01\x02", next_header=59), "esp.dummy_packet")


@case(must("RFC 4303 §2.7"))
def traffic_flow_padding_is_cut_off_behind_udp(host, port):
    pair = transport(host, NULL)
    datagram = IPv6(src=TESTER.address, dst=NODE.address) / UDP(sport=4000, dport=CLOSED_PORT) / b"12345678"
    message = bytes(datagram)[40:]
    port.send(framed(hand_made(message + bytes(100), b"\x01\x02", next_header=17)))
    error = opened(port, pair)  # the port is closed
    assert error.payload.type == 1
    assert bytes(error)[48:] == bytes(datagram), "what is quoted has no padding, and says so"


# --- Sequence numbers -----------------------------------------------------------------------------------------------


@case(must("RFC 4303 §3.3.3"))
@pytest.mark.parametrize("protocol", ["esp", "ah"])
def numbers_that_are_sent_count_from_one(host, port, protocol):
    pair = transport(host, NULL, protocol)
    for number in (1, 2, 3):
        port.send(framed(pair.into.seal(request(seq=number))))
        assert expect(port, pair.out.layer).seq == number


@case(must("RFC 4303 §3.4.3", "RFC 4302 §3.4.3"))
@pytest.mark.parametrize("protocol", ["esp", "ah"])
def packet_that_came_before_is_discarded(host, port, protocol):
    pair = transport(host, NULL, protocol)
    sealed = pair.into.seal(request(), 5)
    answered(port, pair, sealed)
    refused(port, host, sealed, f"{protocol}.replayed")


@case(must("RFC 4303 §3.4.3", "RFC 4302 §3.4.3"))
@pytest.mark.parametrize("protocol", ["esp", "ah"])
def packets_may_come_in_another_order_within_the_window(host, port, protocol):
    pair = transport(host, NULL, protocol)
    for number in (100, 37, 99, 64, 38):
        answered(port, pair, pair.into.seal(request(), number))


@case(must("RFC 4303 §3.4.3", "RFC 4302 §3.4.3"))
@pytest.mark.parametrize("protocol", ["esp", "ah"])
def packet_before_the_window_is_discarded(host, port, protocol):
    pair = transport(host, NULL, protocol)
    answered(port, pair, pair.into.seal(request(), 100))
    refused(port, host, pair.into.seal(request(), 36), f"{protocol}.before_window")


@case(must("RFC 4303 §3.4.3"))
def forged_packet_does_not_move_the_window(host, port):
    pair = transport(host, NULL)
    port.send(framed(flipped(pair.into.seal(request(), 5000), 60)))
    expect_silence(port, 0.5)
    answered(port, pair, pair.into.seal(request(), 1))


@case(must("RFC 4303 §3.4.3"))
def number_zero_is_never_taken(host, port):
    pair = transport(host, NULL)
    refused(port, host, pair.into.seal(request(), 0), "esp.before_window")


@case(must("RFC 4303 §3.4.3"))
def without_a_window_packets_may_come_again(host, port):
    pair = transport(host, NULL, window=0)
    sealed = pair.into.seal(request(), 5)
    for _ in range(2):
        answered(port, pair, sealed)


# --- SPI and peer ---------------------------------------------------------------------------------------------------


@case(must("RFC 4303 §2.1"))
@pytest.mark.parametrize("spi", [0, 1, 255])
def reserved_spi_is_discarded(host, port, spi):
    transport(host, NULL)
    refused(port, host, hand_made(echo_octets(), b"\x01\x02", spi=spi), "ipsec.reserved_spi")


@case(must("RFC 4303 §3.4.2", "RFC 4302 §3.4.2"))
@pytest.mark.parametrize("protocol", ["esp", "ah"])
def unknown_spi_is_discarded(host, port, protocol):
    pair = transport(host, NULL, protocol)
    pair.into.spi = 0x2001
    refused(port, host, pair.into.seal(request()), f"{protocol}.unknown_spi")


@case(must("RFC 4301 §5.2"))
def packet_of_another_source_is_discarded(host, port):
    pair = transport(host, NULL)
    packet = IPv6(src="2001:db8:1::98", dst=NODE.address) / echo()
    refused(port, host, pair.into.seal(packet), "ipsec.wrong_peer")


@case(must("RFC 4303 §3.4.4"))
def packet_under_another_key_is_discarded(host, port):
    pair = transport(host, GCM)
    refused(port, host, pair.into.seal(request(), crypt_key=key(20, 0x77)), "esp.bad_icv")


# --- Headers and fragments ------------------------------------------------------------------------------------------


@case(must("RFC 4303 §3.1.1"))
@pytest.mark.parametrize("protocol", ["esp", "ah"])
@pytest.mark.parametrize("header", [IPv6ExtHdrHopByHop, IPv6ExtHdrDestOpt], ids=["hop-by-hop", "destination"])
def options_may_stand_before(host, port, protocol, header):
    pair = transport(host, NULL, protocol)
    packet = IPv6(src=TESTER.address, dst=NODE.address) / header(options=[PadN(optdata=bytes(4))]) / echo(b"behind")
    assert answered(port, pair, pair.into.seal(packet)).data == b"behind"


@case(must("RFC 4303 §3.3.4"))
@pytest.mark.parametrize("protocol", ["esp", "ah"])
def fragments_are_made_of_protected_packets(host, port, protocol):
    pair = transport(host, NULL, protocol)
    whole = framed(pair.into.seal(request(bytes(2000))))
    port.send(*fragments(payload_of(whole), 1280, next_header=whole[IPv6].nh))
    came = [p for p in port.run(1.0) if p[IPv6].nh == 44 and p[IPv6].dst == TESTER.address]
    assert len(came) == 2
    data = b"".join(bytes(p.wire)[14 + 48 : 14 + 40 + p[IPv6].plen] for p in came)
    first = came[0].wire[14 + 40]
    assert first == (50 if protocol == "esp" else 51)
    packet = IPv6(src=NODE.address, dst=TESTER.address, nh=first) / Raw(data)
    reply = IPv6(bytes(pair.out.scapy().decrypt(IPv6(bytes(packet)))))
    assert reply[ICMPv6EchoReply].data == bytes(2000)


@case(must("RFC 4303 §3.4.1", "RFC 4302 §3.4.1"))
@pytest.mark.parametrize("protocol", ["esp", "ah"])
@pytest.mark.parametrize("before", [(), (IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(4))]),)], ids=["first", "behind"])
def atomic_fragment_of_a_protected_packet_is_opened(host, port, protocol, before):
    pair = transport(host, NULL, protocol)
    packet = IPv6(src=TESTER.address, dst=NODE.address)
    for header in before:
        packet = packet / header
    whole = framed(pair.into.seal(packet / echo(b"atomic")))
    headers = 8 * len(before)
    fragmentable = payload_of(whole)[headers:]
    protected = 50 if protocol == "esp" else 51
    port.send(fragment(fragmentable, offset=0, more=False, next_header=protected, before=before))
    assert opened(port, pair)[ICMPv6EchoReply].data == b"atomic"


# --- Clear text -----------------------------------------------------------------------------------------------------


@case(must("RFC 4301 §5.2"))
@pytest.mark.parametrize("protocol", ["esp", "ah"])
def clear_text_is_discarded_where_protection_is_due(host, port, protocol):
    transport(host, NULL, protocol)
    port.send(echo_request())
    expect_none(port, ICMPv6EchoReply)
    expect_dropped(host, "ipsec.unprotected")


@case(must("RFC 4301 §5.2"))
def other_protection_than_the_policy_asks_is_not_enough(host, port):
    esp = transport(host, NULL)
    ah = Association(TESTER.address, NODE.address, 0x3000, NULL, "ah")
    host.ipsec.setkey(ah.setkey)
    port.send(framed(ah.seal(request())))
    expect_silence(port, 1.0)
    expect_dropped(host, "ipsec.policy_mismatch")
    answered(port, esp, esp.into.seal(request()))


@case(must("RFC 4303 §3.1", "RFC 4301 §4.1"))
def bundle_of_ah_over_esp_is_applied_and_asked_for(host, port):
    esp_in, esp_out = (Association(*ends, spi, GCM) for ends, spi in _ends(0x3000))
    ah_in, ah_out = (Association(*ends, spi, NULL, "ah") for ends, spi in _ends(0x4000))
    wanted = "esp/transport//require ah/transport//require"
    host.ipsec.setkey(
        "".join(a.setkey for a in (esp_in, esp_out, ah_in, ah_out))
        + f"spdadd {NODE.address} {TESTER.address} any -P out ipsec {wanted};"
        + f"spdadd {TESTER.address} {NODE.address} any -P in ipsec {wanted};"
    )
    host.ping(TESTER.address, count=1)
    inner = ah_out.open(expect(port, AH))
    assert ICMPv6EchoRequest in esp_out.scapy().decrypt(inner)
    port.send(framed(esp_in.seal(request())))  # one of the two
    expect_silence(port, 1.0)


def _ends(spi):
    return ((TESTER.address, NODE.address), spi), ((NODE.address, TESTER.address), spi + 1)
