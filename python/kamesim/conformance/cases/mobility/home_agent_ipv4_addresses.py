"""IPv4 home addresses at a home agent, of mobile nodes in networks of IPv6 (RFC 5555 §2.3.1, §3, §4.5)."""

from __future__ import annotations

import pytest
from scapy.layers.inet import ICMP, IP
from scapy.layers.inet6 import MIP6MH_BA, ICMPv6EchoRequest, IPv6
from scapy.layers.l2 import ARP, Ether

from kamesim.conformance.cases.mobility._dual_stack_home_agent import (
    CORRESPONDENT4,
    HOME4,
    HOME_AGENT4,
    HOME_ROUTER4,
    OTHER_HOME,
    OTHER_HOME4,
    POOL,
    POOLED,
    ask,
    dual_stack,
    from_outside4,
    mobile,
    register,
    router,
)
from kamesim.conformance.cases.mobility._home_agent import CARE_OF, HOME, HOME_AGENT, OTHER_CARE_OF, away, home_agent
from kamesim.conformance.dual_stack import (
    acknowledgements_of,
    arp,
    arp_request,
    carrying,
    carrying_none,
    ipv4_home_address,
    look_for,
    look_for_none,
    nat_detection_of,
    ping4,
    raw_option,
    update,
)
from kamesim.conformance.exchange import (
    NODE,
    NODE_RIGHT,
    TESTER,
    TESTER_RIGHT,
    case,
    echo_request,
    expect,
    expect_dropped,
    ip,
    may,
    must,
    should,
    stack,
)
from kamesim.conformance.mobility import binding_update, ends, no_message

PREFIX4, OTHER_PREFIX4 = "203.0.113.0", "203.0.113.32"  # /28, /27
NETWORKS = {HOME: [f"{PREFIX4}/28", f"{OTHER_PREFIX4}/27"]}


def in_ipv6(inner, source=CARE_OF):
    """An IPv4 packet in the reverse tunnel of a network of IPv6."""
    return stack(ip(HOME_AGENT, source=source, to_mac=NODE_RIGHT.mac, from_mac=TESTER_RIGHT.mac), inner)


# --- Acknowledgement: §2.3.1, §3.2.1 --------------------------------------------------------------------------------


@case(must("RFC 5555 §2.3.1", "RFC 5555 §3.2.1"))
def ipv4_home_address_is_acknowledged(mobile):
    ack = register(mobile)
    assert acknowledgements_of(ack) == [(0, HOME4, 32)]
    assert ends(ack) == (HOME_AGENT, CARE_OF)


@case(must("RFC 5555 §2.3.1"))
def update_without_the_option_is_answered_without_one(mobile):
    ack = ask(mobile, 1)
    assert ack[MIP6MH_BA].status == 0 and acknowledgements_of(ack) == []


@case(must("RFC 5555 §3.2.2"))
def nat_is_not_told_of_in_a_network_of_ipv6(mobile):
    assert nat_detection_of(register(mobile)) is None


@case(must("RFC 5555 §3.1.1"))
def reserved_bits_of_the_option_are_ignored(mobile):
    ack = ask(mobile, 1, ipv4_home_address(HOME4, reserved=0x1FF))
    assert acknowledgements_of(ack) == [(0, HOME4, 32)]


@case(must("RFC 5555 §2.3.1"), role="router")
def home_agent_without_ipv4_ignores_the_option(lab):
    home_agent(lab)
    ack = ask(away(lab.ports[1]), 1, ipv4_home_address(HOME4))
    assert ack[MIP6MH_BA].status == 0 and acknowledgements_of(ack) == []


@case(must("RFC 5555 §4.5"))
def refused_ipv4_address_leaves_the_ipv6_binding(left, right, mobile):
    ack = ask(mobile, 1, ipv4_home_address("192.0.2.200"))
    assert ack[MIP6MH_BA].status == 0 and acknowledgements_of(ack)[0][0] == 130
    right.send(echo_request(HOME, b"by ipv6", source="2001:db8:d::1", to_mac=NODE_RIGHT.mac, from_mac=TESTER_RIGHT.mac))
    assert ends(expect(right, ICMPv6EchoRequest, data=b"by ipv6")) == (HOME_AGENT, CARE_OF)


