"""Packets of a mobile node with several care-of addresses, at its home agent (RFC 5648 §3, §5.6, §6.5; RFC 6089 §5.3.6)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import (
    MIP6MH_BA,
    MIP6MH_BE,
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    IPv6,
    MIP6MH_HoTI,
)
from scapy.packet import Packet

from kamesim.conformance.cases.mobility._home_agent import (
    CARE_OF,
    CORRESPONDENT,
    HOME,
    HOME_AGENT,
    OTHER_CARE_OF,
    away,
    from_mobile,
    home_agent,
    mobile,
    router,
    tunnelled,
)
from kamesim.conformance.cases.mobility._multiple_bindings import (
    RETURN_HOME_WITHOUT_NDP,
    bid,
    link_layer_address,
    multiple_update,
    statuses,
)
from kamesim.conformance.cases.mobility.home_agent_multiple_bindings import both, held, sends
from kamesim.conformance.cases.mobility.home_agent_tunnels import from_outside
from kamesim.conformance.exchange import (
    NODE_RIGHT,
    TESTER,
    TESTER_RIGHT,
    case,
    echo,
    echo_request,
    expect,
    expect_none,
    ip,
    must,
    ns,
    should,
    stack,
)
from kamesim.conformance.mobility import ends, home_address_option, inner, message, routed_to

ROLE = "router"


def tunnel_to_mobile(right) -> str:
    """Where the home agent tunnels a packet for the home address to."""
    right.send(from_outside(HOME))
    packet = expect(right, ICMPv6EchoRequest)
    assert packet[IPv6].src == HOME_AGENT and inner(packet).dst == HOME
    return packet[IPv6].dst


@case(should("RFC 6089 §5.1.1"))
@pytest.mark.parametrize("first", [CARE_OF, OTHER_CARE_OF])
def packet_goes_to_the_binding_of_the_lowest_bid_pri(right, mobile, router, first):
    sends(mobile, 1, bid(1, CARE_OF, priority=10 if first == CARE_OF else 30), bid(2, OTHER_CARE_OF, priority=20))
    assert tunnel_to_mobile(right) == first


@case(should("RFC 5648 §3"))
def without_priorities_it_goes_to_the_binding_verified_last(right, mobile, router):
    sends(mobile, 1, bid(1, CARE_OF))
    mobile.port.run(1.0)
    sends(mobile, 2, bid(2, OTHER_CARE_OF))
    assert tunnel_to_mobile(right) == OTHER_CARE_OF
    mobile.port.run(1.0)
    sends(mobile, 3, bid(1))
    assert tunnel_to_mobile(right) == CARE_OF


@case(must("RFC 5648 §6.2"))
def packets_go_by_the_other_binding_once_one_is_deregistered(right, mobile, router):
    both(mobile)
    assert tunnel_to_mobile(right) == CARE_OF
    sends(mobile, 2, bid(1), lifetime=0)
    assert tunnel_to_mobile(right) == OTHER_CARE_OF


@case(must("RFC 5648 §6.2"))
def packets_go_by_the_other_binding_once_one_has_expired(right, mobile, router):
    sends(mobile, 1, bid(1, CARE_OF, priority=1), lifetime=20)
    sends(mobile, 2, bid(2, OTHER_CARE_OF, priority=2), lifetime=400)
    assert tunnel_to_mobile(right) == CARE_OF
    right.run(21.0)
    assert tunnel_to_mobile(right) == OTHER_CARE_OF


@case(must("RFC 5648 §6.5", "RFC 5648 §9.3.1"))
@pytest.mark.parametrize("source", [CARE_OF, OTHER_CARE_OF])
def reverse_tunnel_starts_at_any_of_the_care_of_addresses(right, mobile, router, source):
    both(mobile)
    right.send(tunnelled(from_mobile(CORRESPONDENT), source=source))
    assert ends(expect(right, ICMPv6EchoRequest)) == (HOME, CORRESPONDENT)


@case(must("RFC 6275 §10.4.5"))
def reverse_tunnel_starts_at_no_other_address(right, mobile, router):
    both(mobile)
    right.send(tunnelled(from_mobile(CORRESPONDENT), source="2001:db8:e::1"))
    expect_none(right, ICMPv6EchoRequest)


@case(must("RFC 6275 §10.4.5", "RFC 5648 §6.5"))
def every_tunnel_is_for_the_home_address_alone(right, mobile, router):
    both(mobile)
    for source in (CARE_OF, OTHER_CARE_OF):
        right.send(tunnelled(from_mobile(CORRESPONDENT, source="2001:db8:1::666"), source=source))
    expect_none(right, ICMPv6EchoRequest)


@case(must("RFC 5648 §6.5"))
@pytest.mark.parametrize("source", [CARE_OF, OTHER_CARE_OF])
def home_address_option_is_accepted_from_any_of_the_care_of_addresses(right, mobile, router, source):
    both(mobile)
    right.send(mobile.optimized(echo(b"here"), source=source))
    assert routed_to(expect(right, ICMPv6EchoReply, data=b"here")) == HOME


@case(must("RFC 5648 §6.5"))
def home_address_option_from_elsewhere_is_a_binding_error(right, mobile, router):
    both(mobile)
    right.send(mobile.optimized(echo(b"here"), source="2001:db8:e::1"))
    message(right, MIP6MH_BE, status=1, ha=HOME)


@case(must("RFC 5648 §9.3.1"))
def home_test_init_is_forwarded_from_any_tunnel(right, mobile, router):
    both(mobile)
    init = IPv6(src=HOME, dst=CORRESPONDENT) / MIP6MH_HoTI(cookie=b"12345678")
    right.send(tunnelled(init, source=OTHER_CARE_OF))
    assert ends(message(right, MIP6MH_HoTI)) == (HOME, CORRESPONDENT)


@case(must("RFC 6275 §10.4.1"))
def home_address_is_defended_while_any_binding_is_left(left, right, mobile, router):
    both(mobile)
    sends(mobile, 2, bid(1), lifetime=0)
    left.send(ns(HOME, source=TESTER.address))
    assert expect(left, ICMPv6ND_NA, tgt=HOME)


# --- At home and away at once: §5.6 -----------------------------------------------------------------------------------

AT_HOME = "02:00:00:00:00:99"  # the mobile node's interface on the home link


def home_binding(mobile, seq: int, *others: Packet, **fields: object) -> Packet:
    options = bid(3, HOME, h=True, priority=1), link_layer_address(AT_HOME)
    return sends(mobile, seq, *options, *others, **fields)


@case(must("RFC 5648 §5.6.2", "RFC 5648 §6.3"))
def home_agent_goes_on_defending_the_home_address_without_ndp(lab):
    router, mobile = home_agent(lab, home_and_foreign="without ndp"), away(lab.ports[1])
    left = lab.ports[0]
    both(mobile)
    ack = home_binding(mobile, 2, status=RETURN_HOME_WITHOUT_NDP)
    assert statuses(ack) == {3: RETURN_HOME_WITHOUT_NDP} and set(held(router)) == {1, 2, 3}
    left.send(ns(HOME, source=TESTER.address))
    expect(left, ICMPv6ND_NA, tgt=HOME)


@case(must("RFC 5648 §6.3"))
def packets_go_to_the_link_layer_address_that_was_told(lab):
    _router, mobile = home_agent(lab, home_and_foreign="without ndp"), away(lab.ports[1])
    left, right = lab.ports[0], lab.ports[1]
    both(mobile)
    home_binding(mobile, 2, status=RETURN_HOME_WITHOUT_NDP)
    right.send(from_outside(HOME))
    packet = expect(left, ICMPv6EchoRequest)
    assert packet.dst == AT_HOME and ends(packet) == (CORRESPONDENT, HOME) and inner(packet) is None


@case(must("RFC 5648 §6.3"))
def home_agent_leaves_the_home_address_to_the_mobile_node_with_ndp(lab):
    router, mobile = home_agent(lab, home_and_foreign="with ndp"), away(lab.ports[1])
    left, right = lab.ports[0], lab.ports[1]
    both(mobile)
    assert statuses(home_binding(mobile, 2, status=0)) == {3: 0} and set(held(router)) == {1, 2, 3}
    left.run(0.0)  # it took the address with the first binding
    left.send(ns(HOME, source=TESTER.address))
    expect_none(left, ICMPv6ND_NA)
    right.send(from_outside(HOME))
    packet = expect(left, ICMPv6EchoRequest)
    assert packet.dst == AT_HOME and inner(packet) is None


@case(must("RFC 5648 §5.6.5"))
@pytest.mark.parametrize("policy", ["with ndp", "without ndp"])
def update_without_the_h_flag_ends_the_forwarding_to_the_home_link(lab, policy):
    router, mobile = home_agent(lab, home_and_foreign=policy), away(lab.ports[1])
    left, right = lab.ports[0], lab.ports[1]
    both(mobile)
    home_binding(mobile, 2, status=RETURN_HOME_WITHOUT_NDP if policy == "without ndp" else 0)
    sends(mobile, 3, bid(2, OTHER_CARE_OF, priority=5))
    assert set(held(router)) == {1, 2} and tunnel_to_mobile(right) == OTHER_CARE_OF
    left.send(ns(HOME, source=TESTER.address))
    expect(left, ICMPv6ND_NA, tgt=HOME)


@case(must("RFC 5648 §5.6.3"))
def home_binding_may_come_from_the_home_link(lab):
    home_agent(lab, home_and_foreign="without ndp")
    left, right = lab.ports[0], lab.ports[1]
    both(away(right))
    update = multiple_update(2, bid(3, HOME, h=True), link_layer_address(AT_HOME))
    left.send(stack(ip(HOME_AGENT, source=HOME, from_mac=AT_HOME), update))
    ack = message(left, MIP6MH_BA, status=RETURN_HOME_WITHOUT_NDP, seq=2)
    assert ack.dst == AT_HOME and ends(ack) == (HOME_AGENT, HOME)


@case(must("RFC 5648 §5.6.3"))
def home_binding_is_the_home_address_itself(lab):
    home_agent(lab, home_and_foreign="with ndp")
    right = lab.ports[1]
    sends(away(right), 1, bid(3, CARE_OF, h=True), status=164)
