"""The access link of a mobile access gateway: the home network that it emulates (RFC 5213 §6.7 to §6.9.3) and what it
forwards (§6.10)."""

from __future__ import annotations

from scapy.layers.inet6 import (
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_RA,
    ICMPv6NDOptMTU,
    ICMPv6NDOptPrefixInfo,
    ICMPv6NDOptSrcLLAddr,
    ICMPv6PacketTooBig,
    IPv6,
)
from scapy.layers.l2 import Ether

from kamesim import ProxyProfile
from kamesim.conformance.cases.mobility._gateway import (
    ANCHOR,
    CARE_OF,
    CORRESPONDENT,
    FIXED,
    FIXED_MAC,
    FROM_ANCHOR,
    HOME,
    LAPTOP_HOME,
    LAPTOP_MAC,
    LAPTOP_PREFIX,
    PREFIX,
    accept,
    bound,
    from_correspondent,
    from_mobile,
    gateway,
    next_update,
    register_laptop,
    router,
    solicitation,
    tunnelled,
    update,
)
from kamesim.conformance.exchange import (
    TESTER,
    case,
    echo,
    expect,
    expect_dropped,
    expect_none,
    ip,
    may,
    must,
    ns,
    should,
)
from kamesim.conformance.mobility import ends, inner
from kamesim.conformance.proxy_mobility import MOBILE_NODE, LinkLocalAddress

# --- Router Advertisements: §6.7, §6.9.2, §6.9.3 ----------------------------------------------------------------------


@case(should("RFC 5213 §6.7", "RFC 5213 §6.9.2 item 1"))
def home_network_is_not_advertised_before_it_is_registered(left, update):
    left.send(solicitation())
    expect_none(left, ICMPv6ND_RA)


@case(must("RFC 5213 §6.9.1.2 item 14"))
def home_network_is_advertised_as_on_link(bound):
    prefix = bound[ICMPv6NDOptPrefixInfo]
    assert f"{prefix.prefix}/{prefix.prefixlen}" == PREFIX
    assert (prefix.L, prefix.A) == (1, 1) and prefix.validlifetime > 0
    assert bound[ICMPv6ND_RA].routerlifetime > 0, "the default router (§6.9.3)"


@case(must("RFC 5213 §6.9.1.2 item 14"), role="router")
def all_home_network_prefixes_are_advertised(lab):
    gateway(lab)
    left, right = lab.ports
    two = ("2001:db8:77::/64", "2001:db8:78::/64")
    ra = accept(left, right, next_update(right), prefixes=two)
    first = ra[ICMPv6NDOptPrefixInfo]
    second = first.payload[ICMPv6NDOptPrefixInfo]
    assert [f"{p.prefix}/{p.prefixlen}" for p in (first, second)] == list(two)


@case(must("RFC 5213 §6.3", "RFC 6085 §3"))
def advertisement_is_for_the_mobile_node_alone(bound):
    assert bound[Ether].dst == TESTER.mac and bound[IPv6].hlim == 255


@case(must("RFC 5213 §6.9.3", "RFC 6543 §3"))
def advertisement_comes_from_the_fixed_addresses(bound):
    assert bound[IPv6].src == FIXED and bound[Ether].src == FIXED_MAC
    assert bound[ICMPv6NDOptSrcLLAddr].lladdr == FIXED_MAC


@case(should("RFC 5213 §9.3"), role="router")
def fixed_addresses_can_be_set(lab):
    gateway(lab, link_local="fe80::5", link_layer="02:00:00:00:aa:01")
    left, right = lab.ports
    ra = accept(left, right, next_update(right))
    assert (ra[IPv6].src, ra[Ether].src) == ("fe80::5", "02:00:00:00:aa:01")


@case(should("RFC 5213 §6.9.1.2 item 15"), role="router")
def link_local_address_of_the_anchor_is_used(lab):
    gateway(lab, link_local=None)
    left, right = lab.ports
    ra = accept(left, right, next_update(right), changed=(LinkLocalAddress(address="fe80::5"),))
    assert ra[IPv6].src == "fe80::5"
    left.send(ns("fe80::5"))
    assert expect(left, ICMPv6ND_NA, tgt="fe80::5").R == 1