@case(must("RFC 6275 §9.2"))
@pytest.mark.parametrize("kind", [29, 30, 31, 32])
@pytest.mark.parametrize("length", [0, 5, 7, 10])
def option_of_another_length_discards_the_message(router, right, mobile, kind, length):
    right.send(mobile.optimized(update(1, raw_option(kind, bytes(length)))))
    no_message(right, MIP6MH_BA, 3.0)
    expect_dropped(router, "dsmip6.option_bad_length")


# --- Status: §3.2.1, §4.5 -------------------------------------------------------------------------------------------


@case(must("RFC 5555 §4.5"))
def address_of_another_mobile_node_is_incorrect(mobile):
    assert acknowledgements_of(ask(mobile, 1, ipv4_home_address(OTHER_HOME4))) == [(130, OTHER_HOME4, 0)]


@case(must("RFC 5555 §4.5"))
def address_of_nobody_is_incorrect(mobile):
    assert acknowledgements_of(ask(mobile, 1, ipv4_home_address("192.0.2.222"))) == [(130, "192.0.2.222", 0)]


@case(must("RFC 5555 §3.2.1"))
@pytest.mark.parametrize("address", ["224.0.0.5", "255.255.255.255", "127.0.0.1", "240.0.0.1", "0.1.2.3"])
def address_that_is_not_unicast_is_invalid(mobile, address):
    assert acknowledgements_of(ask(mobile, 1, ipv4_home_address(address))) == [(131, address, 0)]


@case(must("RFC 5555 §3.1.1"))
@pytest.mark.parametrize("length", [0, 33, 63])
def prefix_length_that_cannot_be_is_an_error(mobile, length):
    assert acknowledgements_of(ask(mobile, 1, ipv4_home_address(HOME4, length))) == [(128, HOME4, 0)]


@case(must("RFC 5555 §3.2.1"), role="router")
def ipv4_may_be_prohibited(lab):
    dual_stack(lab, ipv4_prohibited=[HOME])
    ack = ask(away(lab.ports[1]), 1, ipv4_home_address(HOME4))
    assert ack[MIP6MH_BA].status == 0 and acknowledgements_of(ack) == [(129, HOME4, 0)]


@case(must("RFC 5555 §4.5"), role="router")
def no_dynamic_address_is_available_without_a_pool(lab):
    dual_stack(lab, ipv4_home_addresses={OTHER_HOME: OTHER_HOME4})
    assert acknowledgements_of(ask(away(lab.ports[1]), 1, ipv4_home_address())) == [(132, "0.0.0.0", 0)]


@case(must("RFC 5555 §4.5"), role="router")
def no_dynamic_address_is_available_when_the_pool_is_used_up(lab):
    dual_stack(lab, ipv4_home_addresses={}, ipv4_pool="192.0.2.64/32")
    assert acknowledgements_of(ask(away(lab.ports[1]), 1, ipv4_home_address()))[0][0] == 0
    other = away(lab.ports[1], OTHER_HOME, OTHER_CARE_OF)
    assert acknowledgements_of(ask(other, 1, ipv4_home_address())) == [(132, "0.0.0.0", 0)]


@case(must("RFC 5555 §4.5"))
def prefix_for_who_has_none_is_unauthorized(mobile):
    assert acknowledgements_of(ask(mobile, 1, ipv4_home_address("0.0.0.0", 28, p=True))) == [(133, "0.0.0.0", 0)]


@case(must("RFC 5555 §4.5"))
def options_without_number_are_refused(mobile):
    ack = ask(mobile, 1, *[ipv4_home_address(HOME4)] * 12)
    assert [row[0] for row in acknowledgements_of(ack)] == [0] * 8 + [128] * 4


# --- Dynamic addresses: §2.5, §4.5 ----------------------------------------------------------------------------------


@case(should("RFC 5555 §2.5", "RFC 5555 §4.5"), role="router")
def dynamic_address_is_allocated_on_request(lab):
    dual_stack(lab, ipv4_home_addresses={}, ipv4_pool=POOL)
    assert acknowledgements_of(ask(away(lab.ports[1]), 1, ipv4_home_address())) == [(0, POOLED, 32)]


@case(should("RFC 5555 §4.5"))
def request_of_who_has_a_static_address_gets_that(mobile):
    assert acknowledgements_of(ask(mobile, 1, ipv4_home_address())) == [(0, HOME4, 32)]


