"""RFC 6275 §10: a home agent. The tester plays the nodes of the home link on the left, and the rest on the right."""

from __future__ import annotations

from typing import Any

import pytest
from exchange import (
    ALL_NODES,
    NODE,
    NODE_RIGHT,
    TESTER,
    TESTER_RIGHT,
    Lab,
    Port,
    dad_ns,
    echo,
    echo_request,
    expect,
    expect_none,
    find,
    ip,
    na,
    ns,
    options_of,
    solicited_node,
    stack,
)
from mobility import (
    Mobile,
    binding_update,
    ends,
    inner,
    is_signed,
    message,
    no_message,
    nonce_indices,
    routed_to,
)
from scapy.layers.inet6 import (
    ICMPv6DestUnreach,
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6NDOptDstLLAddr,
    IPv6,
    MIP6MH_BA,
)
from scapy.packet import Packet

import kamesim as ks

HOME_AGENT = NODE.address
HOME, HOME_LINK_LOCAL = "2001:db8:1::100", "fe80::100"  # the L bit: the home address with the link-local prefix
CARE_OF, OTHER_CARE_OF = "2001:db8:b::100", "2001:db8:c::100"
CORRESPONDENT = "2001:db8:d::1"
HOME_MAC = "02:00:00:00:01:00"  # of the mobile node when it is at home


def home_agent(lab: Lab, **role: Any) -> ks.Router:
    """A home agent for the left LAN, the rest of the world behind the tester on the right."""
    router = lab.router()
    left, right = router.interfaces
    router.add_route("::/0", via=TESTER_RIGHT.link_local, interface=right)
    router.enable(ks.HomeAgent(interface=left, **role))
    return router


@pytest.fixture
def router(lab: Lab) -> ks.Router:
    return home_agent(lab)


@pytest.fixture
def mobile(right: Port) -> Mobile:
    return away(right)


def away(right: Port, home: str = HOME, care_of: str = CARE_OF) -> Mobile:
    return Mobile(right, home, care_of, to_mac=NODE_RIGHT.mac, from_mac=TESTER_RIGHT.mac)


def registration(mobile: Mobile, seq: int = 1, *, flags: str = "HA", lifetime: int = 420) -> Packet:
    return mobile.optimized(binding_update(seq, flags=flags, lifetime=lifetime))


def register(mobile: Mobile, seq: int = 1, **fields: Any) -> Packet:
    mobile.port.send(registration(mobile, seq, **fields))
    return message(mobile.port, MIP6MH_BA, within=3.0, seq=seq, status=0)


def tunnelled(packet: Packet, source: str = CARE_OF) -> Packet:
    """The packet in a reverse tunnel to the home agent."""
    outer = ip(HOME_AGENT, source=source, to_mac=NODE_RIGHT.mac, from_mac=TESTER_RIGHT.mac)
    return stack(outer, packet)


def from_mobile(destination: str, source: str = HOME) -> Packet:
    return IPv6(src=source, dst=destination) / echo(b"from the mobile node")


def from_outside(destination: str, data: bytes = b"kamesim") -> Packet:
    return echo_request(destination, data, source=CORRESPONDENT, to_mac=NODE_RIGHT.mac, from_mac=TESTER_RIGHT.mac)


# --- Registration: §10.3.1 ------------------------------------------------------------------------------------------


def test_home_address_is_tested_before_the_acknowledgement(left, right, mobile):  # §10.3.1
    start = right.now
    right.send(registration(mobile, 7))
    probe = expect(left, ICMPv6ND_NS, tgt=HOME)
    assert ends(probe) == ("::", solicited_node(HOME)) and probe[IPv6].hlim == 255
    ack = message(right, MIP6MH_BA, within=3.0, seq=7, status=0, mhtime=105)
    assert ack.time - probe.time >= 1.0, "RetransTimer"
    assert ack.time - start < 2.5, "and a delay below MAX_RTR_SOLICITATION_DELAY (RFC 4862 §5.4.2)"
    assert ends(ack) == (HOME_AGENT, CARE_OF) and routed_to(ack) == HOME


def test_acknowledgement_does_not_depend_on_the_a_bit(mobile):  # §10.3.1
    register(mobile, flags="H")


