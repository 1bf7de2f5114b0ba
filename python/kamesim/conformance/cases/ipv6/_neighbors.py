"""Shared by the cases on neighbours."""

from __future__ import annotations

from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6NDOptUnknown, ICMPv6ND_NS, ICMPv6Unknown, IPv6

from kamesim.conformance.exchange import echo_request, expect, find, ip, payload_of


OTHER_MAC = "02:00:00:00:00:77"
NEIGHBOR = "2001:db8:1::77"  # an address that the tester does not answer for
DELAY_FIRST_PROBE_TIME, RETRANS_TIMER, MAX_SOLICIT = 5.0, 1.0, 3
MAX_REACHABLE_TIME = 45.0  # REACHABLE_TIME times MAX_RANDOM_FACTOR


def cut(packet, type, size, **fields):
    """The message cut off behind so many bytes, with a right checksum."""
    header = packet[IPv6]
    kept = payload_of(packet)[4:size]
    return ip(header.dst, source=header.src, hlim=255, **fields) / ICMPv6Unknown(type=type, msgbody=kept)


def option_of_length(units):
    """An option without content that says to be so many units of 8 bytes long."""
    return ICMPv6NDOptUnknown(type=200, len=units, data=bytes(6))


def known_as(state, node, port):
    """The host knows NEIGHBOR under OTHER_MAC, in this state."""
    port.answers[NEIGHBOR] = OTHER_MAC
    port.send(echo_request(source=NEIGHBOR))
    expect(port, ICMPv6EchoReply)
    if state == "STALE":
        port.run(MAX_REACHABLE_TIME + 1)
    port.answers.clear()


def reply_and_probe(port):
    """Where the answer to a request from NEIGHBOR goes, and whether a probe follows: it does unless REACHABLE."""
    port.send(echo_request(source=NEIGHBOR))
    mac = expect(port, ICMPv6EchoReply).dst
    probes = [p for p in port.run(DELAY_FIRST_PROBE_TIME + 0.1) if find(p, ICMPv6ND_NS)]
    assert all(p.dst == mac for p in probes)
    return mac, bool(probes)
