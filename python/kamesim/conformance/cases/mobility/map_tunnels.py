"""What a Mobility Anchor Point does with packets (RFC 5380 §6.2)."""

from __future__ import annotations

from scapy.layers.inet6 import MIP6MH_BA, MIP6MH_BU, ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6ND_NA, IPv6

from kamesim.conformance.cases.mobility._map import (
    CORRESPONDENT,
    LCOA,
    MAP,
    OTHER_LCOA,
    RCOA,
    from_outside,
    from_rcoa,
    local_update,
    mobile,
    register,
    router,
    tunnelled,
    visiting,
)
from kamesim.conformance.exchange import (
    ALL_NODES,
    NODE,
    NODE_RIGHT,
    TESTER,
    TESTER_RIGHT,
    case,
    echo,
    echo_request,
    expect,
    expect_dropped,
    expect_none,
    ip,
    must,
    ns,
    stack,
)
from kamesim.conformance.mobility import binding_update, ends, home_address_option, inner, message, routed_to

ROLE = "router"


@case(must("RFC 5380 §6.2", "RFC 6275 §10.4.1"))
def rcoa_is_advertised_to_all_nodes(left, mobile):
    register(mobile)
    advertisement = expect(left, ICMPv6ND_NA, tgt=RCOA)
    assert advertisement[IPv6].dst == ALL_NODES and advertisement[ICMPv6ND_NA].O == 1


@case(must("RFC 5380 §6.2"))
def rcoa_is_defended_by_proxy(left, mobile):
    register(mobile)
    left.run(2.0)
    left.send(ns(RCOA))
    answer = expect(left, ICMPv6ND_NA, tgt=RCOA)
    assert answer.src == NODE.mac and answer[ICMPv6ND_NA].S == 1


@case(must("RFC 5380 §6.2"))
def packet_for_the_rcoa_is_tunnelled_to_the_lcoa(left, right, mobile):
    register(mobile)
    left.send(echo_request(RCOA, b"to the mobile node", hlim=64))
    packet = expect(right, ICMPv6EchoRequest, data=b"to the mobile node")
    assert ends(packet) == (MAP, LCOA)
    assert (inner(packet).src, inner(packet).dst, inner(packet).hlim) == (TESTER.address, RCOA, 63)


@case(must("RFC 5380 §6.2"))
def packet_from_outside_is_tunnelled_too(right, mobile):
    register(mobile)
    right.send(from_outside(RCOA))
    packet = expect(right, ICMPv6EchoRequest)
    assert ends(packet) == (MAP, LCOA) and (inner(packet).src, inner(packet).dst) == (CORRESPONDENT, RCOA)


@case(must("RFC 5380 §6.1", "RFC 5380 §6.3"))
def what_the_home_agent_tunnels_is_not_modified(left, right, mobile):
    # "the MAP does not modify the contents of the original packet".
    register(mobile)
    home_agent, home = "2001:db8:e::1", "2001:db8:e::100"
    packet = IPv6(src=CORRESPONDENT, dst=home) / echo(b"in two tunnels")
    right.send(stack(ip(RCOA, source=home_agent, to_mac=NODE_RIGHT.mac, from_mac=TESTER_RIGHT.mac), packet))
    out = expect(right, ICMPv6EchoRequest, data=b"in two tunnels")
    assert ends(out) == (MAP, LCOA) and (inner(out).src, inner(out).dst) == (home_agent, RCOA)


@case(must("RFC 5380 §6.2"))
def tunnel_from_the_mobile_node_leads_anywhere(left, right, mobile):
    register(mobile)
    for destination, port in ((TESTER.address, left), (CORRESPONDENT, right)):
        right.send(tunnelled(from_rcoa(destination)))
        packet = expect(port, ICMPv6EchoRequest)
        assert ends(packet) == (RCOA, destination) and inner(packet) is None


@case(must("RFC 5380 §6.2", "RFC 5380 §6.1"))
def binding_update_to_a_home_agent_passes_the_tunnel(right, mobile):
    # The RCoA is the care-of address, in the source address field.
    register(mobile)
    update = IPv6(src=RCOA, dst=CORRESPONDENT) / home_address_option("2001:db8:e::100") / binding_update(5, flags="AH")
    right.send(tunnelled(update))
    assert ends(message(right, MIP6MH_BU, to=CORRESPONDENT, seq=5)) == (RCOA, CORRESPONDENT)


@case(must("RFC 5380 §6.2"))
def tunnel_leads_to_the_map_itself(right, mobile):
    register(mobile)
    right.send(tunnelled(from_rcoa(MAP)))
    reply = expect(right, ICMPv6EchoReply)
    assert reply[IPv6].dst == LCOA and routed_to(reply) == RCOA


@case(must("RFC 5380 §6.2", "RFC 6275 §10.4.5"))
def tunnel_is_for_the_rcoa_alone(router, right, mobile):
    register(mobile)
    right.send(tunnelled(from_rcoa(CORRESPONDENT, source="2001:db8:1::666")))
    expect_none(right, ICMPv6EchoRequest)
    expect_dropped(router, "tunnel.inner_source_not_allowed")


@case(must("RFC 5380 §6.2", "RFC 6275 §10.4.5"))
def tunnel_starts_at_the_lcoa(right, mobile):
    register(mobile)
    right.send(tunnelled(from_rcoa(CORRESPONDENT), source=OTHER_LCOA))
    expect_none(right, ICMPv6EchoRequest)


@case(must("RFC 5380 §6.2"))
def tunnel_from_the_former_lcoa_is_closed(right, mobile):
    register(mobile, 1)
    mobile.care_of = OTHER_LCOA
    register(mobile, 2)
    right.send(tunnelled(from_rcoa(CORRESPONDENT)))
    expect_none(right, ICMPv6EchoRequest)


@case(must("RFC 5380 §8"))
def previous_map_forwards_to_an_lcoa_elsewhere(left, right, mobile):
    register(mobile, 1)
    mobile.care_of = OTHER_LCOA
    register(mobile, 2, lifetime=60)
    left.run(2.0)
    left.send(echo_request(RCOA))
    assert ends(expect(right, ICMPv6EchoRequest)) == (MAP, OTHER_LCOA)


@case(must("RFC 5380 §6.2"))
def without_a_binding_nothing_is_intercepted(left, right, mobile):
    left.send(echo_request(RCOA))
    expect_none(right, ICMPv6EchoRequest)


@case(must("RFC 5380 §6.1"))
def rcoa_is_no_care_of_address_of_another_rcoa(right, mobile):
    # §6.1: "MUST NOT use one RCoA as a care-of address in its binding update to another MAP".
    register(mobile)
    right.send(local_update(visiting(right, rcoa="2001:db8:1::43", lcoa=RCOA)))
    message(right, MIP6MH_BA, within=3.0, status=174)