@case(must("RFC 5213 §6.9.1.2 item 15"), role="router")
def link_local_address_that_the_mobile_node_has_is_not_used(lab):
    router = gateway(lab, link_local=None)
    left, right = lab.ports
    accept(left, right, next_update(right), changed=(LinkLocalAddress(address=TESTER.link_local),))
    left.send(solicitation())
    told = next_update(right)
    other = next(o.address for o in told.payload.payload.options if isinstance(o, LinkLocalAddress))
    assert other.startswith("fe80::") and other != TESTER.link_local, "uploaded to the anchor"
    assert accept(left, right, told)[IPv6].src == other
    assert router.gateway.binding_update_list()["link_local"].tolist() == [other]


@case(should("RFC 5213 §6.9.2 item 3", "RFC 5213 §6.9.5"))
def mtu_of_the_tunnel_is_advertised(bound):
    assert bound[ICMPv6NDOptMTU].mtu == 1460


@case(should("RFC 5213 §6.9.2 item 1"))
def solicitation_is_answered(left, bound):
    left.send(solicitation())
    ra = expect(left, ICMPv6ND_RA)
    assert ra[ICMPv6NDOptPrefixInfo].prefix == "2001:db8:ff00::" and ra[Ether].dst == TESTER.mac


@case(should("RFC 5213 §6.9.2 item 1"))
def solicitation_without_an_address_is_answered(left, bound):
    left.send(ip("ff02::2", source="::", hlim=255) / solicitation().payload.payload.__class__())
    assert expect(left, ICMPv6ND_RA)[Ether].dst == TESTER.mac


@case(must("RFC 5213 §5.2", "RFC 5213 §6.3"))
def each_mobile_node_hears_of_its_own_prefix(left, right, bound):
    register_laptop(left, right)
    left.send(solicitation(LAPTOP_MAC, "fe80::98"))
    ra = expect(left, ICMPv6ND_RA)
    assert ra[Ether].dst == LAPTOP_MAC
    prefix = ra[ICMPv6NDOptPrefixInfo]
    assert f"{prefix.prefix}/{prefix.prefixlen}" == LAPTOP_PREFIX and ICMPv6NDOptPrefixInfo not in prefix.payload


@case(must("RFC 4861 §6.2.4"))
def home_network_is_advertised_again_in_time(left, bound):
    ra = expect(left, ICMPv6ND_RA, within=610.0)
    assert 190 < ra.time - bound.time <= 600


@case(must("RFC 5213 §6.9.3"))
def router_is_resolved_to_the_fixed_address(left, bound):
    left.send(ns(FIXED, source=HOME))
    assert expect(left, ICMPv6ND_NA, tgt=FIXED).src == FIXED_MAC


# --- Forwarding: §6.10.5 ----------------------------------------------------------------------------------------------


@case(must("RFC 5213 §6.10.5"))
def packet_of_the_mobile_node_goes_by_the_tunnel(left, right, bound):
    left.send(from_mobile())
    packet = expect(right, ICMPv6EchoRequest)
    assert ends(packet) == (CARE_OF, ANCHOR)
    assert (inner(packet).src, inner(packet).dst, inner(packet).hlim) == (HOME, CORRESPONDENT, 63)


@case(must("RFC 5213 §6.10.5"))
def packet_out_of_the_tunnel_goes_to_the_mobile_node(left, right, bound):
    right.send(tunnelled(from_correspondent()))
    packet = expect(left, ICMPv6EchoRequest)
    assert ends(packet) == (CORRESPONDENT, HOME) and inner(packet) is None
    assert packet[Ether].dst == TESTER.mac


@case(must("RFC 5213 §6.3"))
def link_of_two_needs_no_address_resolution(left, right, bound):
    left.answers.clear()
    right.send(tunnelled(from_correspondent()))
    assert expect(left, ICMPv6EchoRequest)[Ether].dst == TESTER.mac
    right.send(tunnelled(from_correspondent("2001:db8:ff00::9999")))
    expect_none(left, ICMPv6ND_NS)


@case(must("RFC 5213 §6.10.5"))
def nothing_is_forwarded_before_the_registration(left, right, router, update):
    left.send(from_mobile())
    expect_none(right, ICMPv6EchoRequest, within=0.5)
    expect_dropped(router, "pmip6.no_binding")


@case(must("RFC 5213 §6.10.5"))
def link_local_source_is_not_forwarded(left, right, router, bound):
    left.send(from_mobile(source=TESTER.link_local))
    expect_none(right, ICMPv6EchoRequest)
    expect_dropped(router, "pmip6.link_local_source")


