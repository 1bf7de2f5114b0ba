"""Packets of a correspondent that has a binding (RFC 6275 §9.3)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import MIP6MH_BE, ICMPv6DestUnreach, ICMPv6EchoReply, ICMPv6ND_NA, ICMPv6ParamProblem
from scapy.packet import Raw

from kamesim.conformance.cases.mobility._correspondent import CARE_OF, HOME, OTHER_CARE_OF, bound_to, mobile, node, port
from kamesim.conformance.exchange import (
    NODE,
    TESTER,
    case,
    echo,
    expect,
    expect_none,
    expect_silence,
    ip,
    must,
    ns,
    quoted,
    stack,
)
from kamesim.conformance.mobility import Mobile, ends, home_address_option, message, routed_to, type2_route

ROLE = "host"


@case(must("RFC 6275 §9.3.1", "RFC 6275 §9.3.2"))
def packets_by_a_binding_go_both_ways_optimized(port, mobile):
    mobile.bind()
    port.send(mobile.optimized(echo(b"direct")))
    reply = expect(port, ICMPv6EchoReply, data=b"direct")
    assert ends(reply) == (NODE.address, CARE_OF) and routed_to(reply) == HOME


@case(must("RFC 6275 §9.3.2"))
def neighbor_discovery_takes_no_routing_header(port):
    home = "2001:db8:1::100"  # on the link
    port.answers[home] = TESTER.mac
    Mobile(port, home, CARE_OF).bind()
    port.send(ns(source=home))
    answer = expect(port, ICMPv6ND_NA, tgt=NODE.address)
    assert ends(answer)[1] == home and routed_to(answer) is None


@case(must("RFC 6275 §9.3.1", "RFC 6275 §9.3.3"))
def home_address_option_without_a_binding_is_a_binding_error(port, mobile):
    port.send(mobile.optimized(echo()))
    error = message(port, MIP6MH_BE, status=1, ha=HOME)
    assert ends(error) == (NODE.address, CARE_OF) and routed_to(error) is None
    expect_none(port, ICMPv6EchoReply)


@case(must("RFC 6275 §9.3.1"))
def home_address_option_from_another_care_of_address_is_a_binding_error(port, mobile):
    mobile.bind()
    port.send(mobile.optimized(echo(), source=OTHER_CARE_OF))
    error = message(port, MIP6MH_BE, status=1, ha=HOME)
    assert ends(error) == (NODE.address, OTHER_CARE_OF)
    expect_none(port, ICMPv6EchoReply)


@case(must("RFC 6275 §9.3.3"))
def binding_errors_are_rate_limited(port, mobile):
    port.send(*[mobile.optimized(echo(seq=n)) for n in range(100)])
    errors = [packet for packet in port.run(0.5) if MIP6MH_BE in packet]
    assert 1 <= len(errors) < 100


@case(must("RFC 6275 §9.3.1"))
@pytest.mark.parametrize("home", ["ff02::1", "::", "fe80::1", "::1"])
def home_address_that_is_not_unicast_routable_is_dropped(port, home):
    port.send(Mobile(port, home, CARE_OF).optimized(echo()))
    expect_none(port, ICMPv6EchoReply)


@case(must("RFC 6275 §8.1"))
def node_without_mobile_ipv6_does_not_know_the_home_address_option(host, lab):
    port = lab.ports[0]
    port.send(ip() / home_address_option(HOME) / echo())
    problem = expect(port, ICMPv6ParamProblem, code=2)
    assert quoted(problem)[problem[ICMPv6ParamProblem].ptr] == 0xC9


@case(must("RFC 6275 §8.1", "RFC 8200 §4.4"))
def node_without_mobile_ipv6_does_not_know_the_type_2_routing_header(host, lab):
    port = lab.ports[0]
    port.send(ip() / type2_route(HOME) / echo())
    assert expect(port, ICMPv6ParamProblem, code=0)[ICMPv6ParamProblem].ptr == 40 + 2


@case(must("RFC 6275 §6.4", "RFC 6275 §11.3.3"))
def type_2_routing_header_leads_no_further(port):
    # Its address must be the node's home address.
    port.send(ip() / type2_route("2001:db8:d::1") / echo(), ip() / type2_route(NODE.address) / echo())
    expect_silence(port)


@case(must("RFC 6275 §9.3.4"))
def single_unreachable_keeps_the_binding_and_persistent_ones_delete_it(port, mobile):
    mobile.bind()
    for persistent in (False, True):
        for _ in range(5 if persistent else 1):
            port.send(mobile.optimized(echo()))
            lost = expect(port, ICMPv6EchoReply).wire[14:]
            port.send(stack(ip(source="2001:db8:f::1"), ICMPv6DestUnreach(code=3), Raw(lost)))
            port.run(1.5)
            if bound_to(mobile) is None:
                break
        assert (bound_to(mobile) is None) is persistent
