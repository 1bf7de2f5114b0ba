"""IPv4 care-of addresses at a home agent: Binding Updates in UDP, and tunnels over IPv4 (RFC 5555 §2.3.2, §4, §5)."""

from __future__ import annotations

import pytest
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import (
    MIP6MH_BA,
    ICMPv6DestUnreach,
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6ND_NS,
    ICMPv6PacketTooBig,
    IPv6,
    IPv6ExtHdrRouting,
)
from scapy.packet import Raw

from kamesim.conformance.cases.mobility._dual_stack_home_agent import (
    CARE_OF4,
    CORRESPONDENT4,
    HOME4,
    HOME_AGENT4,
    HOME_ROUTER4,
    NAT4,
    OTHER_CARE_OF4,
    OTHER_HOME,
    OTHER_HOME4,
    Roamer,
    dual_stack,
    from_outside4,
    mobile,
    register,
    roamer,
    router,
)
from kamesim.conformance.cases.mobility._home_agent import CARE_OF, CORRESPONDENT, HOME, HOME_AGENT
from kamesim.conformance.dual_stack import (
    NO_NAT,
    PORT,
    acknowledgements_of,
    carrying,
    carrying_none,
    ipv4_care_of,
    ipv4_home_address,
    look_for,
    look_for_none,
    nat_detection_of,
    ping4,
    update,
)
from kamesim.conformance.exchange import (
    ALL_NODES,
    NODE_RIGHT,
    TESTER,
    TESTER_RIGHT,
    case,
    echo,
    echo_request,
    expect,
    expect_dropped,
    expect_none,
    find,
    must,
    na,
    should,
)
from kamesim.conformance.mobility import alternate_care_of, ends


def from_outside(destination: str = HOME, data: bytes = b"from outside", **fields):
    frame = {"to_mac": NODE_RIGHT.mac, "from_mac": TESTER_RIGHT.mac}
    return echo_request(destination, data, source=CORRESPONDENT, **frame, **fields)


def forwarded4(port):
    """The next IPv4 packet that is none of a tunnel."""
    return look_for(port, "an IPv4 packet", lambda f: f if isinstance(f.payload, IP) else None)


# --- Registration: §2.3.2.1, §4.2, §4.5 -----------------------------------------------------------------------------


@case(must("RFC 5555 §4.2", "RFC 5555 §4.5"))
def update_in_udp_is_answered_in_udp(roamer):
    roamer.port_number = 40000
    ack = roamer.register()
    assert ack.how == "udp" and ack.ends == (HOME_AGENT4, CARE_OF4)
    assert (ack.source_port, ack.destination_port) == (PORT, 40000)
    assert ack.inner_ends == (HOME_AGENT, HOME) and find(ack.inner, IPv6ExtHdrRouting) is None
    assert acknowledgements_of(ack.inner) == [(0, HOME4, 32)]


@case(must("RFC 5555 §4.2", "RFC 5555 §3.2.2"))
def nat_detection_is_told_without_a_nat_too(roamer):
    assert nat_detection_of(roamer.register().inner) == (False, NO_NAT)


@case(must("RFC 6275 §10.3.1"))
def home_address_is_tested_before_the_acknowledgement(left, right, roamer):
    right.send(roamer.update(1))
    probe = expect(left, ICMPv6ND_NS, tgt=HOME)
    assert roamer.answer(seq=1).frame.time - probe.time >= 1.0


@case(must("RFC 6275 §10.3.1"))
def duplicate_home_address_is_refused_in_udp(left, right, roamer):
    right.send(roamer.update(1, ipv4_home_address(HOME4)))
    expect(left, ICMPv6ND_NS, tgt=HOME)
    left.send(na(HOME, source=HOME, destination=ALL_NODES, solicited=0))
    ack = roamer.answer(status=134)
    assert ack.how == "udp" and acknowledgements_of(ack.inner) == [] and nat_detection_of(ack.inner) == (False, NO_NAT)


