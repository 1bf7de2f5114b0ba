"""Registration with a home agent, and its end (RFC 6275 §10.3)."""

from __future__ import annotations

from scapy.layers.inet6 import MIP6MH_BA, ICMPv6EchoRequest, ICMPv6ND_NA, ICMPv6ND_NS, IPv6

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
    register,
    registration,
    router,
    tunnelled,
)
from kamesim.conformance.exchange import (
    ALL_NODES,
    case,
    dad_ns,
    echo_request,
    expect,
    expect_none,
    ip,
    must,
    na,
    ns,
    solicited_node,
)
from kamesim.conformance.mobility import binding_update, ends, is_signed, message, no_message, nonce_indices, routed_to


HOME_MAC = "02:00:00:00:01:00"  # of the mobile node when it is at home


# --- Registration: §10.3.1 --------------------------------------------------------------------------------------------


@case(must("RFC 6275 §10.3.1"))
def home_address_is_tested_before_the_acknowledgement(left, right, mobile):
    start = right.now
    right.send(registration(mobile, 7))
    probe = expect(left, ICMPv6ND_NS, tgt=HOME)
    assert ends(probe) == ("::", solicited_node(HOME)) and probe[IPv6].hlim == 255
    ack = message(right, MIP6MH_BA, within=3.0, seq=7, status=0, mhtime=105)
    assert ack.time - probe.time >= 1.0, "RetransTimer"
    assert ack.time - start < 2.5, "and a delay below MAX_RTR_SOLICITATION_DELAY (RFC 4862 §5.4.2)"
    assert ends(ack) == (HOME_AGENT, CARE_OF) and routed_to(ack) == HOME


@case(must("RFC 6275 §10.3.1"))
def acknowledgement_does_not_depend_on_the_a_bit(mobile):
    register(mobile, flags="H")


@case(must("RFC 6275 §10.3.1"), role="router")
def lifetime_is_limited_by_local_policy(lab):
    home_agent(lab, max_lifetime=100.0)
    assert register(away(lab.ports[1]))[MIP6MH_BA].mhtime == 25


@case(must("RFC 6275 §10.3.1"))
def lifetime_is_not_beyond_what_was_asked_for(mobile):
    assert register(mobile, lifetime=40)[MIP6MH_BA].mhtime == 10


@case(must("RFC 6275 §10.3.1"))
def duplicate_home_address_is_rejected(left, right, mobile):
    right.send(registration(mobile))
    expect(left, ICMPv6ND_NS, tgt=HOME)
    left.send(na(HOME, source=HOME, destination=ALL_NODES, solicited=0))
    ack = message(right, MIP6MH_BA, within=3.0, status=134)
    assert ends(ack) == (HOME_AGENT, CARE_OF) and routed_to(ack) == HOME
    expect_none(left, ICMPv6ND_NA, tgt=HOME)


@case(must("RFC 4862 §5.4.3"))
def home_address_that_another_node_tests_too_is_a_duplicate(left, right, mobile):
    right.send(registration(mobile))
    expect(left, ICMPv6ND_NS, tgt=HOME)
    left.send(dad_ns(HOME))
    message(right, MIP6MH_BA, within=3.0, status=134)


@case(must("RFC 6275 §10.3.1"))
def home_address_of_another_subnet_is_rejected(right):
    right.send(registration(away(right, home="2001:db8:9::100")))
    message(right, MIP6MH_BA, status=132)


@case(must("RFC 6275 §9.5.1"))
def stale_sequence_number_is_told_the_last_one(right, mobile):
    register(mobile, 10)
    for stale in (10, 9, 10 - 32768 & 0xFFFF):
        right.send(registration(mobile, stale))
        message(right, MIP6MH_BA, status=135, seq=10)


@case(must("RFC 6275 §9.5.1"))
def home_registration_with_nonce_indices_is_discarded(left, right, mobile):
    right.send(mobile.optimized(binding_update(1, nonce_indices(1, 1), flags="HA")))
    no_message(right, MIP6MH_BA, 3.0)


@case(must("RFC 6275 §10.3.1"))
def home_registration_without_a_home_address_option_is_discarded(left, right, mobile):
    right.send(mobile.from_home(binding_update(1, flags="HA")))
    no_message(right, MIP6MH_BA, 3.0)


@case(must("RFC 6275 §10.3.1"))
def new_care_of_address_moves_the_tunnel_at_once(left, right, mobile):
    # The binding is there, no DAD.
    register(mobile, 1)
    left.run(2.0)
    mobile.care_of = OTHER_CARE_OF
    start = right.now
    assert register(mobile, 2).time - start < 0.1
    expect_none(left, ICMPv6ND_NS, tgt=HOME)
    left.send(echo_request(HOME))
    assert ends(expect(right, ICMPv6EchoRequest)) == (HOME_AGENT, OTHER_CARE_OF)


@case(must("RFC 6275 §9.5.1"))
def registration_does_not_become_a_correspondent_registration(right, mobile):
    register(mobile, 1)
    mobile.test_home()
    mobile.test_care_of()
    right.send(mobile.update(2))
    ack = message(right, MIP6MH_BA, status=139, seq=2)
    assert is_signed(ack, mobile.kbm, CARE_OF, HOME_AGENT)


@case(must("RFC 6275 §10.3.1"))
def registration_ends_with_its_lifetime(left, right, mobile):
    register(mobile, lifetime=40)
    left.run(38.0)
    left.send(ns(HOME))
    expect(left, ICMPv6ND_NA, tgt=HOME)
    left.run(3.0)
    left.send(ns(HOME), echo_request(HOME))
    expect_none(left, ICMPv6ND_NA, tgt=HOME)
    expect_none(right, ICMPv6EchoRequest)


# --- Deregistration: §10.3.2 ------------------------------------------------------------------------------------------


@case(must("RFC 6275 §10.3.2", "RFC 6275 §9.5.4"))
def deregistration_from_home_stops_the_proxy(left, right, mobile):
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


@case(must("RFC 6275 §10.3.1", "RFC 6275 §10.3.2"))
def k_bit_is_not_answered_with_keys_by_hand(right, mobile):
    ack = register(mobile, 1, flags="HAK")
    assert not ack[MIP6MH_BA].flags.K
    right.send(registration(mobile, 2, flags="HAK", lifetime=0))
    assert not message(right, MIP6MH_BA, status=0, seq=2)[MIP6MH_BA].flags.K


@case(must("RFC 6275 §10.3.2"))
def deregistration_from_away_is_acknowledged_there(left, right, mobile):
    register(mobile, 1)
    right.send(registration(mobile, 2, lifetime=0))
    ack = message(right, MIP6MH_BA, status=0, seq=2, mhtime=0)
    assert ends(ack) == (HOME_AGENT, CARE_OF) and routed_to(ack) == HOME
    left.run(2.0)
    left.send(ns(HOME))
    expect_none(left, ICMPv6ND_NA, tgt=HOME)


@case(must("RFC 6275 §10.3.2"))
def deregistration_without_a_registration_is_rejected(right, mobile):
    right.send(registration(mobile, lifetime=0))
    message(right, MIP6MH_BA, status=133)
