"""Packets of a mobile node away from home: tunnels, routing headers, options, movement between links (RFC 6275 §11.3,
§11.5)."""

from __future__ import annotations

import pytest
from scapy.layers.inet import UDP
from scapy.layers.inet6 import (
    MIP6MH_BA,
    MIP6MH_BE,
    MIP6MH_BU,
    ICMPv6DestUnreach,
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6ND_NS,
    ICMPv6ND_RS,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrRouting,
    PadN,
)
from scapy.packet import Raw

from kamesim.conformance.cases.mobility._mobile_node import (
    ACCESS,
    CARE_OF,
    CORRESPONDENT,
    HOME,
    HOME_AGENT,
    OTHER_ACCESS,
    OTHER_CARE_OF,
    journey,
)
from kamesim.conformance.exchange import (
    ALL_NODES,
    CLOSED_PORT,
    NODE,
    case,
    echo,
    expect,
    expect_none,
    find,
    ip,
    must,
    na,
    own_layers,
    prefix_information,
    ra,
    should,
    stack,
)
from kamesim.conformance.mobility import (
    binding_ack,
    binding_update,
    ends,
    home_address_of,
    home_address_option,
    inner,
    message,
    no_message,
    type2_route,
)

ROLE = "host"


# --- What it sends: §11.3.1 -------------------------------------------------------------------------------------------


@case(must("RFC 6275 §11.3.1", "RFC 6275 §6.3"))
def home_address_option_stands_before_the_fragment_header(journey):
    journey.register()
    journey.bind_correspondent()
    journey.node.ping(CORRESPONDENT, source=HOME, count=1, size=2000)
    parts = [packet for packet in journey.port.run(1.0) if find(packet, IPv6ExtHdrFragment)]
    assert len(parts) >= 2
    for packet in parts:
        assert ends(packet) == (CARE_OF, CORRESPONDENT) and home_address_of(packet) == HOME
        kinds = [type(layer) for layer in own_layers(packet)]
        assert kinds.index(IPv6ExtHdrDestOpt) < kinds.index(IPv6ExtHdrFragment)
        assert packet[IPv6].plen + 40 <= 1500


@case(must("RFC 6275 §11.3.1", "RFC 2473 §7.1"))
def large_packets_fit_the_reverse_tunnel(journey):
    journey.register()
    journey.node.ping(CORRESPONDENT, source=HOME, count=1, size=2000)
    parts = [packet for packet in journey.port.run(1.0) if find(packet, IPv6ExtHdrFragment)]
    assert len(parts) >= 2
    for packet in parts:
        assert ends(packet) == (CARE_OF, HOME_AGENT) and packet[IPv6].plen + 40 <= 1500


@case(must("RFC 6275 §11.3.1"))
def packets_of_the_care_of_address_go_directly(journey):
    journey.register()
    journey.node.ping(CORRESPONDENT, source=CARE_OF, count=1)
    request = expect(journey.port, ICMPv6EchoRequest)
    assert ends(request) == (CARE_OF, CORRESPONDENT) and home_address_of(request) is None and inner(request) is None


@case(must("RFC 6275 §11.3.1"))
def bindings_with_some_do_not_change_the_way_to_others(journey):
    journey.register()
    journey.bind_correspondent()
    journey.node.ping("2001:db8:e::1", source=HOME, count=1)
    request = expect(journey.port, ICMPv6EchoRequest)
    assert ends(request) == (CARE_OF, HOME_AGENT) and inner(request).dst == "2001:db8:e::1"


@case(must("RFC 6275 §11.3.1"))
def unregistered_node_sends_nothing_with_a_home_address_option_but_updates(journey):
    journey.leave()
    journey.node.ping(CORRESPONDENT, source=HOME, count=1)
    for packet in journey.port.run(3.0):
        assert home_address_of(packet) is None or find(packet, MIP6MH_BU) is not None


@case(must("RFC 6275 §6.3"))
def home_address_option_is_padded_to_its_alignment(journey):
    # 8n+6 (§6.3).
    journey.register()
    journey.bind_correspondent()
    journey.node.ping(CORRESPONDENT, source=HOME, count=1)
    request = expect(journey.port, ICMPv6EchoRequest)
    header = bytes(request[IPv6ExtHdrDestOpt])
    assert header[:2] == bytes([58, 2]) and header[6:8] == bytes([0xC9, 16])