@case(must("RFC 5555 §2.3.2.1"))
def update_without_the_care_of_address_is_refused(right, roamer):
    right.send(roamer.update(1, ipv4_home_address(HOME4), told=None))
    assert roamer.answer(status=128).how == "udp"


@case(must("RFC 5555 §3.1.2"))
@pytest.mark.parametrize("address", ["0.0.0.0", "224.0.0.1", "255.255.255.255", "127.0.0.1"])
def care_of_address_that_is_not_unicast_is_refused(right, roamer, address):
    right.send(roamer.update(1, told=address))
    roamer.answer(status=128)


@case(must("RFC 5555 §3.1.2"))
def reserved_bits_of_the_care_of_address_are_ignored(right, roamer):
    right.send(roamer.update(1, ipv4_care_of(CARE_OF4, reserved=0xFFFF), told=None))
    assert nat_detection_of(roamer.answer(status=0).inner) == (False, NO_NAT)


@case(must("RFC 5555 §4.5"))
def care_of_address_is_that_of_ipv4(right, roamer):
    right.send(roamer.update(1, alternate_care_of("2001:db8:b::100")))
    roamer.answer(status=0)
    right.send(from_outside())
    assert carrying(right, ICMPv6EchoRequest, how="ip").ends == (HOME_AGENT4, CARE_OF4)


@case(must("RFC 6275 §9.5.1"))
def sequence_number_out_of_window_is_told_in_udp(right, roamer):
    roamer.register(20)
    right.send(roamer.update(19))
    ack = roamer.answer(status=135)
    assert ack.how == "udp" and find(ack.inner, MIP6MH_BA).seq == 20


@case(must("RFC 6275 §10.3.1"))
def home_address_of_another_link_is_refused_in_udp(right, router, roamer):
    roamer.home = "2001:db8:77::1"
    right.send(roamer.update(1))
    ack = roamer.answer(status=132)
    assert ack.how == "udp" and ack.inner_ends == (HOME_AGENT, roamer.home)


@case(must("RFC 5555 §4.2"))
def update_in_plain_ipv4_is_discarded(router, right, roamer):
    roamer.register()
    right.send(roamer.plainly(roamer.from_home(update(2, ipv4_care_of(CARE_OF4), lifetime=0))))
    look_for_none(right, "an acknowledgement", lambda f: f.haslayer(MIP6MH_BA))
    expect_dropped(router, "dsmip6.binding_update_not_in_udp")


@case(must("RFC 6275 §6.1.7"))
def care_of_address_that_is_served_here_is_refused(router, right, mobile):
    register(mobile)
    other = Roamer(right, HOME4, OTHER_HOME)
    right.send(other.update(1))
    ack = carrying(right, UDP, within=3.0, how="ipv6")  # that is where the address is
    assert ack.inner_ends == (HOME_AGENT4, HOME4)
    assert list(router.mobile_ip.binding_cache()["home_address"]) == [HOME]


@case(must("RFC 6275 §10.3.2"))
def deregistration_in_udp_ends_all_bindings(left, right, roamer):
    roamer.register()
    right.send(roamer.update(2, ipv4_home_address(HOME4), lifetime=0))
    ack = roamer.answer(seq=2, status=0)
    assert ack.how == "udp" and acknowledgements_of(ack.inner) == [(0, HOME4, 32)]
    right.send(from_outside(), from_outside4(HOME4))
    carrying_none(right, ICMPv6EchoRequest)


@case(must("RFC 5555 §2.3.2.1"))
def bindings_end_with_their_lifetime(right, roamer):
    roamer.register(1, lifetime=40)
    right.run(41.0)
    right.send(from_outside(), from_outside4(HOME4))
    look_for_none(right, "tunnel packet", lambda f: f.haslayer(ICMPv6EchoRequest) and f.haslayer(IP))