@case(must("RFC 5555 §4.5"), role="router")
def dynamic_address_is_remembered(lab):
    dual_stack(lab, ipv4_home_addresses={}, ipv4_pool=POOL)
    mobile = away(lab.ports[1])
    ask(mobile, 1, ipv4_home_address())
    assert acknowledgements_of(ask(mobile, 2, ipv4_home_address(POOLED))) == [(0, POOLED, 32)]
    ask(mobile, 3, lifetime=0)
    other = away(lab.ports[1], OTHER_HOME, OTHER_CARE_OF)
    assert acknowledgements_of(ask(other, 1, ipv4_home_address())) == [(0, "192.0.2.66", 32)]
    assert acknowledgements_of(ask(mobile, 4, ipv4_home_address())) == [(0, POOLED, 32)]


@case(must("RFC 5555 §4.5"), role="router")
def dynamic_address_is_nobody_elses(lab):
    dual_stack(lab, ipv4_home_addresses={}, ipv4_pool=POOL)
    ask(away(lab.ports[1]), 1, ipv4_home_address())
    other = away(lab.ports[1], OTHER_HOME, OTHER_CARE_OF)
    assert acknowledgements_of(ask(other, 1, ipv4_home_address(POOLED)))[0][0] == 130


@case(must("RFC 5555 §2.5"), role="router")
def lifetime_is_no_longer_than_the_lease(lab):
    dual_stack(lab, ipv4_pool=POOL, ipv4_home_addresses={}, ipv4_lease=100.0)
    mobile = away(lab.ports[1])
    assert ask(mobile, 1, ipv4_home_address())[MIP6MH_BA].mhtime == 25
    assert ask(mobile, 2)[MIP6MH_BA].mhtime == 105


# --- Prefixes: §3.1.1, §4.5 -----------------------------------------------------------------------------------------


@case(should("RFC 5555 §4.5"), role="router")
@pytest.mark.parametrize("length, prefix", [(28, PREFIX4), (27, OTHER_PREFIX4)])
def prefix_of_the_requested_length_is_allocated(lab, length, prefix):
    dual_stack(lab, ipv4_networks=NETWORKS)
    ack = ask(away(lab.ports[1]), 1, ipv4_home_address("0.0.0.0", length, p=True))
    assert acknowledgements_of(ack) == [(0, prefix, length)]


@case(must("RFC 5555 §3.2.1"), role="router")
def prefix_of_another_length_overrides_the_request(lab):
    dual_stack(lab, ipv4_networks=NETWORKS)
    ack = ask(away(lab.ports[1]), 1, ipv4_home_address("0.0.0.0", 24, p=True))
    assert acknowledgements_of(ack) == [(0, PREFIX4, 28)]


@case(should("RFC 5555 §4.5"), role="router")
def prefixes_come_from_a_pool_too(lab):
    dual_stack(lab, ipv4_network_pool="203.0.113.128/25")
    mobile, other = away(lab.ports[1]), away(lab.ports[1], OTHER_HOME, OTHER_CARE_OF)
    assert acknowledgements_of(ask(mobile, 1, ipv4_home_address("0.0.0.0", 28, p=True))) == [(0, "203.0.113.128", 28)]
    assert acknowledgements_of(ask(other, 1, ipv4_home_address("0.0.0.0", 28, p=True))) == [(0, "203.0.113.144", 28)]


@case(must("RFC 5555 §4.5"), role="router")
def prefix_of_another_is_refused(lab):
    dual_stack(lab, ipv4_networks=NETWORKS)
    other = away(lab.ports[1], OTHER_HOME, OTHER_CARE_OF)
    assert acknowledgements_of(ask(other, 1, ipv4_home_address(PREFIX4, 28)))[0][0] == 130
    assert acknowledgements_of(ask(other, 2, ipv4_home_address(PREFIX4, 28, p=True)))[0][0] == 133


@case(must("RFC 5555 §3.1.1"), role="router")
def p_is_ignored_in_a_refresh(lab):
    dual_stack(lab, ipv4_networks=NETWORKS)
    mobile = away(lab.ports[1])
    assert acknowledgements_of(ask(mobile, 1, ipv4_home_address(PREFIX4, 28, p=True))) == [(0, PREFIX4, 28)]
    assert acknowledgements_of(ask(mobile, 2, ipv4_home_address(PREFIX4, 28))) == [(0, PREFIX4, 28)]
    assert acknowledgements_of(ask(mobile, 3, ipv4_home_address(HOME4, p=True))) == [(0, HOME4, 32)]