@case(must("RFC 6275 §11.3.1", "RFC 2473 §3.1"))
def reverse_tunnel_starts_with_a_fresh_hop_limit(journey):
    journey.register()
    journey.node.ping(CORRESPONDENT, source=HOME, count=1)
    request = expect(journey.port, ICMPv6EchoRequest)
    assert request[IPv6].hlim == 64 and inner(request).hlim == 64


# --- What it receives: §11.3.3 ----------------------------------------------------------------------------------------


@case(must("RFC 6275 §11.3.3", "RFC 6275 §6.4"))
def routing_header_behind_other_headers_leads_to_the_home_address(journey):
    journey.register()
    journey.bind_correspondent()
    options = IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\x00" * 4)])
    journey.send(CORRESPONDENT, options, type2_route(HOME), echo(b"behind"))
    assert home_address_of(expect(journey.port, ICMPv6EchoReply, data=b"behind")) == HOME


@case(must("RFC 6275 §11.3.3", "RFC 6275 §6.4.1"))
@pytest.mark.parametrize(
    ("address", "left"),
    [(CARE_OF, 1), ("2001:db8:b::2", 1), ("ff02::1", 1), ("::1", 1), (NODE.link_local, 1), (HOME, 3), (HOME, 255)],
)
def routing_header_that_is_not_for_the_home_address_is_discarded(journey, address, left):
    journey.register()
    journey.send(CORRESPONDENT, IPv6ExtHdrRouting(type=2, segleft=left, addresses=[address]), echo(b"no"))
    expect_none(journey.port, ICMPv6EchoReply)
    expect_none(journey.port, ICMPv6EchoRequest)


@case(must("RFC 6275 §11.3.3"))
def routing_header_at_home_leads_to_the_home_address_or_nowhere_else(journey):
    journey.settle()
    journey.send(CORRESPONDENT, type2_route(CORRESPONDENT), echo())
    expect_none(journey.port, ICMPv6EchoRequest)
    expect_none(journey.port, ICMPv6EchoReply)


@case(must("RFC 6275 §11.3.3"))
@pytest.mark.parametrize("outer", ["2001:db8:a::2", CORRESPONDENT, ACCESS.address])
def tunnel_of_another_node_is_not_decapsulated(journey, outer):
    journey.register()
    journey.send_tunnelled(CORRESPONDENT, echo(), outer=outer)
    expect_none(journey.port, ICMPv6EchoReply)


@case(must("RFC 6275 §11.3.3"))
def tunnelled_packet_for_another_address_is_not_passed_on(journey):
    journey.register()
    journey.send(HOME_AGENT, IPv6(src=CORRESPONDENT, dst="2001:db8:e::1"), echo())
    expect_none(journey.port, ICMPv6EchoRequest)
    expect_none(journey.port, ICMPv6EchoReply)


@case(must("RFC 6275 §11.3.3", "RFC 4443 §2.2"))
def error_about_a_tunnelled_datagram_goes_by_the_tunnel(journey):
    journey.register()
    journey.send_tunnelled(CORRESPONDENT, UDP(sport=4000, dport=CLOSED_PORT), Raw(b"data"))
    error = expect(journey.port, ICMPv6DestUnreach, code=4)
    assert ends(error) == (CARE_OF, HOME_AGENT) and (inner(error).src, inner(error).dst) == (HOME, CORRESPONDENT)


@case(must("RFC 6275 §6.3", "RFC 6275 §9.3.1"))
def home_address_option_of_a_stranger_is_a_binding_error(journey):
    journey.register()
    journey.send("2001:db8:e::7", home_address_option("2001:db8:f::7"), echo())
    message(journey.port, MIP6MH_BE, status=1, ha="2001:db8:f::7")


# --- Movement: §11.5 --------------------------------------------------------------------------------------------------


@case(must("RFC 6275 §11.5.1"))
def further_advertisements_of_the_same_router_are_no_movement(journey):
    journey.register()
    for _ in range(5):
        journey.settle(1.0)
        journey.advertise("visited")
    no_message(journey.port, MIP6MH_BU, 10.0)