# --- Tunnels: §4.5, §4.5.1 ------------------------------------------------------------------------------------------


@case(must("RFC 5555 §4.5.1"))
def ipv6_packet_is_tunnelled_in_ipv4(right, roamer):
    roamer.register()
    right.send(from_outside(hlim=64))
    packet = carrying(right, ICMPv6EchoRequest)
    assert packet.how == "ip" and packet.ends == (HOME_AGENT4, CARE_OF4) and packet.frame[IP].proto == 41
    assert packet.inner_ends == (CORRESPONDENT, HOME) and packet.inner.hlim == 63


@case(must("RFC 5555 §4.5.1"))
def ipv4_packet_is_tunnelled_in_ipv4(right, roamer):
    roamer.register()
    right.send(from_outside4(HOME4, ttl=64))
    packet = carrying(right, ICMP)
    assert packet.how == "ip" and packet.ends == (HOME_AGENT4, CARE_OF4) and packet.frame[IP].proto == 4
    assert packet.inner_ends == (CORRESPONDENT4, HOME4) and packet.inner.ttl == 63


@case(must("RFC 5555 §4.4.3"))
def packets_out_of_the_tunnel_are_forwarded(left, right, roamer):
    roamer.register()
    right.send(roamer.plainly(roamer.from_home(echo(b"six"), destination=TESTER.address)))
    assert ends(expect(left, ICMPv6EchoRequest, data=b"six")) == (HOME, TESTER.address)
    right.send(roamer.plainly(ping4(HOME_ROUTER4, HOME4)))
    assert (forwarded4(left)[IP].src) == HOME4


@case(must("RFC 6275 §10.4.5"))
@pytest.mark.parametrize("how", ["plain", "udp"])
def packets_of_other_sources_do_not_come_out(router, left, right, roamer, how):
    roamer.register()
    wrap = roamer.plainly if how == "plain" else roamer.in_udp
    right.send(wrap(IPv6(src=OTHER_HOME, dst=TESTER.address) / echo(b"forged")), wrap(ping4(HOME_ROUTER4, OTHER_HOME4)))
    expect_none(left, ICMPv6EchoRequest)
    expect_dropped(router, "tunnel.inner_source_not_allowed", 2)


@case(must("RFC 4213 §3.6"))
def packets_from_elsewhere_do_not_come_out(router, left, right, roamer):
    roamer.register()
    roamer.care_of = OTHER_CARE_OF4
    right.send(roamer.plainly(roamer.from_home(echo(b"six"), destination=TESTER.address)))
    expect_none(left, ICMPv6EchoRequest)
    expect_dropped(router, "tunnel.unknown_peer")


@case(must("RFC 5555 §4.2"))
@pytest.mark.parametrize("what", ["ipv6", "ipv4", "to another"])
def payload_in_udp_of_a_stranger_is_discarded(router, left, right, roamer, what):
    inner = {
        "ipv6": IPv6(src=HOME, dst=TESTER.address) / echo(b"stranger"),
        "ipv4": ping4(HOME_ROUTER4, HOME4),
        "to another": roamer.from_home(update(1, ipv4_care_of(CARE_OF4)), destination=TESTER.address),
    }[what]
    right.send(roamer.in_udp(inner))
    expect_none(left, ICMPv6EchoRequest)
    expect_dropped(router, "dsmip6.encapsulation_of_unknown_peer")


@case(must("RFC 5555 §4.1"))
@pytest.mark.parametrize("data", [b"", b"\x50" + bytes(40), b"\0" * 8], ids=["empty", "version-5", "version-0"])
def datagram_that_holds_no_packet_is_discarded(router, right, roamer, data):
    right.send(roamer.outer() / UDP(sport=PORT, dport=PORT) / Raw(data))
    expect_dropped(router, "dsmip6.encapsulation_malformed")
    roamer.register()