@case(may("RFC 5555 §3.1.1"), role="router")
def address_and_prefix_are_asked_for_by_two_options(lab):
    dual_stack(lab, ipv4_networks=NETWORKS)
    ack = ask(away(lab.ports[1]), 1, ipv4_home_address(HOME4), ipv4_home_address("0.0.0.0", 28, p=True))
    assert acknowledgements_of(ack) == [(0, HOME4, 32), (0, PREFIX4, 28)]


@case(must("RFC 5555 §4.5"), role="router")
def packets_of_the_prefix_take_the_tunnel_both_ways(lab):
    dual_stack(lab, ipv4_networks=NETWORKS)
    left, right = lab.ports
    register(away(right), 1, ipv4_home_address("0.0.0.0", 28, p=True))
    right.send(from_outside4("203.0.113.7"))
    assert carrying(right, ICMP, how="ipv6").inner_ends == (CORRESPONDENT4, "203.0.113.7")
    right.send(in_ipv6(ping4(HOME_ROUTER4, "203.0.113.7")))
    assert look_for(left, "the packet", lambda f: f.getlayer(IP))[IP].src == "203.0.113.7"


# --- Tunnels: §2.3.1, §4.5.1 ----------------------------------------------------------------------------------------


@case(must("RFC 5555 §4.5.1"))
def ipv4_packet_is_tunnelled_to_the_ipv6_care_of_address(right, mobile):
    register(mobile)
    right.send(from_outside4(HOME4, ttl=64))
    packet = carrying(right, ICMP, how="ipv6")
    assert packet.ends == (HOME_AGENT, CARE_OF) and packet.inner_ends == (CORRESPONDENT4, HOME4)
    assert packet.inner.ttl == 63 and packet.frame[IPv6].nh == 4


@case(must("RFC 5555 §4.5"))
def ipv4_packet_of_a_neighbour_is_tunnelled(left, right, mobile):
    register(mobile)
    left.send(Ether(src=TESTER.mac, dst=NODE.mac) / ping4(HOME4, HOME_ROUTER4))
    assert carrying(right, ICMP, how="ipv6").inner_ends == (HOME_ROUTER4, HOME4)


@case(must("RFC 5555 §4.4.3"))
def ipv4_packet_out_of_the_tunnel_is_forwarded(left, right, mobile):
    register(mobile)
    right.send(in_ipv6(ping4(HOME_ROUTER4, HOME4, ttl=64)))
    packet = look_for(left, "the packet", lambda f: f.getlayer(IP))
    assert (packet[IP].src, packet[IP].dst, packet[IP].ttl) == (HOME4, HOME_ROUTER4, 63)


@case(must("RFC 6275 §10.4.5"))
def ipv4_packet_of_another_source_does_not_come_out(router, left, right, mobile):
    register(mobile)
    right.send(in_ipv6(ping4(HOME_ROUTER4, OTHER_HOME4)))
    look_for_none(left, "packet", lambda f: f.getlayer(IP))
    expect_dropped(router, "tunnel.inner_source_not_allowed")


@case(must("RFC 5555 §2.3.1"))
def tunnel_of_ipv4_moves_with_the_care_of_address(right, mobile):
    register(mobile)
    mobile.care_of = OTHER_CARE_OF
    register(mobile, 2)
    right.send(from_outside4(HOME4))
    assert carrying(right, ICMP, how="ipv6").ends == (HOME_AGENT, OTHER_CARE_OF)


@case(must("RFC 2473 §8.3"))
def ipv4_packet_too_long_for_the_tunnel_is_reported(right, mobile):
    register(mobile)
    right.send(from_outside4(HOME4, bytes(1433), flags="DF"))  # 1461 octets
    error = look_for(right, "the error", lambda f: f if f.haslayer(ICMP) and f[ICMP].type == 3 else None)
    assert (error[ICMP].code, error[ICMP].nexthopmtu, error[IP].dst) == (4, 1460, CORRESPONDENT4)


@case(must("RFC 1812 §5.3.1"))
def ttl_that_is_used_up_is_reported_to_the_source(right, mobile):
    register(mobile)
    right.send(from_outside4(HOME4, ttl=1))
    error = look_for(right, "the error", lambda f: f if f.haslayer(ICMP) and f[ICMP].type == 11 else None)
    assert error[IP].dst == CORRESPONDENT4
    carrying_none(right, ICMP, how="ipv6", type=8)


# --- Proxy ARP: §4.5 ------------------------------------------------------------------------------------------------