@case(should("RFC 6275 §11.5.1"))
def second_router_of_the_link_is_no_movement(journey):
    journey.register()
    second = prefix_information("2001:db8:b1::")
    journey.port.send(ra(second, source="fe80::b1", lladdr="02:00:00:00:00:b1"))
    no_message(journey.port, MIP6MH_BU, 10.0)
    assert journey.node.mobile_ip.care_of == CARE_OF


@case(must("RFC 6275 §11.5.1", "RFC 6275 §11.5.3"))
def router_that_ceases_to_be_one_is_left_for_another(journey):
    journey.register()
    second = prefix_information("2001:db8:b1::")
    journey.port.send(ra(second, source="fe80::b1", lladdr="02:00:00:00:00:b1"))
    journey.settle(3.0)
    gone = prefix_information("2001:db8:b::")
    journey.port.send(ra(gone, source=ACCESS.link_local, lladdr=ACCESS.mac, lifetime=0))
    update = message(journey.port, MIP6MH_BU, within=5.0, to=HOME_AGENT)
    assert ends(update)[0] == "2001:db8:b1::ff:fe00:1"


@case(must("RFC 6275 §11.5.1"))
def router_with_the_same_link_local_address_on_another_link_is_another(journey):
    journey.register()
    journey.settle()
    journey.port = journey.ports["other"]
    journey.node.move("other")
    expect(journey.port, ICMPv6ND_RS, within=2.0)
    prefix = prefix_information("2001:db8:c::")
    journey.port.answers[ACCESS.link_local] = OTHER_ACCESS.mac
    journey.port.send(ra(prefix, source=ACCESS.link_local, lladdr=OTHER_ACCESS.mac))
    update = message(journey.port, MIP6MH_BU, within=4.0)
    assert ends(update) == (OTHER_CARE_OF, HOME_AGENT)


@case(must("RFC 6275 §11.5.3", "RFC 6275 §11.8"))
def no_more_than_max_update_rate_updates_a_second(journey):
    journey.register()
    times = []
    for turn in range(8):
        journey.node.move("other" if turn % 2 == 0 else "visited")
        for name in ("other", "visited"):
            journey.advertise(name)
        times += [p.time for name in ("other", "visited") for p in journey.ports[name].run(0.1) if find(p, MIP6MH_BU)]
    times += [p.time for name in ("other", "visited") for p in journey.ports[name].run(4.0) if find(p, MIP6MH_BU)]
    times.sort()
    assert all(times[n + 3] - times[n] >= 1.0 - 1e-6 for n in range(len(times) - 3))


@case(must("RFC 6275 §11.5.1"))
def link_that_nobody_advertises_is_solicited_and_nothing_registered(journey):
    journey.register()
    journey.settle()
    journey.port = journey.ports["other"]
    journey.node.move("other")
    solicitations = [p for p in journey.port.run(20.0) if find(p, ICMPv6ND_RS)]
    assert len(solicitations) >= 3
    assert not [p for p in journey.port.run(20.0) if find(p, MIP6MH_BU)]


@case(must("RFC 6275 §11.5.2"))
def moving_from_link_to_link_never_means_home(journey):
    for name in ("visited", "other", "visited"):
        update = journey.register(name)
        assert update[MIP6MH_BU].mhtime > 0 and journey.node.mobile_ip.location == "foreign"
        journey.settle()


@case(must("RFC 6275 §11.5.3"))
def care_of_address_that_is_a_duplicate_is_not_registered(journey):
    journey.settle()
    journey.move("visited")
    expect(journey.port, ICMPv6ND_NS, within=2.0, tgt=CARE_OF)
    macs = {"from_mac": ACCESS.mac, "lladdr": ACCESS.mac}
    journey.port.send(na(CARE_OF, source=CARE_OF, destination=ALL_NODES, solicited=0, **macs))
    for packet in journey.port.run(10.0):
        assert find(packet, MIP6MH_BU) is None or ends(packet)[0] != CARE_OF