@case(must("RFC 6275 §10.4.2"))
def home_agent_itself_answers_through_the_tunnel(right, roamer):
    roamer.register()
    right.send(roamer.plainly(roamer.from_home(echo(b"to the home agent"))))
    reply = carrying(right, ICMPv6EchoReply)
    assert reply.how == "ip" and reply.ends == (HOME_AGENT4, CARE_OF4) and reply.inner_ends == (HOME_AGENT, HOME)


@case(must("RFC 5555 §4.5"))
def bindings_move_from_ipv4_to_ipv6_and_back(right, mobile, roamer):
    roamer.register(1)
    register(mobile, 2)
    right.send(from_outside4(HOME4))
    assert carrying(right, ICMP, type=8).ends == (HOME_AGENT, CARE_OF)
    right.send(from_outside())
    assert ends(expect(right, ICMPv6EchoRequest)) == (HOME_AGENT, CARE_OF)
    roamer.register(3)
    right.send(from_outside())
    assert carrying(right, ICMPv6EchoRequest).ends == (HOME_AGENT4, CARE_OF4)


@case(must("RFC 5555 §2.3.2.1"))
def bindings_move_between_networks_of_ipv4(left, right, roamer):
    roamer.register(1)
    other = Roamer(right, OTHER_CARE_OF4)
    other.register(2)
    right.send(from_outside4(HOME4))
    assert carrying(right, ICMP, type=8).ends == (HOME_AGENT4, OTHER_CARE_OF4)
    right.send(roamer.in_udp(ping4(HOME_ROUTER4, HOME4)))  # from the one that was left
    look_for_none(left, "packet", lambda f: isinstance(f.payload, IP))


@case(should("RFC 5555 §4.1.1"))
@pytest.mark.parametrize("ecn", [1, 2, 3])
def congestion_marks_are_copied_to_the_outer_header(right, roamer, ecn):
    roamer.register()
    right.send(from_outside(tc=ecn))
    assert carrying(right, ICMPv6EchoRequest).frame[IP].tos & 3 == ecn


@case(must("RFC 4213 §3.2"))
def packet_too_long_for_the_tunnel_is_reported(right, roamer):
    roamer.register()
    right.send(from_outside(data=bytes(1481 - 48)))
    error = expect(right, ICMPv6PacketTooBig)
    assert error.mtu == 1480 and ends(error)[1] == CORRESPONDENT


@case(must("RFC 4213 §3.4", "RFC 2473 §8.2"))
def error_within_the_tunnel_is_told_to_the_source(right, roamer):
    roamer.register()
    right.send(from_outside())
    packet = carrying(right, ICMPv6EchoRequest)
    error = ICMP(type=3, code=1) / Raw(bytes(packet.frame[IP]))
    right.send(roamer.outer(src="203.0.113.1") / error)
    assert ends(expect(right, ICMPv6DestUnreach))[1] == CORRESPONDENT


# --- UDP: §3.2.2, §4.2, §4.3, §4.5 ----------------------------------------------------------------------------------


@case(must("RFC 5555 §3.2.2", "RFC 5555 §4.2"))
def nat_is_detected_by_the_two_addresses(right, roamer):
    roamer.care_of, roamer.port_number = NAT4, 61000
    ack = roamer.register(1, told="10.0.0.5")
    assert ack.ends == (HOME_AGENT4, NAT4) and ack.destination_port == 61000
    assert nat_detection_of(ack.inner) == (False, 110), "NATKATIMEOUT (§6)"


@case(must("RFC 5555 §2.3.2.2", "RFC 5555 §4.5.1"))
def packets_behind_a_nat_are_in_udp(right, roamer):
    roamer.care_of, roamer.port_number = NAT4, 61000
    roamer.register(1, ipv4_home_address(HOME4), told="10.0.0.5")
    right.send(from_outside())
    six = carrying(right, ICMPv6EchoRequest)
    right.send(from_outside4(HOME4))
    four = carrying(right, ICMP)
    for packet in (six, four):
        assert packet.how == "udp" and packet.ends == (HOME_AGENT4, NAT4)
        assert (packet.source_port, packet.destination_port) == (PORT, 61000)


