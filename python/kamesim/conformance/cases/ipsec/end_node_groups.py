"""Associations of groups (RFC 4301 §4.1): found by SPI and group, and told apart by source."""

from __future__ import annotations

from scapy.layers.inet6 import ICMPv6EchoReply, IPv6
from scapy.layers.ipsec import ESP

from kamesim.conformance.cases.ipsec._associations import GCM, Association, key
from kamesim.conformance.exchange import (
    ALL_NODES,
    NODE,
    TESTER,
    case,
    echo,
    expect,
    expect_dropped,
    expect_none,
    group_mac,
    ip,
    must,
)

SPI = 0x3000
OTHER = "2001:db8:1::77"


def to_group(packet):
    frame = ip(ALL_NODES)
    frame.remove_payload()
    assert frame.dst == group_mac(ALL_NODES)
    return frame / packet


def asks_for_protection(host, *associations):
    host.ipsec.setkey(
        "".join(a.setkey for a in associations)
        + f"spdadd ::/0 {ALL_NODES} any -P in ipsec esp/transport//require;"
    )


def request(source=TESTER.address, data=b"all of you"):
    return IPv6(src=source, dst=ALL_NODES) / echo(data)


@case(must("RFC 4301 §4.1"))
def protected_packet_to_a_group_is_answered(host, port):
    association = Association(TESTER.address, ALL_NODES, SPI, GCM)
    asks_for_protection(host, association)
    port.send(to_group(association.seal(request())))
    assert expect(port, ICMPv6EchoReply).data == b"all of you"


@case(must("RFC 4301 §4.1"))
def packet_to_a_group_in_the_clear_is_discarded(host, port):
    asks_for_protection(host, Association(TESTER.address, ALL_NODES, SPI, GCM))
    port.send(to_group(request()))
    expect_none(port, ICMPv6EchoReply)
    expect_dropped(host, "ipsec.unprotected")


@case(must("RFC 4301 §4.1"))
def association_of_one_source_is_not_anothers(host, port):
    """Two senders of a group may have chosen the same SPI, each with keys of its own."""
    mine = Association(TESTER.address, ALL_NODES, SPI, GCM)
    others = f"add {OTHER} {ALL_NODES} esp {SPI:#x} -m transport -E aes-gcm-16 0x{key(20, 0x77).hex()};"
    asks_for_protection(host, mine)
    host.ipsec.setkey(others)
    port.send(to_group(mine.seal(request())))
    expect(port, ICMPv6EchoReply)
    port.send(to_group(mine.seal(request(OTHER))))
    expect_none(port, ICMPv6EchoReply)
    expect_dropped(host, "esp.bad_icv")


@case(must("RFC 4301 §4.1", "RFC 4303 §3.4.3"))
def replay_to_a_group_is_discarded(host, port):
    association = Association(TESTER.address, ALL_NODES, SPI, GCM)
    asks_for_protection(host, association)
    packet = association.seal(request())
    port.send(to_group(packet))
    expect(port, ICMPv6EchoReply)
    port.send(to_group(packet))
    expect_none(port, ICMPv6EchoReply)
    expect_dropped(host, "esp.replayed")


@case(must("RFC 4301 §4.1"))
def association_of_a_node_is_not_a_groups(host, port):
    host.ipsec.setkey(f"spdadd ::/0 {ALL_NODES} any -P in ipsec esp/transport//require;")
    association = Association(TESTER.address, NODE.address, SPI, GCM)
    host.ipsec.setkey(association.setkey)
    port.send(to_group(association.seal(request())))
    expect_none(port, ESP)
    expect_dropped(host, "esp.unknown_spi")
