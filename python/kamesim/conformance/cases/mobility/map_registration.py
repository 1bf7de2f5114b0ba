"""Local Binding Updates as a Mobility Anchor Point takes them (RFC 5380 §6.2)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import MIP6MH_BA, ICMPv6EchoRequest, ICMPv6ND_NA, ICMPv6ND_NS, IPv6

from kamesim.conformance.cases.mobility._map import (
    LCOA,
    MAP,
    OTHER_LCOA,
    RCOA,
    anchor_point,
    local_update,
    mobile,
    register,
    router,
    visiting,
)
from kamesim.conformance.exchange import (
    ALL_NODES,
    case,
    echo_request,
    expect,
    expect_dropped,
    expect_none,
    may,
    must,
    na,
    ns,
    solicited_node,
)
from kamesim.conformance.mobility import alternate_care_of, binding_update, ends, message, no_message, routed_to

ROLE = "router"


@case(must("RFC 5380 §6.2", "RFC 6275 §10.3.1"))
def rcoa_is_tested_before_the_acknowledgement(left, right, mobile):
    right.send(local_update(mobile, 7))
    probe = expect(left, ICMPv6ND_NS, tgt=RCOA)
    assert ends(probe) == ("::", solicited_node(RCOA)) and probe[IPv6].hlim == 255
    ack = message(right, MIP6MH_BA, within=3.0, seq=7, status=0, mhtime=105)
    assert ack.time - probe.time >= 1.0, "RetransTimer"


@case(must("RFC 5380 §6.2"))
def acknowledgement_has_a_routing_header_with_the_rcoa(mobile):
    ack = register(mobile)
    assert ends(ack) == (MAP, LCOA) and routed_to(ack) == RCOA


@case(must("RFC 5380 §6.2", "RFC 6275 §10.3.1"))
def duplicate_rcoa_is_rejected(left, right, mobile):
    right.send(local_update(mobile))
    expect(left, ICMPv6ND_NS, tgt=RCOA)
    left.send(na(RCOA, source=RCOA, destination=ALL_NODES, solicited=0))
    ack = message(right, MIP6MH_BA, within=3.0, status=134)
    assert routed_to(ack) == RCOA
    expect_none(left, ICMPv6ND_NA, tgt=RCOA)


@case(must("RFC 5380 §6.2", "RFC 6275 §10.3.1"))
def rcoa_of_another_subnet_is_rejected(right):
    right.send(local_update(visiting(right, rcoa="2001:db8:9::42")))
    message(right, MIP6MH_BA, status=132)


@case(must("RFC 5380 §6.2", "RFC 6275 §9.5.1"))
def stale_sequence_number_is_told_the_last_one(right, mobile):
    register(mobile, 10)
    for stale in (10, 9):
        right.send(local_update(mobile, stale))
        message(right, MIP6MH_BA, status=135, seq=10)


@case(must("RFC 5380 §6.2"))
def new_lcoa_moves_the_tunnel_at_once(left, right, mobile):
    register(mobile, 1)
    left.run(2.0)
    mobile.care_of = OTHER_LCOA
    start = right.now
    ack = register(mobile, 2)
    assert ack.time - start < 0.1 and ends(ack) == (MAP, OTHER_LCOA)
    expect_none(left, ICMPv6ND_NS, tgt=RCOA)
    left.send(echo_request(RCOA))
    assert ends(expect(right, ICMPv6EchoRequest)) == (MAP, OTHER_LCOA)


@case(must("RFC 5380 §6.2", "RFC 6275 §10.3.1"))
@pytest.mark.parametrize(("asked", "granted"), [(40, 40), (400, 100)])
def lifetime_is_limited_by_policy_and_by_what_was_asked_for(lab, asked, granted):
    anchor_point(lab, max_lifetime=100.0)
    assert register(visiting(lab.ports[1]), lifetime=asked)[MIP6MH_BA].mhtime == granted // 4


@case(must("RFC 5380 §6.2", "RFC 6275 §10.3.1"))
def binding_ends_with_its_lifetime(left, right, mobile):
    register(mobile, lifetime=40)
    left.run(38.0)
    left.send(ns(RCOA))
    expect(left, ICMPv6ND_NA, tgt=RCOA)
    left.run(3.0)
    left.send(ns(RCOA), echo_request(RCOA))
    expect_none(left, ICMPv6ND_NA, tgt=RCOA)
    expect_none(right, ICMPv6EchoRequest)


@case(must("RFC 5380 §6.2", "RFC 6275 §10.3.2"))
def lifetime_of_zero_ends_the_binding(left, right, mobile):
    register(mobile, 1)
    right.send(local_update(mobile, 2, lifetime=0))
    ack = message(right, MIP6MH_BA, status=0, seq=2, mhtime=0)
    assert ends(ack) == (MAP, LCOA) and routed_to(ack) == RCOA
    left.run(2.0)
    left.send(ns(RCOA))
    expect_none(left, ICMPv6ND_NA, tgt=RCOA)


@case(must("RFC 5380 §6.2", "RFC 6275 §10.3.2"))
def end_of_a_binding_that_is_not_there_is_rejected(right, mobile):
    right.send(local_update(mobile, lifetime=0))
    message(right, MIP6MH_BA, status=133)


@case(may("RFC 5380 §6.2"))
def lcoa_outside_the_valid_prefixes_is_prohibited(lab):
    anchor_point(lab, on_link_prefixes=["2001:db8:b::/64"])
    right = lab.ports[1]
    right.send(local_update(visiting(right, lcoa=OTHER_LCOA)))
    ack = message(right, MIP6MH_BA, status=129)
    assert routed_to(ack) == RCOA
    register(visiting(right))


@case(must("RFC 5380 §4"))
def update_without_m_is_none_of_the_map(left, right, mobile):
    # Without H it would be a correspondent registration, and without an authenticator that is discarded.
    right.send(local_update(mobile, flags="A"))
    expect_none(left, ICMPv6ND_NS, tgt=RCOA)
    no_message(right, MIP6MH_BA, 2.0)


@case(must("RFC 5380 §4"))
def home_registration_is_not_supported_by_a_map(left, right, mobile):
    right.send(local_update(mobile, flags="AH"))
    message(right, MIP6MH_BA, status=131)
    expect_none(left, ICMPv6ND_NS, tgt=RCOA)


@case(must("RFC 5380 §4"))
def update_without_a_is_discarded(router, left, right, mobile):
    right.send(local_update(mobile, flags="M"))
    no_message(right, MIP6MH_BA, 3.0)
    expect_dropped(router, "hmip6.bu_map_without_acknowledge")


@case(must("RFC 5380 §4"))
def update_with_both_m_and_h_is_discarded(router, left, right, mobile):
    right.send(local_update(mobile, flags="AMH"))
    no_message(right, MIP6MH_BA, 3.0)
    expect_dropped(router, "hmip6.bu_map_and_home_registration")


@case(must("RFC 5380 §6.1", "RFC 6275 §10.3.1"))
def update_without_a_home_address_option_is_rejected(right, mobile):
    """Its source is taken for the home address, and is on no link of the MAP's."""
    right.send(mobile.directly(binding_update(1, flags="AM")))
    message(right, MIP6MH_BA, within=3.0, seq=1, status=132)


