"""Errors that a router originates (RFC 4443 §3)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import (
    ICMPv6DestUnreach,
    ICMPv6EchoRequest,
    ICMPv6PacketTooBig,
    ICMPv6TimeExceeded,
    IPerror6,
    IPv6,
)

from kamesim.conformance.cases.ipv6._icmpv6 import BEYOND_SCOPE, MINIMUM_MTU, NO_ROUTE, REJECT_ROUTE
from kamesim.conformance.exchange import (
    ETHERNET,
    NODE,
    NODE_RIGHT,
    TESTER,
    TESTER_RIGHT,
    case,
    datagram,
    echo,
    echo_request,
    expect,
    expect_silence,
    ip,
    must,
    quoted,
)


@case(must("RFC 4443 §3.3", "RFC 8200 §3"), logo={"0": "v6LC.5.1.5 A", "1": "v6LC.5.1.5 B"})
@pytest.mark.parametrize("hop_limit", [0, 1])
def router_reports_an_exceeded_hop_limit(router, left, right, hop_limit):
    request = echo_request(TESTER_RIGHT.address, hlim=hop_limit)
    left.send(request)
    error = expect(left, ICMPv6TimeExceeded, code=0)
    assert error[IPv6].src == NODE.address
    assert quoted(error) == bytes(request)[ETHERNET:]
    expect_silence(right)


@case(must("RFC 8200 §3"), logo="v6LC.1.1.9")
def router_forwards_a_hop_limit_of_two_as_one(router, left, right):
    left.send(echo_request(TESTER_RIGHT.address, hlim=2))
    assert expect(right, ICMPv6EchoRequest)[IPv6].hlim == 1


@case(must("RFC 4443 §3.1 code 0"), logo="v6LC.5.1.3 A")
def router_without_a_route_says_so(router, left):
    request = echo_request("2001:db8:7::1")
    left.send(request)
    error = expect(left, ICMPv6DestUnreach, code=NO_ROUTE)
    assert quoted(error) == bytes(request)[ETHERNET:]


@case(must("RFC 4443 §3.1 code 6"))
def reject_route_is_reported_as_such(router, left):
    router.add_route("2001:db8:7::/48", kind="reject", interface=router.interfaces[1])
    left.send(echo_request("2001:db8:7::1"))
    expect(left, ICMPv6DestUnreach, code=REJECT_ROUTE)


@case(must("RFC 4443 §3.1 code 2"), logo="v6LC.5.1.3 E")
def packet_of_a_link_local_source_is_beyond_its_scope(router, left, right):
    left.send(echo_request(TESTER_RIGHT.address, source=TESTER.link_local))
    error = expect(left, ICMPv6DestUnreach, code=BEYOND_SCOPE)
    assert error[IPv6].dst == TESTER.link_local and error[IPv6].src == NODE.link_local
    expect_silence(right)


@case(must("RFC 4443 §3.1 code 3", "RFC 4861 §7.2.2"), logo="v6LC.5.1.3 B")
def neighbor_that_does_not_answer_is_unreachable(router, left, right):
    request = echo_request("2001:db8:2::7", hlim=9)
    left.send(request)
    start = left.now
    error = expect(left, ICMPv6DestUnreach, within=4.0, code=3)
    assert error.time == pytest.approx(start + 3.0, abs=1e-6)  # MAX_MULTICAST_SOLICIT times RETRANS_TIMER
    assert quoted(error) == bytes(request)[ETHERNET:]  # as it came, not as it was to leave


@case(must("RFC 4443 §3.2"), role="router", logo="v6LC.5.1.4 A")
def router_reports_the_mtu_of_a_link_that_is_too_small(lab):
    lab.router(right_mtu=1300)
    left, right = lab.ports
    request = echo_request(TESTER_RIGHT.address, bytes(1301 - 48))
    left.send(request)
    error = expect(left, ICMPv6PacketTooBig, code=0, mtu=1300)
    assert 40 + error[IPv6].plen == MINIMUM_MTU
    assert quoted(error) == bytes(request)[ETHERNET:][: MINIMUM_MTU - 48]
    expect_silence(right)


@case(must("RFC 4443 §3.2"), role="router")
def packet_of_exactly_the_mtu_is_forwarded(lab):
    lab.router(right_mtu=1300)
    left, right = lab.ports
    left.send(echo_request(TESTER_RIGHT.address, bytes(1300 - 48)))
    assert expect(right, ICMPv6EchoRequest)[IPv6].plen == 1260


@case(must("RFC 4443 §2.2 d"))
def error_about_a_forwarded_packet_comes_from_the_router(router, left, right):
    right.send(ip("2001:db8:7::1", source=TESTER_RIGHT.address, from_mac=TESTER_RIGHT.mac, to_mac=NODE_RIGHT.mac) / echo())
    error = expect(right, ICMPv6DestUnreach, code=NO_ROUTE)
    assert error[IPv6].src == NODE_RIGHT.address


@case(must("RFC 4443 §2.4"))
def errors_of_others_are_forwarded(router, left, right):
    about = IPerror6(bytes(datagram(TESTER_RIGHT.address))[ETHERNET:])
    left.send(ip(TESTER_RIGHT.address) / ICMPv6DestUnreach(code=4) / about)
    expect(right, ICMPv6DestUnreach, code=4)


@case(must("RFC 4443 §2.4 e.1"))
def error_about_an_error_is_not_sent_by_a_router(router, left, right):
    about = IPerror6(bytes(datagram(TESTER_RIGHT.address))[ETHERNET:])
    left.send(ip("2001:db8:7::1") / ICMPv6DestUnreach(code=4) / about)
    left.send(ip(TESTER_RIGHT.address, hlim=1) / ICMPv6DestUnreach(code=4) / about)
    expect_silence(left)