def test_lifetime_is_limited_by_local_policy(lab):  # §10.3.1
    home_agent(lab, max_lifetime=100.0)
    assert register(away(lab.ports[1]))[MIP6MH_BA].mhtime == 25


def test_lifetime_is_not_beyond_what_was_asked_for(mobile):  # §10.3.1
    assert register(mobile, lifetime=40)[MIP6MH_BA].mhtime == 10


def test_duplicate_home_address_is_rejected(left, right, mobile):  # §10.3.1
    right.send(registration(mobile))
    expect(left, ICMPv6ND_NS, tgt=HOME)
    left.send(na(HOME, source=HOME, destination=ALL_NODES, solicited=0))
    ack = message(right, MIP6MH_BA, within=3.0, status=134)
    assert ends(ack) == (HOME_AGENT, CARE_OF) and routed_to(ack) == HOME
    expect_none(left, ICMPv6ND_NA, tgt=HOME)


def test_home_address_that_another_node_tests_too_is_a_duplicate(left, right, mobile):  # RFC 4862 §5.4.3
    right.send(registration(mobile))
    expect(left, ICMPv6ND_NS, tgt=HOME)
    left.send(dad_ns(HOME))
    message(right, MIP6MH_BA, within=3.0, status=134)


def test_home_address_of_another_subnet_is_rejected(right):  # §10.3.1
    right.send(registration(away(right, home="2001:db8:9::100")))
    message(right, MIP6MH_BA, status=132)


def test_stale_sequence_number_is_told_the_last_one(right, mobile):  # §9.5.1
    register(mobile, 10)
    for stale in (10, 9, 10 - 32768 & 0xFFFF):
        right.send(registration(mobile, stale))
        message(right, MIP6MH_BA, status=135, seq=10)


def test_home_registration_with_nonce_indices_is_discarded(left, right, mobile):  # §9.5.1
    right.send(mobile.optimized(binding_update(1, nonce_indices(1, 1), flags="HA")))
    no_message(right, MIP6MH_BA, 3.0)


def test_home_registration_without_a_home_address_option_is_discarded(left, right, mobile):  # §10.3.1
    right.send(mobile.from_home(binding_update(1, flags="HA")))
    no_message(right, MIP6MH_BA, 3.0)


def test_new_care_of_address_moves_the_tunnel_at_once(left, right, mobile):  # §10.3.1: the binding is there, no DAD
    register(mobile, 1)
    left.run(2.0)
    mobile.care_of = OTHER_CARE_OF
    start = right.now
    assert register(mobile, 2).time - start < 0.1
    expect_none(left, ICMPv6ND_NS, tgt=HOME)
    left.send(echo_request(HOME))
    assert ends(expect(right, ICMPv6EchoRequest)) == (HOME_AGENT, OTHER_CARE_OF)


def test_registration_does_not_become_a_correspondent_registration(right, mobile):  # §9.5.1
    register(mobile, 1)
    mobile.test_home()
    mobile.test_care_of()
    right.send(mobile.update(2))
    ack = message(right, MIP6MH_BA, status=139, seq=2)
    assert is_signed(ack, mobile.kbm, CARE_OF, HOME_AGENT)


def test_registration_ends_with_its_lifetime(left, right, mobile):  # §10.3.1
    register(mobile, lifetime=40)
    left.run(38.0)
    left.send(ns(HOME))
    expect(left, ICMPv6ND_NA, tgt=HOME)
    left.run(3.0)
    left.send(ns(HOME), echo_request(HOME))
    expect_none(left, ICMPv6ND_NA, tgt=HOME)
    expect_none(right, ICMPv6EchoRequest)


# --- Deregistration: §10.3.2 ----------------------------------------------------------------------------------------


