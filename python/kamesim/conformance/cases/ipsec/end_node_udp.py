"""ESP inside UDP at an end node (RFC 3948): the form on the wire, as a NAT between the two would want it."""

from __future__ import annotations

import pytest
from scapy.layers.inet import UDP
from scapy.layers.inet6 import ICMPv6DestUnreach, ICMPv6EchoReply, IPv6
from scapy.layers.ipsec import ESP
from scapy.packet import Raw

from kamesim.conformance.cases.ipsec._associations import GCM, NODE_TO_TESTER, TESTER_TO_NODE, Association, framed
from kamesim.conformance.exchange import (
    CLOSED_PORT,
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

PORT, BEHIND = 4500, 61234  # RFC 3948 §2.1; the port that a NAT gave the tester


def encapsulates(host):
    into = Association(TESTER.address, NODE.address, TESTER_TO_NODE, GCM)
    out = Association(NODE.address, TESTER.address, NODE_TO_TESTER, GCM)

    def in_udp(sa, source, destination):
        ends = f"{sa.source} {sa.destination} esp"
        return sa.setkey.replace(ends, f"{sa.source}[{source}] {sa.destination}[{destination}] esp-udp")

    host.ipsec.setkey(
        in_udp(into, BEHIND, PORT)
        + in_udp(out, PORT, BEHIND)
        + f"spdadd {NODE.address} {TESTER.address} any -P out ipsec esp/transport//require;"
        f"spdadd {TESTER.address} {NODE.address} any -P in ipsec esp/transport//require;"
    )
    return into, out


def in_datagram(packet, sport=BEHIND, source=TESTER.address):
    """An ESP packet, from its IPv6 header on, as UDP bears it."""
    return IPv6(src=source, dst=NODE.address) / UDP(sport=sport, dport=PORT) / Raw(bytes(packet)[40:])


def out_of_datagram(packet):
    octets = packet.wire[ETHERNET:]
    return IPv6(src=NODE.address, dst=TESTER.address, nh=50) / Raw(octets[48:])


def request(data=b"around a NAT", source=TESTER.address):
    return IPv6(src=source, dst=NODE.address) / echo(data)


@case(must("RFC 3948 §2.1", "RFC 3948 §3.1"))
def esp_in_udp_is_opened_and_answered_in_udp(host, port):
    into, out = encapsulates(host)
    port.send(framed(in_datagram(into.seal(request()))))
    answer = expect(port, UDP, sport=PORT, dport=BEHIND)
    assert answer[UDP].len == answer[IPv6].plen and answer[UDP].chksum != 0, "RFC 8200 §8.1: never zero over IPv6"
    esp = out_of_datagram(answer)
    assert int.from_bytes(bytes(esp)[40:44], "big") == NODE_TO_TESTER
    assert IPv6(bytes(out.scapy().decrypt(IPv6(bytes(esp)))))[ICMPv6EchoReply].data == b"around a NAT"


@case(must("RFC 4303 §2.7", "RFC 3948 §3.1.2"))
@pytest.mark.parametrize("padding", [0, 1, 21, 400])
def padding_behind_a_datagram_is_no_part_of_its_checksum(host, port, padding):
    """The checksum is renewed, as a NAT may have changed the addresses: over the datagram, not over what hides it."""
    into, out = encapsulates(host)
    bare = bytes(IPv6(src=TESTER.address, dst=NODE.address) / UDP(sport=7000, dport=CLOSED_PORT) / Raw(b"odd"))
    padded = IPv6(src=TESTER.address, dst=NODE.address, nh=17) / Raw(bare[40:] + bytes(padding))
    port.send(framed(in_datagram(into.seal(padded))))
    esp = out_of_datagram(expect(port, UDP, sport=PORT, dport=BEHIND))
    error = IPv6(bytes(out.scapy().decrypt(IPv6(bytes(esp)))))
    assert bytes(error[ICMPv6DestUnreach])[8:] == bare, "what is quoted has no padding, and says so"


@case(must("RFC 3948 §2.3"))
def keepalive_is_for_the_nat_alone(host, port):
    encapsulates(host)
    port.send(framed(IPv6(src=TESTER.address, dst=NODE.address) / UDP(sport=BEHIND, dport=PORT) / Raw(b"\xff")))
    expect_silence(port)
    expect_dropped(host, "ipsec.udp_keepalive")


@case(must("RFC 3948 §2.2"))
def behind_the_marker_stands_ike(host, port):
    """Four zero octets: it is a datagram for who listens on the port, here nobody; its policy lets it pass."""
    encapsulates(host)
    host.ipsec.setkey(
        f"spdflush; spdadd {TESTER.address} {NODE.address}[{PORT}] udp -P in none;"
        f"spdadd {NODE.address} {TESTER.address} icmp6 -P out none;"
    )
    port.send(framed(IPv6(src=TESTER.address, dst=NODE.address) / UDP(sport=BEHIND, dport=PORT) / Raw(bytes(32))))
    expect(port, ICMPv6DestUnreach, code=4)


@case(must("RFC 3948 §2.1", "RFC 4303 §3.4.4.1"))
def changed_esp_in_udp_is_discarded(host, port):
    into, _out = encapsulates(host)
    octets = bytearray(bytes(into.seal(request())))
    octets[-1] ^= 1
    port.send(framed(in_datagram(IPv6(bytes(octets)))))
    expect_none(port, UDP)
    expect_dropped(host, "esp.bad_icv")


@case(must("RFC 3948 §2.1"))
def unknown_spi_in_udp_is_discarded(host, port):
    encapsulates(host)
    other = Association(TESTER.address, NODE.address, 0x7777, GCM)
    port.send(framed(in_datagram(other.seal(request()))))
    expect_none(port, UDP)
    expect_dropped(host, "esp.unknown_spi")


@case(must("RFC 3948 §2.1", "RFC 4303 §3.4.3"))
def replayed_esp_in_udp_is_discarded(host, port):
    into, _out = encapsulates(host)
    datagram = in_datagram(into.seal(request()))
    port.send(framed(datagram))
    expect(port, UDP, sport=PORT)
    port.send(framed(datagram))
    expect_none(port, ESP)
    expect_dropped(host, "esp.replayed")