@case(must("RFC 6275 §11.5.1"))
@pytest.mark.parametrize("mistake", ["hop limit", "source"])
def advertisement_that_is_not_valid_is_no_movement(journey, mistake):
    journey.settle()
    journey.port = journey.ports["visited"]
    journey.node.move("visited")
    expect(journey.port, ICMPv6ND_RS, within=2.0)
    prefix = prefix_information("2001:db8:b::")
    if mistake == "hop limit":
        journey.port.send(ra(prefix, source=ACCESS.link_local, lladdr=ACCESS.mac, hop_limit=64))
    else:
        journey.port.send(ra(prefix, source=ACCESS.address, lladdr=ACCESS.mac))
    no_message(journey.port, MIP6MH_BU, 10.0)


@case(must("RFC 6275 §11.5.3"))
def packets_to_the_previous_care_of_address_do_not_find_the_node(journey):
    # It has left that link: the address is gone with it.
    journey.register()
    journey.register("other")
    packet = stack(ip(CARE_OF, source=CORRESPONDENT, from_mac=OTHER_ACCESS.mac), echo())
    journey.port.send(packet)
    for came in journey.port.run(1.0):
        assert find(came, ICMPv6EchoReply) is None or ends(came)[0] == CARE_OF


@case(must("RFC 6275 §8.2", "RFC 6275 §10.3.1"))
def mobile_node_is_no_home_agent(journey):
    journey.register()
    journey.send("2001:db8:f::7", home_address_option("2001:db8:e::7"), binding_update(1, flags="HA"))
    message(journey.port, MIP6MH_BA, status=131)


# --- Home: §11.5.5 ----------------------------------------------------------------------------------------------------


@case(must("RFC 6275 §11.5.5"))
def home_without_a_registration_is_tested_for_duplicates(journey):
    # It left, was never acknowledged for long, and all its updates have expired.
    update = journey.leave()
    journey.send(HOME_AGENT, type2_route(HOME), binding_ack(update[MIP6MH_BU].seq, status=134, lifetime=0))
    journey.settle(430.0)
    journey.move("home")
    expect(journey.port, ICMPv6ND_NS, within=5.0, tgt=HOME)


@case(must("RFC 6275 §11.5.5"))
@pytest.mark.parametrize("attempts", [2, 4])
def deregistration_backs_off_until_it_is_acknowledged(journey, attempts):
    journey.register()
    times = [journey.deregister().time]
    for _ in range(attempts):
        times.append(message(journey.port, MIP6MH_BU, within=20.0, to=HOME_AGENT).time)
    waits = [later - earlier for earlier, later in zip(times, times[1:])]
    assert waits == pytest.approx([1.0, 2.0, 4.0, 8.0][:attempts], abs=0.01)


@case(must("RFC 6275 §11.5.5"))
def leaving_again_before_the_acknowledgement_registers_anew(journey):
    journey.register()
    home = journey.deregister()
    journey.move("other")
    update = message(journey.port, MIP6MH_BU, within=4.0, to=HOME_AGENT)
    assert ends(update) == (OTHER_CARE_OF, HOME_AGENT) and update[MIP6MH_BU].mhtime > 0
    assert update[MIP6MH_BU].seq != home[MIP6MH_BU].seq


@case(must("RFC 6275 §11.5.5"))
def refusal_of_a_deregistration_for_want_of_a_binding_ends_it(journey):
    journey.register()
    update = journey.deregister()
    journey.send(HOME_AGENT, binding_ack(update[MIP6MH_BU].seq, status=133, lifetime=0))
    no_message(journey.port, MIP6MH_BU, 30.0)


@case(must("RFC 6275 §11.5.5"))
def tunnel_is_not_accepted_at_home(journey):
    journey.register()
    update = journey.deregister()
    journey.send(HOME_AGENT, binding_ack(update[MIP6MH_BU].seq, lifetime=0))
    journey.settle()
    journey.send(HOME_AGENT, IPv6(src=CORRESPONDENT, dst=HOME), echo())
    expect_none(journey.port, ICMPv6EchoReply)


@case(must("RFC 6275 §11.5.5"))
def round_trips_go_on_counting_sequence_numbers(journey):
    numbers = []
    for _ in range(3):
        numbers.append(journey.register()[MIP6MH_BU].seq)
        update = journey.deregister()
        numbers.append(update[MIP6MH_BU].seq)
        journey.send(HOME_AGENT, binding_ack(update[MIP6MH_BU].seq, lifetime=0))
        journey.settle()
    assert numbers == [numbers[0] + n & 0xFFFF for n in range(6)]
