"""The packets of a Mobile Network: the bi-directional tunnel and its checks (RFC 3963 §3, §5.5, §8, §9)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6PacketTooBig, ICMPv6TimeExceeded, IPv6
from scapy.packet import Raw

from kamesim.conformance.cases.mobility._mobile_router import (
    CARE_OF,
    CORRESPONDENT,
    HOME,
    HOME_AGENT,
    INGRESS,
    INSIDER,
    OTHER_CARE_OF,
    bus,
)
from kamesim.conformance.exchange import case, echo, expect, expect_dropped, expect_none, ip, must, should, stack
from kamesim.conformance.mobility import ends, inner

ROLE = "router"


# --- Out of the Mobile Network ----------------------------------------------------------------------------------------


@case(must("RFC 3963 §3", "RFC 3963 §5.5"))
def packet_of_the_mobile_network_is_tunnelled_to_the_home_agent(bus):
    bus.register()
    bus.from_inside(hlim=64)
    packet = bus.tunnels()
    assert (inner(packet).src, inner(packet).dst, inner(packet).hlim) == (INSIDER.address, CORRESPONDENT, 63)


@case(must("RFC 3963 §5.5", "RFC 2473 §6.3"))
def tunnel_packet_has_the_hop_limit_of_a_router(bus):
    bus.register()
    bus.from_inside(hlim=7)
    assert bus.tunnels()[IPv6].hlim == 64


@case(must("RFC 3963 §5.5"))
def packet_to_a_node_on_the_visited_link_is_tunnelled_too(bus):
    bus.register()
    bus.from_inside("2001:db8:b::77")
    bus.tunnels("2001:db8:b::77")


@case(must("RFC 3963 §5.5"))
def packet_to_the_home_link_is_tunnelled_too(bus):
    bus.register()
    bus.from_inside("2001:db8:a::77")
    bus.tunnels()


@case(must("RFC 3963 §5.5"))
def tunnel_moves_with_the_mobile_router(bus):
    bus.register()
    bus.register("other")
    bus.from_inside()
    assert ends(bus.tunnels()) == (OTHER_CARE_OF, HOME_AGENT)


@case(must("RFC 3963 §5.3"))
def tunnel_rests_between_the_links(bus):
    bus.register()
    bus.leave("other")
    bus.from_inside()
    expect_none(bus.port, ICMPv6EchoRequest)


@case(must("RFC 2473 §7.1"))
def packet_that_the_tunnel_cannot_carry_is_answered_by_packet_too_big(bus):
    bus.register()
    bus.from_inside(data=b"x" * 1440)
    assert expect(bus.inside, ICMPv6PacketTooBig)[ICMPv6PacketTooBig].mtu == 1460


@case(must("RFC 8200 §3"))
def hop_limit_ends_at_the_mobile_router(bus):
    bus.register()
    bus.from_inside(hlim=1)
    error = expect(bus.inside, ICMPv6TimeExceeded)
    assert error[IPv6].dst == INSIDER.address


@case(should("RFC 3963 §9"))
@pytest.mark.parametrize("source", ["2001:db8:d::77", "2001:db8:b::77", HOME])
def source_beyond_the_mobile_network_is_discarded(bus, source):
    bus.register()
    bus.from_inside(source=source)
    expect_none(bus.port, ICMPv6EchoRequest)
    expect_dropped(bus.node, "nemo.source_not_in_mobile_network")


@case(should("RFC 3963 §9"))
def source_that_is_the_mobile_routers_own_is_discarded(bus):
    bus.register()
    bus.from_inside(source=INGRESS.address)
    expect_none(bus.port, ICMPv6EchoRequest)
    expect_dropped(bus.node, "nemo.source_not_in_mobile_network")


@case(should("RFC 3963 §9"))
def ingress_filtering_holds_at_home_too(bus):
    bus.from_inside(source="2001:db8:d::77", destination="2001:db8:a::77")
    expect_none(bus.port, ICMPv6EchoRequest)
    expect_dropped(bus.node, "nemo.source_not_in_mobile_network")


@case(must("RFC 4007 §9"))
def link_local_source_is_not_forwarded(bus):
    bus.register()
    bus.from_inside(source=INSIDER.link_local)
    expect_none(bus.port, ICMPv6EchoRequest)


# --- Into the Mobile Network ------------------------------------------------------------------------------------------


@case(must("RFC 3963 §3", "RFC 3963 §5.5"))
def packet_out_of_the_tunnel_is_forwarded_into_the_mobile_network(bus):
    bus.register()
    bus.send_tunnelled(echo(b"for the insider"), hlim=20)
    packet = expect(bus.inside, ICMPv6EchoRequest, data=b"for the insider")
    assert ends(packet) == (CORRESPONDENT, INSIDER.address) and packet[IPv6].hlim == 19
    assert inner(packet) is None


@case(must("RFC 3963 §3"))
@pytest.mark.parametrize("outer", [CORRESPONDENT, "2001:db8:a::2", "2001:db8:b::1"])
def tunnel_packet_of_another_than_the_home_agent_is_discarded(bus, outer):
    bus.register()
    bus.send_tunnelled(echo(), outer=outer)
    expect_none(bus.inside, ICMPv6EchoRequest)
    expect_dropped(bus.node, "tunnel.unknown_peer")


@case(must("RFC 3963 §3"))
@pytest.mark.parametrize("destination", ["2001:db8:d::77", "2001:db8:f::1", "2001:db8:b::77"])
def inner_destination_beyond_the_mobile_network_is_discarded(bus, destination):
    bus.register()
    bus.send_tunnelled(echo(), dst=destination)
    for port in (bus.inside, bus.port):
        expect_none(port, ICMPv6EchoRequest, within=0.5)
    expect_dropped(bus.node, "nemo.destination_not_in_mobile_network")


@case(must("RFC 3963 §5.5", "RFC 3963 §5.6"))
def packet_that_comes_without_the_tunnel_is_discarded(bus):
    bus.register()
    direct = ip(INSIDER.address, source=CORRESPONDENT, from_mac=bus.ends["visited"].mac)
    bus.port.send(stack(direct, echo()))
    expect_none(bus.inside, ICMPv6EchoRequest)
    expect_dropped(bus.node, "nemo.not_by_tunnel")


@case(must("RFC 3963 §5.6"))
def transit_on_the_visited_link_is_not_forwarded(bus):
    bus.register()
    bus.port.send(stack(ip("2001:db8:c::5", source=CORRESPONDENT, from_mac=bus.ends["visited"].mac), echo()))
    expect_none(bus.port, ICMPv6EchoRequest)
    expect_dropped(bus.node, "nemo.not_by_tunnel")


@case(must("RFC 6275 §11.3.2"))
def packet_to_the_home_address_comes_by_the_tunnel(bus):
    bus.register()
    bus.send_tunnelled(echo(b"to the router"), dst=HOME)
    reply = expect(bus.port, ICMPv6EchoReply, data=b"to the router")
    assert ends(reply) == (CARE_OF, HOME_AGENT) and inner(reply).src == HOME


@case(must("RFC 3963 §5"))
def mobile_router_answers_as_the_address_in_its_network(bus):
    bus.register()
    bus.send_tunnelled(echo(b"to the ingress"), dst=INGRESS.address)
    reply = expect(bus.port, ICMPv6EchoReply, data=b"to the ingress")
    assert ends(reply) == (CARE_OF, HOME_AGENT) and inner(reply).src == INGRESS.address


@case(must("RFC 6275 §11.3.1"))
def mobile_router_answers_as_its_care_of_address_without_a_tunnel(bus):
    bus.register()
    bus.send(CORRESPONDENT, echo(b"to the care-of address"))
    reply = expect(bus.port, ICMPv6EchoReply, data=b"to the care-of address")
    assert ends(reply) == (CARE_OF, CORRESPONDENT) and inner(reply) is None


@case(must("RFC 3963 §8"))
def link_local_packet_in_the_tunnel_is_not_forwarded(bus):
    bus.register()
    bus.send_tunnelled(echo(), src="fe80::77")
    expect_none(bus.inside, ICMPv6EchoRequest)


@case(must("RFC 3963 §3", "RFC 2473 §3.3"))
def nodes_behind_may_tunnel_themselves(bus):
    bus.register()
    nested = IPv6(src="2001:db8:5::1", dst="2001:db8:6::1") / echo(b"nested")
    bus.inside.send(stack(ip(CORRESPONDENT, source=INSIDER.address, to_mac=INGRESS.mac, from_mac=INSIDER.mac), nested))
    packet = expect(bus.port, ICMPv6EchoRequest, data=b"nested")
    assert ends(packet) == (CARE_OF, HOME_AGENT) and inner(packet).src == INSIDER.address


# --- At home ----------------------------------------------------------------------------------------------------------


@case(must("RFC 3963 §5.8"))
def at_home_packets_pass_without_a_tunnel(bus):
    bus.from_inside()
    packet = expect(bus.port, ICMPv6EchoRequest)
    assert ends(packet) == (INSIDER.address, CORRESPONDENT) and packet.dst == bus.ends["home"].mac
    here = ip(INSIDER.address, source=CORRESPONDENT, from_mac=bus.ends["home"].mac)
    bus.port.send(stack(here, echo(b"inwards")))
    expect(bus.inside, ICMPv6EchoRequest, data=b"inwards")


@case(must("RFC 3963 §5.8"))
def tunnel_ends_with_the_return_home(bus):
    bus.register()
    bus.move("home")
    bus.update()
    bus.port.run(2.0)
    bus.from_inside()
    assert ends(expect(bus.port, ICMPv6EchoRequest)) == (INSIDER.address, CORRESPONDENT)
    bus.send_tunnelled(echo(b"late"))
    expect_none(bus.inside, ICMPv6EchoRequest)


@case(must("RFC 2473 §3.3"))
def payload_passes_unchanged(bus):
    bus.register()
    macs = {"to_mac": INGRESS.mac, "from_mac": INSIDER.mac}
    packet = ip(CORRESPONDENT, source=INSIDER.address, nh=253, tc=0x28, fl=0xABCDE, **macs)
    bus.inside.send(stack(packet, Raw(b"of an unknown protocol")))
    for frame in bus.port.frames(1.0):
        if inner(frame) is not None:
            header = inner(frame)
            assert (header.nh, header.tc, header.fl) == (253, 0x28, 0xABCDE)
            assert bytes(header.payload) == b"of an unknown protocol"
            return
    raise AssertionError("nothing came out of the tunnel")