def test_deregistration_from_home_stops_the_proxy(left, right, mobile):  # §10.3.2, §9.5.4
    register(mobile, 1)
    left.run(2.0)
    left.answers[HOME] = HOME_MAC
    left.send(ip(source=HOME, from_mac=HOME_MAC) / binding_update(2, flags="HA", lifetime=0))
    ack = message(left, MIP6MH_BA, within=2.0, status=0, seq=2, mhtime=0)
    assert ends(ack) == (HOME_AGENT, HOME) and routed_to(ack) is None
    assert ack.dst == HOME_MAC
    left.answers.clear()
    left.send(ns(HOME))
    expect_none(left, ICMPv6ND_NA, tgt=HOME)
    right.send(tunnelled(from_mobile(CORRESPONDENT)))
    expect_none(right, ICMPv6EchoRequest)


def test_deregistration_from_away_is_acknowledged_there(left, right, mobile):  # §10.3.2
    register(mobile, 1)
    right.send(registration(mobile, 2, lifetime=0))
    ack = message(right, MIP6MH_BA, status=0, seq=2, mhtime=0)
    assert ends(ack) == (HOME_AGENT, CARE_OF) and routed_to(ack) == HOME
    left.run(2.0)
    left.send(ns(HOME))
    expect_none(left, ICMPv6ND_NA, tgt=HOME)


def test_deregistration_without_a_registration_is_rejected(right, mobile):  # §10.3.2
    right.send(registration(mobile, lifetime=0))
    message(right, MIP6MH_BA, status=133)


# --- Proxy Neighbor Discovery: §10.4.1 ------------------------------------------------------------------------------


def test_proxy_tells_all_nodes(left, mobile):  # §10.4.1
    register(mobile)
    told = expect(left, ICMPv6ND_NA, tgt=HOME, R=0, S=0, O=1)
    assert ends(told) in [(HOME_AGENT, ALL_NODES), (NODE.link_local, ALL_NODES)] and told[IPv6].hlim == 255
    assert options_of(told, ICMPv6NDOptDstLLAddr)[0].lladdr == NODE.mac


def test_proxy_answers_for_the_home_address(left, mobile):  # §10.4.1
    register(mobile)
    left.run(2.0)
    left.send(ns(HOME))
    answer = expect(left, ICMPv6ND_NA, tgt=HOME, R=0, S=1)
    assert answer[IPv6].dst == TESTER.link_local
    assert options_of(answer, ICMPv6NDOptDstLLAddr)[0].lladdr == NODE.mac


def test_proxy_defends_the_home_address(left, mobile):  # §10.4.1, RFC 4862 §5.4
    register(mobile)
    left.run(2.0)
    left.send(dad_ns(HOME))
    defence = expect(left, ICMPv6ND_NA, tgt=HOME, R=0, S=0)
    assert defence[IPv6].dst == ALL_NODES


def test_l_bit_covers_the_link_local_address(left, right, mobile):  # §10.3.1, §10.4.1
    right.send(registration(mobile, flags="LHA"))
    came = left.run(3.0)
    probes = {find(packet, ICMPv6ND_NS).tgt for packet in came if find(packet, ICMPv6ND_NS)}
    told = {find(packet, ICMPv6ND_NA).tgt for packet in came if find(packet, ICMPv6ND_NA)}
    assert {HOME, HOME_LINK_LOCAL} <= probes and {HOME, HOME_LINK_LOCAL} <= told
    left.send(ns(HOME_LINK_LOCAL))
    expect(left, ICMPv6ND_NA, tgt=HOME_LINK_LOCAL, R=0, S=1)


def test_without_the_l_bit_the_link_local_address_is_free(left, right, mobile):  # §10.3.1
    right.send(registration(mobile))
    expect_none(left, ICMPv6ND_NS, within=3.0, tgt=HOME_LINK_LOCAL)
    left.send(ns(HOME_LINK_LOCAL))
    expect_none(left, ICMPv6ND_NA, tgt=HOME_LINK_LOCAL)


def test_l_bit_with_a_duplicate_link_local_address_is_rejected(left, right, mobile):  # §10.3.1
    right.send(registration(mobile, flags="LHA"))
    expect(left, ICMPv6ND_NS, tgt=HOME_LINK_LOCAL)
    left.send(na(HOME_LINK_LOCAL, source=HOME_LINK_LOCAL, destination=ALL_NODES, solicited=0))
    message(right, MIP6MH_BA, within=3.0, status=134)


