"""Which session a Proxy Binding Update is about (RFC 5213 §5.4.1), hand-offs and de-registration (§5.3.3 to §5.3.5)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import MIP6MH_BA

from kamesim import AnchorProfile
from kamesim.conformance.cases.mobility._anchor import (
    CARE_OF,
    FIRST,
    LAPTOP,
    OTHER_CARD,
    OTHER_CARE_OF,
    SECOND,
    anchor,
    gateway,
    mag,
    other_mag,
    router,
)
from kamesim.conformance.exchange import case, expect_dropped, may, must, should
from kamesim.conformance.mobility import ends, message, no_message
from kamesim.conformance.proxy_mobility import MOBILE_NODE, prefixes_of, status_of

OTHER_OPTIONS = {"identifier": LAPTOP, "card": OTHER_CARD}

# --- By prefix: §5.4.1.1 ----------------------------------------------------------------------------------------------


@case(must("RFC 5213 §5.4.1.1 item 3"))
def prefix_of_another_mobile_node(mag):
    mag.register()
    assert status_of(mag.ask(prefixes=(FIRST,), **OTHER_OPTIONS)) == 155


@case(must("RFC 5213 §5.4.1.1 item 4"), role="router")
@pytest.mark.parametrize("asked", [(FIRST,), (FIRST, SECOND, "2001:db8:ff00:2::/64"), (FIRST, "2001:db8:ff00:2::/64")])
def prefixes_that_are_not_all_of_the_session(lab, asked):
    anchor(lab, mobile_nodes={MOBILE_NODE.decode(): AnchorProfile(prefix_count=2)})
    assert gateway(lab).register() == [FIRST, SECOND]
    lab.ports[0].run(0.1)
    ack = gateway(lab, OTHER_CARE_OF).ask(prefixes=asked, hint=3)
    assert status_of(ack) == 159 and prefixes_of(ack) == list(asked)


@case(must("RFC 5213 §5.4.1.1 item 5"), role="router")
def prefixes_of_the_session_in_another_order(lab):
    anchor(lab, mobile_nodes={MOBILE_NODE.decode(): AnchorProfile(prefix_count=2)})
    gateway(lab).register()
    lab.ports[0].run(0.1)
    assert gateway(lab, OTHER_CARE_OF).register(prefixes=(SECOND, FIRST), hint=3) == [FIRST, SECOND]


UPDATES = {
    "same card": ({}, {"hint": 1}),
    "between interfaces": ({}, {"hint": 2, "card": OTHER_CARD, "technology": 3}),
    "no card known": ({"card": None}, {"hint": 3, "card": None}),
}


@case(must("RFC 5213 §5.4.1.1 item 5"))
@pytest.mark.parametrize("which", UPDATES)
def request_with_the_prefix_updates_the_session(router, mag, other_mag, which):
    first, second = UPDATES[which]
    mag.register(**first)
    mag.port.run(0.1)
    assert other_mag.register(prefixes=(FIRST,), **second) == [FIRST]
    assert router.anchor.binding_cache()["care_of"].tolist() == [OTHER_CARE_OF]


@case(must("RFC 5213 §5.4.1.1 item 5"))
def same_gateway_with_the_prefix_updates_the_session(router, mag):
    mag.register()
    mag.port.run(0.1)
    assert mag.register(prefixes=(FIRST,), card=OTHER_CARD, hint=5) == [FIRST]
    assert len(router.anchor.binding_cache()) == 1


# --- By link-layer identifier: §5.4.1.2 -------------------------------------------------------------------------------


@case(must("RFC 5213 §5.4.1.2 item 2"))
@pytest.mark.parametrize("hint", [1, 2, 3, 4, 5])
def same_card_is_the_same_session(mag, other_mag, hint):
    mag.register()
    mag.port.run(0.1)
    assert other_mag.register(hint=hint) == [FIRST]


@case(must("RFC 5213 §5.4.1.2 item 5"))
def same_card_by_another_technology_is_another_session(mag, other_mag):
    mag.register()
    mag.port.run(0.1)
    assert other_mag.register(hint=1, technology=3) == [SECOND]


@case(must("RFC 5213 §5.4.1.2 item 3"))
def hand_off_between_interfaces_updates_the_only_session(mag, other_mag):
    mag.register()
    mag.port.run(0.1)
    assert other_mag.register(hint=2, card=OTHER_CARD, technology=3) == [FIRST]


@case(must("RFC 5213 §5.4.1.2 item 3"))
def hand_off_between_interfaces_is_not_guessed_among_two(mag, other_mag):
    mag.register()
    mag.port.run(0.1)
    mag.register(card=OTHER_CARD)
    mag.port.run(0.1)
    assert other_mag.register(hint=2, card=b"\x02abcde") == ["2001:db8:ff00:2::/64"]


@case(should("RFC 5213 §5.4.1.2 item 4"))
def unknown_hand_off_waits_for_the_deregistration(mag, other_mag):
    mag.register()
    mag.port.run(0.1)
    other_mag.port.send(other_mag.update(hint=4, card=OTHER_CARD))
    no_message(mag.port, MIP6MH_BA, 1.0)
    mag.port.send(mag.update(lifetime=0, prefixes=(FIRST,), hint=4))
    assert prefixes_of(message(mag.port, MIP6MH_BA, to=OTHER_CARE_OF, status=0)) == [FIRST]


@case(must("RFC 5213 §5.4.1.2 item 4", "RFC 5213 §9.1"))
def unknown_hand_off_is_a_new_session_without_deregistration(mag, other_mag):
    mag.register()
    mag.port.run(0.1)
    start = mag.port.now
    ack = other_mag.ask(hint=4, card=OTHER_CARD, within=3.0)
    assert status_of(ack) == 0 and prefixes_of(ack) == [SECOND]
    assert 1.45 < ack.time - start < 1.6, "MaxDelayBeforeNewBCEAssign"


@case(may("RFC 5213 §5.4.1.2 item 4"), role="router")
def unknown_hand_off_need_not_wait(lab):
    anchor(lab, wait_for_deregistration=False)
    gateway(lab).register()
    lab.ports[0].run(0.1)
    assert gateway(lab, OTHER_CARE_OF).register(hint=4, card=OTHER_CARD) == [SECOND]


# --- By identifier alone: §5.4.1.3 ------------------------------------------------------------------------------------


@case(must("RFC 5213 §5.4.1.3 item 2"))
@pytest.mark.parametrize("hint", [2, 3])
def hand_off_of_the_only_session_without_a_card(mag, other_mag, hint):
    mag.register()
    mag.port.run(0.1)
    assert other_mag.register(hint=hint, card=None) == [FIRST]


@case(must("RFC 5213 §5.4.1.3 item 4"))
def new_attachment_without_a_card_is_a_new_session(mag, other_mag):
    mag.register()
    mag.port.run(0.1)
    assert other_mag.register(hint=1, card=None) == [SECOND]


@case(should("RFC 5213 §5.4.1.3 item 3"))
def unknown_hand_off_without_a_card_waits(mag, other_mag):
    mag.register(card=None)
    mag.port.run(0.1)
    other_mag.port.send(other_mag.update(hint=4, card=None))
    no_message(mag.port, MIP6MH_BA, 1.4)
    assert prefixes_of(message(mag.port, MIP6MH_BA, to=OTHER_CARE_OF, status=0)) == [SECOND]


# --- Extension and hand-off: §5.3.3, §5.3.4 ---------------------------------------------------------------------------


@case(must("RFC 5213 §5.3.3"))
def registration_is_extended(router, mag):
    mag.register(lifetime=40)
    mag.port.run(30.0)
    assert mag.register(lifetime=40, prefixes=(FIRST,), hint=5) == [FIRST]
    mag.port.run(30.0)
    assert len(router.anchor.binding_cache()) == 1


@case(must("RFC 6275 §9.6", "RFC 5213 §5.3.2"))
def registration_ends_with_its_lifetime(router, mag):
    mag.register(lifetime=40)
    mag.port.run(39.9)
    assert len(router.anchor.binding_cache()) == 1
    mag.port.run(0.2)
    assert router.anchor.binding_cache().empty


@case(must("RFC 5213 §5.3.4"))
def session_moves_to_another_gateway(router, mag, other_mag):
    mag.register()
    mag.port.run(0.1)
    ack = other_mag.ask(hint=3)
    assert prefixes_of(ack) == [FIRST] and ends(ack)[1] == OTHER_CARE_OF
    assert router.anchor.binding_cache()["care_of"].tolist() == [OTHER_CARE_OF]


# --- De-registration: §5.3.5 ------------------------------------------------------------------------------------------


@case(must("RFC 5213 §5.3.5 item 2"))
def deregistration_is_answered_and_the_session_kept_for_a_while(router, mag):
    mag.register()
    mag.port.run(0.1)
    ack = mag.ask(lifetime=0, prefixes=(FIRST,), hint=4)
    assert status_of(ack) == 0 and ack[MIP6MH_BA].mhtime == 0 and prefixes_of(ack) == [FIRST]
    mag.port.run(9.8)
    assert router.anchor.binding_cache()["deregistered"].tolist() == [True]
    mag.port.run(0.4)
    assert router.anchor.binding_cache().empty, "MinDelayBeforeBCEDelete"


@case(must("RFC 5213 §9.1"), role="router")
def delay_before_the_session_is_deleted_can_be_set(lab):
    router = anchor(lab, min_delay_before_bce_delete=2.0)
    gateway(lab).register()
    lab.ports[0].run(0.1)
    gateway(lab).ask(lifetime=0, prefixes=(FIRST,), hint=4)
    lab.ports[0].run(1.8)
    assert len(router.anchor.binding_cache()) == 1
    lab.ports[0].run(0.4)
    assert router.anchor.binding_cache().empty


@case(must("RFC 5213 §5.3.5 item 2"))
def registration_ends_the_wait(router, mag, other_mag):
    mag.register()
    mag.port.run(0.1)
    mag.ask(lifetime=0, prefixes=(FIRST,), hint=4)
    mag.port.run(5.0)
    assert other_mag.register(hint=3) == [FIRST]
    mag.port.run(10.0)
    assert router.anchor.binding_cache()["deregistered"].tolist() == [False]


@case(must("RFC 5213 §5.3.5 item 1"))
def deregistration_by_the_previous_gateway_is_ignored(router, mag, other_mag):
    mag.register()
    mag.port.run(0.1)
    other_mag.register(hint=3)
    mag.port.run(0.1)
    mag.port.send(mag.update(lifetime=0, prefixes=(FIRST,), hint=4))
    no_message(mag.port, MIP6MH_BA, 1.0)
    assert router.anchor.binding_cache()["deregistered"].tolist() == [False]
    expect_dropped(router, "pmip6.pbu_not_from_serving_gateway")


@case(must("RFC 5213 §5.4.1.1 item 6"))
def deregistration_of_nothing_is_ignored(router, mag):
    mag.port.send(mag.update(lifetime=0, prefixes=(FIRST,), hint=4))
    no_message(mag.port, MIP6MH_BA, 1.0)
    expect_dropped(router, "pmip6.pbu_no_session_to_end")


@case(may("RFC 5213 §5.3.5 item 2"), role="router")
def prefix_of_a_deleted_session_can_go_to_another_mobile_node(lab):
    router = lab.router()
    router.add_route("2001:db8:a::/47", via="fe80::99", interface=router.interfaces[0])
    router.local_mobility_anchor("2001:db8:ff00::/64")
    mag = gateway(lab)
    mag.register()
    lab.ports[0].run(0.1)
    mag.ask(lifetime=0, prefixes=(FIRST,), hint=4)
    lab.ports[0].run(10.1)
    assert mag.register(**OTHER_OPTIONS) == [FIRST]
    assert CARE_OF in router.anchor.binding_cache()["care_of"].tolist()