@case(must("RFC 5555 §4.5"))
def home_agent_answers_arp_for_the_home_address(left, mobile):
    register(mobile)
    left.run(5.0)
    left.send(arp_request(HOME4, HOME_ROUTER4, TESTER.mac))
    reply = look_for(left, "an answer", lambda f: arp(f, op=2, psrc=HOME4))
    assert (reply[ARP].hwsrc, reply[ARP].hwdst, reply.dst) == (NODE.mac, TESTER.mac, TESTER.mac)


@case(must("RFC 5555 §4.5"))
def neighbours_are_told_when_the_binding_is_made(left, right, mobile):
    right.send(mobile.optimized(update(1, ipv4_home_address(HOME4))))
    announcement = look_for(left, "an announcement", lambda f: arp(f, psrc=HOME4, pdst=HOME4), 4.0)
    assert announcement[ARP].hwsrc == NODE.mac and announcement.dst == "ff:ff:ff:ff:ff:ff"


@case(must("RFC 5555 §4.5"))
def home_address_is_not_answered_for_without_a_binding(left, mobile):
    left.send(arp_request(HOME4, HOME_ROUTER4, TESTER.mac))
    look_for_none(left, "an answer", lambda f: arp(f, psrc=HOME4))


@case(must("RFC 5555 §3.1.1"))
def home_address_is_defended(router, left, mobile):
    register(mobile)
    left.run(5.0)
    left.send(arp_request(HOME_AGENT4, HOME4, "02:00:00:00:00:77"))  # of a station that claims it
    look_for(left, "a defence", lambda f: arp(f, psrc=HOME4, pdst=HOME4, hwsrc=NODE.mac))
    expect_dropped(router, "arp.claims_our_address")


@case(must("RFC 5555 §4.5"))
@pytest.mark.parametrize("how", ["deregistered", "expired", "without the option"])
def defence_ends_with_the_binding(left, right, mobile, how):
    register(mobile, lifetime=40)
    if how == "expired":
        left.run(41.0)
    elif how == "deregistered":
        ask(mobile, 2, lifetime=0)
    else:
        ask(mobile, 2)
    left.run(5.0)
    left.send(arp_request(HOME4, HOME_ROUTER4, TESTER.mac))
    look_for_none(left, "an answer", lambda f: arp(f, op=2, psrc=HOME4))
    right.send(from_outside4(HOME4))
    carrying_none(right, ICMP, how="ipv6", type=8)


# --- Removal: §4.4.2.1 ----------------------------------------------------------------------------------------------


@case(must("RFC 5555 §4.4.2.1"))
def update_without_the_option_removes_the_ipv4_binding_alone(right, mobile):
    register(mobile)
    assert acknowledgements_of(ask(mobile, 2)) == []
    right.send(from_outside4(HOME4))
    carrying_none(right, ICMP, how="ipv6", type=8)
    right.send(echo_request(HOME, b"by ipv6", source="2001:db8:d::1", to_mac=NODE_RIGHT.mac, from_mac=TESTER_RIGHT.mac))
    assert ends(expect(right, ICMPv6EchoRequest, data=b"by ipv6")) == (HOME_AGENT, CARE_OF)


@case(must("RFC 5555 §4.4.2.1"))
def lifetime_of_zero_removes_all_bindings(left, right, mobile):
    register(mobile)
    left.send(ip(HOME_AGENT, source=HOME) / binding_update(2, flags="HA", lifetime=0))
    left.run(2.0)
    right.send(from_outside4(HOME4))
    carrying_none(right, ICMP, how="ipv6", type=8)


@case(must("RFC 5555 §2.3.1"))
def deletion_with_the_option_is_acknowledged_with_one(mobile):
    register(mobile)
    assert acknowledgements_of(ask(mobile, 2, ipv4_home_address(HOME4), lifetime=0)) == [(0, HOME4, 32)]


@case(must("RFC 5555 §4.5"))
def registration_that_is_refused_has_no_acknowledgement_of_ipv4(right, mobile):
    register(mobile, 5)
    ack = ask(mobile, 4, ipv4_home_address(HOME4))
    assert ack[MIP6MH_BA].status == 135 and acknowledgements_of(ack) == []
    right.send(from_outside4(HOME4))
    carrying(right, ICMP, how="ipv6")


@case(must("RFC 5555 §3.1.3", "RFC 5555 §4.5"))
def udp_is_not_forced_in_a_network_of_ipv6(mobile):
    ack = ask(mobile, 1, ipv4_home_address(HOME4), f=True)
    assert ack[MIP6MH_BA].status == 144 and acknowledgements_of(ack) == []