# --- Tunnels: §10.4.2, §10.4.5 --------------------------------------------------------------------------------------


def test_intercepted_packet_is_tunnelled_to_the_care_of_address(left, right, mobile):  # §10.4.2, RFC 2473
    register(mobile)
    left.send(echo_request(HOME, b"to the mobile node", hlim=64))
    packet = expect(right, ICMPv6EchoRequest, data=b"to the mobile node")
    assert ends(packet) == (HOME_AGENT, CARE_OF)
    assert (inner(packet).src, inner(packet).dst, inner(packet).hlim) == (TESTER.address, HOME, 63)


def test_packet_from_outside_is_tunnelled_too(right, mobile):  # §10.4.2
    register(mobile)
    right.send(from_outside(HOME))
    packet = expect(right, ICMPv6EchoRequest)
    assert ends(packet) == (HOME_AGENT, CARE_OF) and (inner(packet).src, inner(packet).dst) == (CORRESPONDENT, HOME)


def test_home_agent_itself_sends_by_a_routing_header(right, mobile):  # §10.4.2: it is a correspondent node then
    register(mobile)
    right.send(mobile.optimized(echo(b"to the home agent")))
    reply = expect(right, ICMPv6EchoReply, data=b"to the home agent")
    assert ends(reply) == (HOME_AGENT, CARE_OF) and routed_to(reply) == HOME and inner(reply) is None


@pytest.mark.parametrize("source", [TESTER.link_local, TESTER.address])
def test_packets_for_the_link_local_address_are_not_tunnelled(left, right, mobile, source):  # §10.4.2
    register(mobile, flags="LHA")
    left.run(2.0)
    left.send(echo_request(HOME_LINK_LOCAL, source=source))
    error = expect(left, ICMPv6DestUnreach, within=5.0, code=3)
    assert error[IPv6].dst == source
    expect_none(right, ICMPv6EchoRequest)


def test_link_local_multicast_is_not_tunnelled(left, right, mobile):  # §10.4.2
    register(mobile)
    left.send(echo_request(ALL_NODES))
    expect_none(right, ICMPv6EchoRequest)


def test_packets_from_link_local_addresses_are_not_tunnelled(left, right, mobile):  # §10.4.2, RFC 4007 §9
    register(mobile)
    left.send(echo_request(HOME, source=TESTER.link_local))
    expect_none(right, ICMPv6EchoRequest)


@pytest.mark.parametrize("destination", [TESTER.address, CORRESPONDENT])
def test_reverse_tunnel_leads_anywhere(left, right, mobile, destination):  # §10.4.5
    register(mobile)
    right.send(tunnelled(from_mobile(destination)))
    packet = expect(left if destination == TESTER.address else right, ICMPv6EchoRequest)
    assert ends(packet) == (HOME, destination) and inner(packet) is None


def test_reverse_tunnel_leads_to_the_home_agent(right, mobile):  # §10.4.5
    register(mobile)
    right.send(tunnelled(from_mobile(HOME_AGENT)))
    assert routed_to(expect(right, ICMPv6EchoReply)) == HOME


def test_reverse_tunnel_is_for_the_home_address_alone(right, mobile):  # §10.4.5: the authorized sender
    register(mobile)
    right.send(tunnelled(from_mobile(CORRESPONDENT, source="2001:db8:1::666")))
    expect_none(right, ICMPv6EchoRequest)


def test_reverse_tunnel_starts_at_the_primary_care_of_address(right, mobile):  # §10.4.5
    register(mobile)
    right.send(tunnelled(from_mobile(CORRESPONDENT), source=OTHER_CARE_OF))
    expect_none(right, ICMPv6EchoRequest)


def test_reverse_tunnel_moves_with_the_registration(right, mobile):  # §10.3.1, §10.4.5
    register(mobile, 1)
    mobile.care_of = OTHER_CARE_OF
    register(mobile, 2)
    right.send(tunnelled(from_mobile(CORRESPONDENT), source=CARE_OF))
    expect_none(right, ICMPv6EchoRequest)
    right.send(tunnelled(from_mobile(CORRESPONDENT), source=OTHER_CARE_OF))
    expect(right, ICMPv6EchoRequest)