@case(must("RFC 6275 §9.5.1"))
@pytest.mark.parametrize("lcoa", ["fe80::42", "ff02::1"])
def alternate_care_of_address_that_is_not_routable_is_discarded(right, mobile, lcoa):
    right.send(local_update(mobile, 1, alternate_care_of(lcoa)))
    no_message(right, MIP6MH_BA, 3.0)


@case(must("RFC 5380 §6.2"))
def two_mobile_nodes_have_bindings_of_their_own(left, right, mobile):
    register(mobile)
    other = visiting(right, rcoa="2001:db8:1::43", lcoa=OTHER_LCOA)
    register(other)
    left.run(2.0)
    for rcoa, lcoa in ((RCOA, LCOA), (other.home, OTHER_LCOA)):
        left.send(echo_request(rcoa))
        assert ends(expect(right, ICMPv6EchoRequest)) == (MAP, lcoa)


@case(must("RFC 5380 §10"))
def reboot_loses_the_bindings(router, left, right, mobile):
    # "If a MAP fails, its binding cache content will be lost"; the mobile node may bind again.
    register(mobile, 9)
    router.reboot()
    left.run(5.0)
    right.inbox.clear()
    left.send(ns(RCOA))
    expect_none(left, ICMPv6ND_NA, tgt=RCOA)
    register(mobile, 3)
