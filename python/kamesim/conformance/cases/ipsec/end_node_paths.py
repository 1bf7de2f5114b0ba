"""Lengths, fragments, options and errors of an end node's protected packets (RFC 4301 §6 to §8, RFC 4303 §3)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import (
    HBHOptUnknown,
    ICMPv6EchoReply,
    ICMPv6PacketTooBig,
    ICMPv6ParamProblem,
    IPerror6,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
)
from scapy.layers.ipsec import AH, ESP
from scapy.packet import Raw

from kamesim.conformance.cases.ipsec._associations import GCM, NULL, between, framed, opened, transport
from kamesim.conformance.cases.ipsec.gateway_paths import pieces
from kamesim.conformance.exchange import ETHERNET, NODE, TESTER, case, echo, expect, expect_none, must

LONG = bytes(range(256)) * 6  # 1,536 octets
A_ROUTER = "2001:db8:99::1"


def request(data=b"kamesim", seq=1):
    return IPv6(src=TESTER.address, dst=NODE.address) / echo(data, seq=seq)


def by_tunnel(host, suite=GCM, protocol="esp"):
    return between(host, suite, protocol, (NODE.address, TESTER.address), NODE.address, TESTER.address)


def put_together(port, within=1.0):
    """The one packet that comes in fragments, none longer than the link's MTU."""
    came = [p for p in port.run(within) if p.haslayer(IPv6ExtHdrFragment)]
    assert len(came) > 1 and all(40 + p[IPv6].plen <= 1500 for p in came)
    came.sort(key=lambda p: p[IPv6ExtHdrFragment].offset)
    headers = {p[IPv6ExtHdrFragment].nh for p in came}
    assert len(headers) == 1
    payload = b"".join(p.wire[ETHERNET + 48 :][: p[IPv6].plen - 8] for p in came)
    return IPv6(bytes(IPv6(src=NODE.address, dst=TESTER.address, nh=headers.pop()) / Raw(payload)))


FORMS = [
    pytest.param(transport, {}, id="ESP in transport mode"),
    pytest.param(transport, {"suite": NULL, "protocol": "ah"}, id="AH in transport mode"),
    pytest.param(by_tunnel, {}, id="ESP in tunnel mode"),
    pytest.param(by_tunnel, {"suite": NULL, "protocol": "ah"}, id="AH in tunnel mode"),
]


@case(must("RFC 4303 §3.3.4", "RFC 4303 §3.4.1", "RFC 4302 §3.3.4", "RFC 4302 §3.4.1"))
@pytest.mark.parametrize(("form", "options"), FORMS)
def long_packets_are_protected_whole_and_fragmented_after(host, port, form, options):
    pair = form(host, **options)
    for piece in pieces(pair.into.seal(request(LONG)), 1024):
        port.send(framed(piece))
    answer = pair.out.scapy().decrypt(put_together(port))
    assert IPv6(bytes(answer))[ICMPv6EchoReply].data == LONG


@case(must("RFC 4303 §3.4.1", "RFC 4302 §3.4.1"))
@pytest.mark.parametrize(("form", "options"), FORMS)
def first_fragment_alone_is_no_packet(host, port, form, options):
    pair = form(host, **options)
    port.send(framed(pieces(pair.into.seal(request(LONG)), 1024)[0]))
    expect_none(port, pair.out.layer)


@case(must("RFC 4301 §8.2.1", "RFC 8201 §4"))
@pytest.mark.parametrize(("form", "options"), FORMS)
def packet_too_big_about_a_protected_packet_shortens_the_next(host, port, form, options):
    pair = form(host, **options)
    data = bytes(1340)
    port.send(framed(pair.into.seal(request(data))))
    about = expect(port, pair.out.layer)
    error = IPv6(src=A_ROUTER, dst=NODE.address) / ICMPv6PacketTooBig(mtu=1300)
    port.send(framed(error / IPerror6(about.wire[ETHERNET:][: 1280 - 48])))
    port.send(framed(pair.into.seal(request(data, seq=2))))
    came = [p for p in port.run(1.0) if p.haslayer(IPv6ExtHdrFragment) or p.haslayer(ESP) or p.haslayer(AH)]
    assert came and all(40 + p[IPv6].plen <= 1300 for p in came)


@case(must("RFC 8200 §4.2", "RFC 4301 §5.2"))
@pytest.mark.parametrize(("form", "options"), FORMS[:1] + FORMS[2:3])
def option_inside_that_is_to_be_reported_is_reported_inside(host, port, form, options):
    """What ESP hid is processed as any header, and the error about it is protected in its turn."""
    pair = form(host, **options)
    inside = IPv6ExtHdrDestOpt(nh=58, options=[HBHOptUnknown(otype=0x9E, optdata=b"abcd")])
    packet = request()
    message = bytes(packet)[40:]
    port.send(framed(pair.into.seal(IPv6(src=TESTER.address, dst=NODE.address) / inside / Raw(message))))
    error = opened(port, pair)
    assert error[ICMPv6ParamProblem].code == 2


@case(must("RFC 4301 §5.2"))
def options_inside_esp_are_passed_over(host, port):
    pair = transport(host)
    inside = IPv6ExtHdrDestOpt(nh=58, options=[HBHOptUnknown(otype=0x1E, optdata=b"abcd")])
    message = bytes(request(b"behind options"))[40:]
    port.send(framed(pair.into.seal(IPv6(src=TESTER.address, dst=NODE.address) / inside / Raw(message))))
    assert opened(port, pair)[ICMPv6EchoReply].data == b"behind options"
