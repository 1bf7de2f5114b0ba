"""Return routability at a mobile node: what its tests match, when they are repeated, when it gives up (RFC 6275 §5.2,
§11.6, §11.7.2, §11.8)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import (
    MIP6MH_BU,
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6ParamProblem,
    MIP6MH_CoTI,
    MIP6MH_HoTI,
    MIP6OptNonceIndices,
    MIP6OptUnknown,
)
from scapy.packet import Packet, Raw

from kamesim.conformance.cases.mobility._mobile_node import (
    CARE_OF,
    CORRESPONDENT,
    HOME,
    HOME_AGENT,
    HOME_NONCE,
    KBM,
    Journey,
    care_of_test,
    home_test,
    journey,
)
from kamesim.conformance.exchange import case, echo, expect, find, must, should
from kamesim.conformance.mobility import (
    binding_key,
    ends,
    inner,
    is_signed,
    message,
    no_message,
    option,
    type2_route,
)

ROLE = "host"
STRANGER = "2001:db8:e::1"


def begin(journey: Journey) -> tuple[Packet, Packet]:
    journey.register()
    journey.send_tunnelled(CORRESPONDENT, echo())
    return journey.test_inits()


# --- The inits --------------------------------------------------------------------------------------------------------


@case(must("RFC 6275 §6.1.3", "RFC 6275 §6.1.4"))
def test_inits_have_no_more_than_their_fields(journey):
    for packet in begin(journey):
        init = find(packet, MIP6MH_HoTI)
        assert (init.nh, init.len, init.res, bytes(init)[6:8]) == (59, 1, 0, bytes(2)) and not init.options


@case(must("RFC 6275 §5.2.3"))
def cookies_are_fresh_and_differ(journey):
    journey.register()
    cookies = []
    for number in range(6):
        journey.send_tunnelled(f"2001:db8:d::{number + 1}", echo())
        cookies += [find(packet, MIP6MH_HoTI).cookie for packet in journey.port.run(0.5) if find(packet, MIP6MH_HoTI)]
    assert len(cookies) >= 12 and len(set(cookies)) == len(cookies)


@case(must("RFC 6275 §11.8", "RFC 6275 §5.2.9"))
@pytest.mark.parametrize("kind", [MIP6MH_HoTI, MIP6MH_CoTI], ids=["home", "care-of"])
def test_inits_back_off_and_end(journey, kind):
    home, care_of = begin(journey)
    times = [(home if kind is MIP6MH_HoTI else care_of).time]
    times += [message(journey.port, kind, within=9.0).time for _ in range(3)]
    assert [b - a for a, b in zip(times, times[1:])] == pytest.approx([1.0, 2.0, 4.0], abs=0.01)
    no_message(journey.port, kind, 30.0)


@case(must("RFC 6275 §5.2.9"))
def packets_go_by_the_tunnel_while_tests_are_not_answered(journey):
    begin(journey)
    journey.port.run(20.0)
    journey.node.ping(CORRESPONDENT, source=HOME, count=1)
    assert ends(expect(journey.port, ICMPv6EchoRequest)) == (CARE_OF, HOME_AGENT)


@case(should("RFC 6275 §5.2.9"))
def correspondent_that_did_not_answer_is_tried_again_later(journey):
    begin(journey)
    journey.port.run(100.0)
    journey.send_tunnelled(CORRESPONDENT, echo())
    journey.test_inits()


@case(must("RFC 6275 §11.8"))
def answered_test_is_not_repeated(journey):
    home, _ = begin(journey)
    journey.send_tunnelled(CORRESPONDENT, home_test(home))
    no_message(journey.port, MIP6MH_HoTI, 0.9)
    came = [find(packet, MIP6MH_HoTI) for packet in journey.port.run(0.2) if find(packet, MIP6MH_HoTI)]
    assert [type(init) for init in came] == [MIP6MH_CoTI]


@case(should("RFC 6275 §11.6.1"))
def both_inits_are_sent_at_once(journey):
    home, care_of = begin(journey)
    assert home.time == pytest.approx(care_of.time, abs=0.01)


@case(must("RFC 6275 §11.8"))
def no_more_than_max_update_rate_test_inits_a_second(journey):
    journey.register()
    for _ in range(20):
        journey.send_tunnelled(CORRESPONDENT, echo())
    came = [type(find(packet, MIP6MH_HoTI)) for packet in journey.port.run(1.0) if find(packet, MIP6MH_HoTI)]
    assert came.count(MIP6MH_HoTI) <= 3 and came.count(MIP6MH_CoTI) <= 3


# --- The tests: §11.6.2 -----------------------------------------------------------------------------------------------


@case(must("RFC 6275 §11.6.2"))
@pytest.mark.parametrize("first", ["home", "care-of"])
def tests_may_come_in_any_order(journey, first):
    home, care_of = begin(journey)
    if first == "home":
        journey.send_tunnelled(CORRESPONDENT, home_test(home))
        no_message(journey.port, MIP6MH_BU, 0.3)
        journey.send(CORRESPONDENT, care_of_test(care_of))
    else:
        journey.send(CORRESPONDENT, care_of_test(care_of))
        no_message(journey.port, MIP6MH_BU, 0.3)
        journey.send_tunnelled(CORRESPONDENT, home_test(home))
    update = message(journey.port, MIP6MH_BU, to=CORRESPONDENT)
    assert is_signed(update, KBM, CARE_OF, CORRESPONDENT)


@case(must("RFC 6275 §11.6.2"))
@pytest.mark.parametrize(
    "mistake", ["cookie", "source", "destination", "outside the tunnel", "another's tunnel", "care-of test"]
)
def home_test_that_does_not_match_is_ignored(journey, mistake):
    home, care_of = begin(journey)
    journey.send(CORRESPONDENT, care_of_test(care_of))
    if mistake == "cookie":
        journey.send_tunnelled(CORRESPONDENT, home_test(home, cookie=b"\x00" * 8))
    elif mistake == "source":
        journey.send_tunnelled(STRANGER, home_test(home))
    elif mistake == "destination":
        journey.send(CORRESPONDENT, home_test(home))
    elif mistake == "outside the tunnel":
        journey.send(CORRESPONDENT, type2_route(HOME), home_test(home))
    elif mistake == "another's tunnel":
        journey.send_tunnelled(CORRESPONDENT, home_test(home), outer=STRANGER)
    else:
        journey.send(CORRESPONDENT, care_of_test(care_of))
    no_message(journey.port, MIP6MH_BU, 0.8, to=CORRESPONDENT)


@case(must("RFC 6275 §11.6.2"))
@pytest.mark.parametrize("mistake", ["cookie", "source", "by the tunnel", "to the home address"])
def care_of_test_that_does_not_match_is_ignored(journey, mistake):
    home, care_of = begin(journey)
    journey.send_tunnelled(CORRESPONDENT, home_test(home))
    if mistake == "cookie":
        journey.send(CORRESPONDENT, care_of_test(care_of, cookie=b"\x00" * 8))
    elif mistake == "source":
        journey.send(STRANGER, care_of_test(care_of))
    elif mistake == "by the tunnel":
        journey.send_tunnelled(CORRESPONDENT, care_of_test(care_of))
    else:
        journey.send(CORRESPONDENT, type2_route(HOME), care_of_test(care_of))
    no_message(journey.port, MIP6MH_BU, 0.8, to=CORRESPONDENT)


@case(must("RFC 6275 §11.6.2"))
@pytest.mark.parametrize("kind", ["home", "care-of"])
def cookie_of_the_first_of_two_inits_is_no_longer_good(journey, kind):
    home, care_of = begin(journey)
    wanted = MIP6MH_HoTI if kind == "home" else MIP6MH_CoTI
    again = message(journey.port, wanted, within=2.0)
    if kind == "home":
        journey.send_tunnelled(CORRESPONDENT, home_test(home))
        journey.send(CORRESPONDENT, care_of_test(message(journey.port, MIP6MH_CoTI, within=2.5)))
    else:
        journey.send(CORRESPONDENT, care_of_test(care_of))
    assert again[wanted].cookie != (home if kind == "home" else care_of)[wanted].cookie
    no_message(journey.port, MIP6MH_BU, 0.5, to=CORRESPONDENT)


@case(must("RFC 6275 §11.6.2"))
@pytest.mark.parametrize("kind", ["home", "care-of"])
def test_that_nobody_asked_for_is_ignored(journey, kind):
    journey.register()
    fake = journey.packet(CORRESPONDENT)
    home, care_of = fake / MIP6MH_HoTI(cookie=b"01234567"), fake / MIP6MH_CoTI(cookie=b"01234567")
    if kind == "home":
        journey.send_tunnelled(CORRESPONDENT, home_test(home))
    else:
        journey.send(CORRESPONDENT, care_of_test(care_of))
    no_message(journey.port, MIP6MH_BU, 0.5, to=CORRESPONDENT)


@case(must("RFC 6275 §11.6.2"))
def second_test_changes_nothing(journey):
    home, care_of = begin(journey)
    journey.answer(home, care_of)
    update = message(journey.port, MIP6MH_BU, to=CORRESPONDENT)
    journey.send_tunnelled(CORRESPONDENT, home_test(home, token=b"another!", index=99))
    journey.send(CORRESPONDENT, care_of_test(care_of, token=b"another!", index=99))
    again = message(journey.port, MIP6MH_BU, within=1.5, to=CORRESPONDENT)
    assert option(again, MIP6OptNonceIndices).hni == HOME_NONCE == option(update, MIP6OptNonceIndices).hni
    assert is_signed(again, KBM, CARE_OF, CORRESPONDENT)


@case(must("RFC 6275 §11.6.2", "RFC 6275 §6.2.1"))
def options_of_tests_are_skipped(journey):
    home, care_of = begin(journey)
    unknown = [MIP6OptUnknown(otype=250, odata=b"abcdef")]
    journey.send_tunnelled(CORRESPONDENT, home_test(home, options=list(unknown)))
    journey.send(CORRESPONDENT, care_of_test(care_of, options=list(unknown)))
    message(journey.port, MIP6MH_BU, to=CORRESPONDENT)


@case(must("RFC 6275 §6.2.6", "RFC 6275 §11.7.2"))
@pytest.mark.parametrize(("home_index", "care_of_index"), [(0, 0), (1, 2), (65535, 0), (0x1234, 0x1234)])
def nonce_indices_are_returned_as_they_came(journey, home_index, care_of_index):
    home, care_of = begin(journey)
    journey.send_tunnelled(CORRESPONDENT, home_test(home, index=home_index))
    journey.send(CORRESPONDENT, care_of_test(care_of, index=care_of_index))
    indices = option(message(journey.port, MIP6MH_BU, to=CORRESPONDENT), MIP6OptNonceIndices)
    assert (indices.hni, indices.coni) == (home_index, care_of_index)


@case(must("RFC 6275 §5.2.5"))
@pytest.mark.parametrize(("home_token", "care_of_token"), [(b"\x00" * 8, b"\xff" * 8), (b"same....", b"same....")])
def key_is_of_both_tokens(journey, home_token, care_of_token):
    home, care_of = begin(journey)
    journey.send_tunnelled(CORRESPONDENT, home_test(home, token=home_token))
    journey.send(CORRESPONDENT, care_of_test(care_of, token=care_of_token))
    update = message(journey.port, MIP6MH_BU, to=CORRESPONDENT)
    assert is_signed(update, binding_key(home_token, care_of_token), CARE_OF, CORRESPONDENT)


# --- Tokens serve again: §5.2.7 ---------------------------------------------------------------------------------------


@case(must("RFC 6275 §5.2.7"))
def home_token_may_serve_another_care_of_address_and_the_care_of_token_not(journey):
    journey.register()
    journey.bind_correspondent()
    journey.register("other")
    came = [find(packet, MIP6MH_HoTI) for packet in journey.port.run(0.5) if find(packet, MIP6MH_HoTI)]
    assert MIP6MH_CoTI in [type(init) for init in came]


@case(must("RFC 6275 §5.2.7"))
def tokens_are_not_used_beyond_max_token_lifetime(journey):
    journey.register()
    update = journey.update_correspondent()
    journey.acknowledge(update, lifetime=420)
    journey.port.run(update.time + 211.0 - journey.port.now)
    journey.port.inbox.clear()
    # §11.7.2: the refresh needs new tokens.
    home, care_of = None, None
    for packet in journey.port.frames(220.0):
        init = find(packet, MIP6MH_HoTI)
        home = packet if type(init) is MIP6MH_HoTI else home
        care_of = packet if type(init) is MIP6MH_CoTI else care_of
        assert find(packet, MIP6MH_BU) is None or ends(packet)[1] != CORRESPONDENT
        if home is not None and care_of is not None:
            return
    raise AssertionError("no new tests")


# --- When it begins, and with whom: §11.7.2 ---------------------------------------------------------------------------


@case(must("RFC 6275 §11.7.2"))
def nothing_is_tested_before_the_home_registration(journey):
    journey.leave()
    journey.send_tunnelled(CORRESPONDENT, echo())
    no_message(journey.port, MIP6MH_HoTI, 1.0)


@case(must("RFC 6275 §11.7.2"))
def nothing_is_tested_at_home(journey):
    journey.settle()
    journey.port.send(journey.packet(CORRESPONDENT, echo()))
    expect(journey.port, ICMPv6EchoReply)
    no_message(journey.port, MIP6MH_HoTI, 3.0)


@case(must("RFC 6275 §11.7.2"))
def home_agent_is_no_correspondent_to_be_tested(journey):
    journey.register()
    journey.send_tunnelled(HOME_AGENT, echo())
    no_message(journey.port, MIP6MH_HoTI, 3.0)


@case(should("RFC 6275 §11.7.2"))
def each_correspondent_is_tested_by_itself(journey):
    journey.register()
    others = [f"2001:db8:d::{number}" for number in range(1, 6)]
    tested = set()
    for other in others:
        journey.send_tunnelled(other, echo())
        for packet in journey.port.run(0.3):
            init = find(packet, MIP6MH_HoTI)
            if type(init) is MIP6MH_HoTI:
                tested.add(inner(packet).dst)
    assert tested == set(others)


@case(must("RFC 6275 §11.3.5"))
@pytest.mark.parametrize("code", [0, 2])
def other_parameter_problems_do_not_end_route_optimization(journey, code):
    home, care_of = begin(journey)
    journey.send(CORRESPONDENT, ICMPv6ParamProblem(code=code, ptr=6), Raw(care_of.wire[14:]))
    journey.answer(home, care_of)
    message(journey.port, MIP6MH_BU, to=CORRESPONDENT)


@case(should("RFC 6275 §11.7.2"))
def packet_to_the_care_of_address_starts_nothing(journey):
    journey.register()
    journey.send(CORRESPONDENT, echo())
    no_message(journey.port, MIP6MH_HoTI, 2.0)


@case(must("RFC 6275 §11.7.2", "RFC 6275 §6.2.7"))
def update_to_a_correspondent_ends_with_its_authenticator(journey):
    journey.register()
    update = journey.update_correspondent()[MIP6MH_BU]
    assert update.options[-1].otype == 5 and len(bytes(update)) % 8 == 0
