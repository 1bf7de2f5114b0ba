"""Every algorithm, by an end node, in transport and tunnel mode (RFC 8221)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6EchoReply, IPv6
from scapy.layers.ipsec import ESP

from kamesim.conformance.cases.ipsec._associations import AH_SUITES, ESP_SUITES, GCM, between, framed, opened, transport
from kamesim.conformance.exchange import ETHERNET, NODE, TESTER, case, echo, expect, must

INNER = "2001:db8:77::7"  # behind the tester, who is a gateway


def id_of(suite):
    return suite.id


@case(must("RFC 4303 §3", "RFC 8221 §5"))
@pytest.mark.parametrize("suite", ESP_SUITES, ids=id_of)
def esp_in_transport_mode_protects_both_ways(host, port, suite):
    pair = transport(host, suite)
    port.send(framed(pair.into.seal(IPv6(src=TESTER.address, dst=NODE.address) / echo(b"in the dark"))))
    reply = opened(port, pair)
    assert reply[ICMPv6EchoReply].data == b"in the dark"
    assert (reply.src, reply.dst) == (NODE.address, TESTER.address)


@case(must("RFC 4302 §3", "RFC 8221 §6"))
@pytest.mark.parametrize("suite", AH_SUITES, ids=id_of)
def ah_in_transport_mode_protects_both_ways(host, port, suite):
    pair = transport(host, suite, "ah")
    port.send(framed(pair.into.seal(IPv6(src=TESTER.address, dst=NODE.address) / echo(b"in the open"))))
    assert opened(port, pair)[ICMPv6EchoReply].data == b"in the open"


@case(must("RFC 4303 §3.1.2", "RFC 8221 §5"))
@pytest.mark.parametrize("suite", ESP_SUITES, ids=id_of)
def esp_in_tunnel_mode_protects_both_ways(host, port, suite):
    pair = between(host, suite, "esp", (NODE.address, TESTER.address), NODE.address, INNER)
    port.send(framed(pair.into.seal(IPv6(src=INNER, dst=NODE.address) / echo(b"inside"))))
    outer = expect(port, ESP)
    assert (outer[IPv6].src, outer[IPv6].dst) == (NODE.address, TESTER.address)
    reply = pair.out.open(outer)
    assert (reply.src, reply.dst) == (NODE.address, INNER)
    assert reply[ICMPv6EchoReply].data == b"inside"


@case(must("RFC 4302 §3.1.2"))
@pytest.mark.parametrize("suite", AH_SUITES, ids=id_of)
def ah_in_tunnel_mode_protects_both_ways(host, port, suite):
    pair = between(host, suite, "ah", (NODE.address, TESTER.address), NODE.address, INNER)
    port.send(framed(pair.into.seal(IPv6(src=INNER, dst=NODE.address) / echo(b"inside"))))
    reply = opened(port, pair)
    assert (reply.src, reply.dst) == (NODE.address, INNER)
    assert reply[ICMPv6EchoReply].data == b"inside"


@case(must("RFC 4303 §2.2.1"))
@pytest.mark.parametrize("suite", [GCM], ids=id_of)  # Scapy leaves the high half out of a separate ICV of ESP
def extended_sequence_numbers_are_covered(host, port, suite):
    pair = transport(host, suite, esn=True)
    request = IPv6(src=TESTER.address, dst=NODE.address) / echo(b"long")
    port.send(framed(pair.into.seal(request, 1, esn_en=True, esn=0)))
    reply = pair.out.scapy(esn_en=True, esn=0).decrypt(IPv6(expect(port, ESP).wire[ETHERNET:]))
    assert reply[ICMPv6EchoReply].data == b"long"