@case(must("RFC 5213 §5.2", "RFC 5213 §6.10.5"))
def foreign_source_is_not_forwarded(left, right, router, bound):
    left.send(from_mobile(source="2001:db8:e::1"))
    expect_none(right, ICMPv6EchoRequest)
    expect_dropped(router, "pmip6.foreign_source")


@case(must("RFC 5213 §5.2"))
def prefix_of_a_neighbour_is_no_source(left, right, router, bound):
    register_laptop(left, right)
    left.send(from_mobile(source=LAPTOP_HOME))
    expect_none(right, ICMPv6EchoRequest)
    expect_dropped(router, "pmip6.foreign_source")
    left.send(from_mobile(source=HOME, mac="02:00:00:00:00:55"))
    expect_none(right, ICMPv6EchoRequest)


@case(must("RFC 5213 §6.10.5"))
def packet_for_nobody_out_of_the_tunnel_is_dropped_silently(left, right, router, bound):
    right.send(tunnelled(from_correspondent("2001:db8:ff00:9::1")))
    expect_none(left, ICMPv6EchoRequest)
    expect_none(right, ICMPv6EchoRequest)
    expect_dropped(router, "pmip6.not_hosted")


@case(must("RFC 2473 §3.3"))
def tunnel_of_a_stranger_is_not_opened(left, right, router, bound):
    right.send(tunnelled(from_correspondent(), source="2001:db8:2::77"))
    expect_none(left, ICMPv6EchoRequest)
    expect_dropped(router, "tunnel.unknown_peer")


@case(must("RFC 5213 §6.10.5", "RFC 5213 §9.2"))
def neighbours_talk_by_the_anchor(left, right, bound):
    register_laptop(left, right)
    left.send(from_mobile(LAPTOP_HOME))
    packet = expect(right, ICMPv6EchoRequest)
    assert ends(packet) == (CARE_OF, ANCHOR) and inner(packet).dst == LAPTOP_HOME
    right.send(tunnelled(from_correspondent(LAPTOP_HOME, HOME)))
    assert expect(left, ICMPv6EchoRequest)[Ether].dst == LAPTOP_MAC


@case(must("RFC 5213 §6.10.5", "RFC 5213 §6.10.3"), role="router")
def neighbours_talk_directly_with_local_routing(lab):
    gateway(lab, local_routing=True)
    left, right = lab.ports
    accept(left, right, next_update(right))
    register_laptop(left, right)
    left.send(from_mobile(LAPTOP_HOME))
    packet = expect(left, ICMPv6EchoRequest)
    assert packet[Ether].dst == LAPTOP_MAC and packet[IPv6].hlim == 63
    expect_none(right, ICMPv6EchoRequest)


@case(may("RFC 5213 §9.2"), role="router")
def local_routing_of_a_mobile_node_takes_precedence(lab):
    gateway(lab, local_routing=True, profile=ProxyProfile(MOBILE_NODE.decode(), local_routing=False))
    left, right = lab.ports
    accept(left, right, next_update(right))
    register_laptop(left, right)
    left.send(from_mobile(LAPTOP_HOME))
    assert ends(expect(right, ICMPv6EchoRequest)) == (CARE_OF, ANCHOR)


@case(must("RFC 5213 §6.10.5"))
def regular_correspondent_reaches_the_mobile_node_by_the_anchor(left, right, bound):
    right.send(ip(HOME, source="2001:db8:2::77", **FROM_ANCHOR) / echo())
    packet = expect(right, ICMPv6EchoRequest)
    assert inner(packet) is None and packet[IPv6].dst == HOME, "as it is, towards the anchor"
    expect_none(left, ICMPv6EchoRequest)


@case(must("RFC 2473 §7.1", "RFC 5213 §6.9.5"))
def packet_longer_than_the_tunnel_takes_is_told_its_mtu(left, bound):
    left.send(Ether(src=TESTER.mac, dst=FIXED_MAC) / IPv6(src=HOME, dst=CORRESPONDENT) / echo(bytes(1452)))
    left.answers[HOME] = TESTER.mac
    assert expect(left, ICMPv6PacketTooBig).mtu == 1460


@case(must("RFC 4443 §4.2"))
def gateway_itself_answers_the_mobile_node(left, bound):
    left.send(from_mobile(FIXED, source=TESTER.link_local))
    expect(left, ICMPv6EchoReply)