@case(must("RFC 5555 §4.1"))
def packets_in_udp_come_out_by_their_version(left, right, roamer):
    roamer.care_of, roamer.port_number = NAT4, 61000
    roamer.register(1, ipv4_home_address(HOME4), told="10.0.0.5")
    right.send(roamer.in_udp(roamer.from_home(echo(b"six"), destination=TESTER.address)))
    assert ends(expect(left, ICMPv6EchoRequest, data=b"six")) == (HOME, TESTER.address)
    right.send(roamer.in_udp(ping4(HOME_ROUTER4, HOME4, ttl=64)))
    packet = forwarded4(left)
    assert (packet[IP].src, packet[IP].ttl) == (HOME4, 63)


@case(must("RFC 5555 §4.2"))
def another_port_of_the_nat_is_followed(right, roamer):
    roamer.care_of, roamer.port_number = NAT4, 61000
    roamer.register(1, told="10.0.0.5")
    roamer.port_number = 61001
    assert roamer.register(2, told="10.0.0.5").destination_port == 61001
    right.send(from_outside())
    assert carrying(right, ICMPv6EchoRequest).destination_port == 61001


@case(must("RFC 5555 §3.2.2"), role="router")
def refresh_time_is_as_configured(lab):
    dual_stack(lab, nat_refresh_time=30.0)
    assert nat_detection_of(Roamer(lab.ports[1], NAT4).register(1, told="10.0.0.5").inner) == (False, 30)


@case(must("RFC 5555 §3.1.3", "RFC 5555 §4.5"))
def udp_is_forced_at_the_mobile_nodes_wish(right, roamer):
    assert nat_detection_of(roamer.register(1, f=True).inner) == (True, NO_NAT)
    right.send(from_outside())
    assert carrying(right, ICMPv6EchoRequest).how == "udp"


@case(must("RFC 5555 §4.5"), role="router")
def udp_that_is_not_accepted_is_refused(lab):
    dual_stack(lab, accept_forced_udp=False)
    roamer = Roamer(lab.ports[1])
    roamer.port.send(roamer.update(1, ipv4_home_address(HOME4), f=True))
    ack = roamer.answer(status=144)
    assert ack.how == "udp" and acknowledgements_of(ack.inner) == []
    roamer.port.send(from_outside())
    carrying_none(roamer.port, ICMPv6EchoRequest)
    roamer.register(2)


@case(must("RFC 5555 §3.2.2", "RFC 5555 §4.3"), role="router")
def home_agent_may_require_udp(lab):
    dual_stack(lab, force_udp=True)
    roamer = Roamer(lab.ports[1])
    assert nat_detection_of(roamer.register().inner) == (True, NO_NAT)
    roamer.port.send(from_outside4(HOME4))
    assert carrying(roamer.port, ICMP, type=8).how == "udp"


@case(must("RFC 5555 §4.5"))
def udp_ends_when_the_nat_is_left(right, roamer):
    roamer.care_of = NAT4
    roamer.register(1, told="10.0.0.5")
    Roamer(right).register(2)
    right.send(from_outside())
    assert carrying(right, ICMPv6EchoRequest).how == "ip"


@case(must("RFC 2473 §8.2"))
def path_mtu_within_a_tunnel_of_udp_is_told_less_the_headers(right, roamer):
    roamer.register(1, f=True)
    right.send(from_outside(data=bytes(1400 - 48)))
    packet = carrying(right, ICMPv6EchoRequest, how="udp")
    error = ICMP(type=3, code=4, nexthopmtu=1400) / Raw(bytes(packet.frame[IP])[:552])
    right.send(roamer.outer(src="203.0.113.1") / error)
    assert expect(right, ICMPv6PacketTooBig).mtu == 1400 - 28
