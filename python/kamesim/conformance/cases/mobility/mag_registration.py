"""What a mobile access gateway asks of the anchor, and what it makes of the answers (RFC 5213 §6.9)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6EchoRequest, ICMPv6ND_RA, IPv6, MIP6MH_BU, MIP6OptMNID

from kamesim import ProxyProfile
from kamesim.conformance.cases.mobility._gateway import (
    ANCHOR,
    CARE_OF,
    LAPTOP_MAC,
    PREFIX,
    accept,
    answer,
    bound,
    from_mobile,
    gateway,
    next_update,
    router,
    solicitation,
    update,
)
from kamesim.conformance.exchange import TESTER, case, expect, expect_dropped, expect_none, may, must, should
from kamesim.conformance.mobility import ends, home_address_of, no_message, option
from kamesim.conformance.proxy_mobility import (
    MOBILE_NODE,
    AccessTechnologyType,
    HandoffIndicator,
    LinkLayerIdentifier,
    LinkLocalAddress,
    Timestamp,
    prefixes_of,
    value_of,
)

# --- Attachment: §6.9.1.1, §6.9.1.5 -----------------------------------------------------------------------------------


@case(must("RFC 5213 §6.9.1.5"))
def update_goes_from_the_egress_address_to_the_anchor(update):
    assert ends(update) == (CARE_OF, ANCHOR)
    assert home_address_of(update) is None, "MUST NOT be present"
    assert set(str(update[MIP6MH_BU].flags)) >= {"A", "P"}
    assert update[MIP6MH_BU].mhtime == 100


@case(must("RFC 5213 §6.9.1.1 item 2"))
def update_names_the_mobile_node(update):
    assert value_of(update, MIP6OptMNID, "id") == MOBILE_NODE
    assert value_of(update, MIP6OptMNID, "subtype") == 1


@case(must("RFC 5213 §6.9.1.1 item 3"))
def update_asks_for_a_prefix(update):
    assert [p.split("/")[0] for p in prefixes_of(update)] == ["::"]


@case(may("RFC 5213 §6.9.1.1 item 3"), role="router")
def update_asks_for_the_prefixes_of_the_profile(lab):
    own = ("2001:db8:77::/64", "2001:db8:78::/64")
    gateway(lab, profile=ProxyProfile(MOBILE_NODE.decode(), prefixes=own))
    assert prefixes_of(next_update(lab.ports[1])) == list(own)


@case(must("RFC 5213 §6.9.1.1 item 4"))
def station_of_which_nothing_is_known_is_a_new_attachment(update):
    assert value_of(update, HandoffIndicator) == 1


@case(must("RFC 5213 §6.9.1.1 item 4", "RFC 5213 §6.9.2"))
def station_that_solicits_is_in_an_unknown_state(left, right, bound):
    left.send(solicitation(LAPTOP_MAC, "fe80::98"))
    came = next_update(right)
    assert value_of(came, HandoffIndicator) == 4
    assert value_of(came, MIP6OptMNID, "id") == b"laptop@example.net"


@case(must("RFC 5213 §6.9.1.1 item 6"))
def update_tells_the_time(update):
    assert abs(value_of(update, Timestamp) / 65536 - update.time) < 0.001


@case(must("RFC 5213 §6.9.1.1 item 6", "RFC 5213 §9.3"), role="router")
def update_tells_no_time_where_sequence_numbers_count(lab):
    gateway(lab, timestamps=False)
    assert option(next_update(lab.ports[1]), Timestamp) is None


@case(must("RFC 5213 §6.9.1.1 item 7"))
def update_tells_the_link_layer_identifier(update):
    assert value_of(update, LinkLayerIdentifier, "identifier") == bytes.fromhex(TESTER.mac.replace(":", ""))


@case(must("RFC 5213 §6.9.1.1 item 8"), role="router")
@pytest.mark.parametrize("technology, number", [("wireless LAN", 4), ("ethernet", 3), ("ppp", 2), ("WiMAX", 5)])
def update_tells_the_access_technology(lab, technology, number):
    gateway(lab, access_technology=technology)
    assert value_of(next_update(lab.ports[1]), AccessTechnologyType) == number


@case(must("RFC 5213 §6.9.1.1 item 9"))
def link_local_address_is_not_asked_for_if_it_is_fixed(update):
    assert option(update, LinkLocalAddress) is None


@case(must("RFC 5213 §6.9.1.1 item 9"), role="router")
def link_local_address_is_asked_for_if_it_is_not_fixed(lab):
    gateway(lab, link_local=None)
    assert value_of(next_update(lab.ports[1]), LinkLocalAddress, "address") == "::"


@case(must("RFC 5213 §6.14"))
def station_without_a_profile_is_not_registered(left, right, bound):
    left.send(solicitation("02:00:00:00:00:55", "fe80::55"))
    no_message(right, MIP6MH_BU, 2.0)
    expect_none(left, ICMPv6ND_RA)


# --- Retransmission: §6.9.4 -------------------------------------------------------------------------------------------


@case(must("RFC 5213 §6.9.4"))
def update_is_sent_again_with_exponential_back_off(right, update):
    times, sequences, stamps = [update.time], [update[MIP6MH_BU].seq], [value_of(update, Timestamp)]
    for _ in range(4):
        again = next_update(right, within=10.0)
        times.append(again.time)
        sequences.append(again[MIP6MH_BU].seq)
        stamps.append(value_of(again, Timestamp))
    assert [round(b - a, 3) for a, b in zip(times, times[1:])] == [1, 2, 4, 8], "INITIAL_BINDACK_TIMEOUT, doubled"
    assert sequences == sorted(set(sequences)) and stamps == sorted(set(stamps)), "the latest timestamp"


@case(must("RFC 5213 §6.9.4"))
def back_off_ends_at_max_bindack_timeout(right, update):
    right.run(62.0)
    first = next_update(right, within=40.0)
    assert round(next_update(right, within=40.0).time - first.time, 3) == 32


@case(must("RFC 5213 §6.9.4"))
def answered_update_is_not_sent_again(right, bound):
    no_message(right, MIP6MH_BU, 60.0)


# --- Acknowledgements: §6.9.1.2 ---------------------------------------------------------------------------------------


@case(must("RFC 5213 §6.9.1.2 item 5"))
@pytest.mark.parametrize("wrong", ["sequence", "source", "identifier"])
def acknowledgement_that_matches_no_update_is_ignored(left, right, router, update, wrong):
    fields = {
        "sequence": {"seq": update[MIP6MH_BU].seq + 1},
        "source": {"source": "2001:db8:2::77"},
        "identifier": {"changed": (MIP6OptMNID(id=b"somebody@else"),)},
    }[wrong]
    answer(right, update, **fields)
    expect_none(left, ICMPv6ND_RA, within=0.5)
    expect_dropped(router, "pmip6.pba_unmatched")
    next_update(right, within=1.0)


@case(must("RFC 5213 §6.9.1.2 item 6"))
@pytest.mark.parametrize(
    "changed", [HandoffIndicator(value=3), AccessTechnologyType(value=3), LinkLayerIdentifier(identifier=b"other1")]
)
def acknowledgement_with_other_options_is_ignored_for_good(left, right, router, update, changed):
    answer(right, update, changed=(changed,))
    expect_none(left, ICMPv6ND_RA, within=0.5)
    no_message(right, MIP6MH_BU, 5.0)
    expect_dropped(router, "pmip6.pba_options_differ")


@case(must("RFC 5213 §6.9.1.2 item 6"))
@pytest.mark.parametrize("without", [HandoffIndicator, AccessTechnologyType, LinkLayerIdentifier])
def acknowledgement_without_the_options_is_ignored_for_good(left, right, update, without):
    answer(right, update, without=(without,))
    expect_none(left, ICMPv6ND_RA, within=0.5)
    no_message(right, MIP6MH_BU, 5.0)


@case(must("RFC 5213 §6.9.1.2 item 11"))
@pytest.mark.parametrize("status", [128, 129, 130, 152, 153, 154, 156, 158, 159, 160, 161, 162])
def rejected_mobile_node_gets_no_service(left, right, update, status):
    answer(right, update, status=status)
    left.send(solicitation())
    expect_none(left, ICMPv6ND_RA)
    left.send(from_mobile())
    expect_none(right, ICMPv6EchoRequest)
    no_message(right, MIP6MH_BU, 5.0)


@case(should("RFC 5213 §6.9.1.2 item 8"))
def timestamp_lower_than_accepted_is_tried_again(right, update):
    answer(right, update, status=157)
    again = next_update(right, within=0.1)
    assert value_of(again, Timestamp) > value_of(update, Timestamp)


@case(should("RFC 5213 §6.9.1.2 item 10"), role="router")
def prefix_that_is_refused_is_not_asked_for_again(lab):
    gateway(lab, profile=ProxyProfile(MOBILE_NODE.decode(), prefixes=("2001:db8:77::/64",)))
    left, right = lab.ports
    first = next_update(right)
    answer(right, first, status=155, prefixes=("2001:db8:77::/64",))
    again = next_update(right, within=0.1)
    assert [p.split("/")[0] for p in prefixes_of(again)] == ["::"]
    accept(left, right, again)


@case(must("RFC 6275 §11.7.3"), role="router")
def sequence_number_of_the_anchor_is_taken_over(lab):
    gateway(lab, timestamps=False)
    right = lab.ports[1]
    answer(right, next_update(right), status=135, seq=900)
    assert next_update(right, within=0.1)[MIP6MH_BU].seq == 901


# --- Extension: §6.9.1.3 ----------------------------------------------------------------------------------------------


@case(must("RFC 5213 §6.9.1.3"))
def registration_is_extended_in_time(right, bound):
    again = next_update(right, within=400.0)
    assert 290 < again.time - bound.time < 310
    assert value_of(again, HandoffIndicator) == 5 and prefixes_of(again) == [PREFIX]
    assert again[MIP6MH_BU].mhtime == 100


@case(must("RFC 5213 §6.9.1.3"))
def shorter_lifetime_is_extended_sooner(left, right, update):
    ra = accept(left, right, update, lifetime=40)
    assert next_update(right, within=40.0).time - ra.time < 40


@case(must("RFC 5213 §6.9.1.2 item 11"))
def refused_extension_withdraws_the_prefix(left, right, bound):
    answer(right, next_update(right, within=400.0), status=129)
    withdrawn = expect(left, ICMPv6ND_RA)
    assert withdrawn.routerlifetime == 0
    left.send(from_mobile())
    expect_none(right, ICMPv6EchoRequest)


# --- Detachment: §6.9.1.4 ---------------------------------------------------------------------------------------------


def leaving(lab, **options):
    """A mobile node that is carried away at 20 s; the update that it was registered with."""
    router = lab.router()
    left, right = router.interfaces
    router.add_route("::/0", via="fe80::88", interface=right)
    mobile = lab.net.host("mobile")
    lab.net.medium("left").attach(mobile)
    away = lab.net.lan("away", False)
    router.mobile_access_gateway(ANCHOR, {mobile: MOBILE_NODE.decode()}, access_links=[left], **options)
    update = next_update(lab.ports[1])
    answer(lab.ports[1], update)
    lab.net.at(20, mobile.move, away)
    return router, update


@case(should("RFC 5213 §6.9.1.4"), role="router")
def mobile_node_that_leaves_is_deregistered(lab):
    leaving(lab)
    gone = next_update(lab.ports[1], within=30.0)
    assert round(gone.time, 3) == 20 and gone[MIP6MH_BU].mhtime == 0
    assert value_of(gone, HandoffIndicator) == 4 and prefixes_of(gone) == [PREFIX]
    assert gone[IPv6].dst == ANCHOR


@case(must("RFC 5213 §6.9.1.4"), role="router")
def deregistered_mobile_node_leaves_nothing_behind(lab):
    router, _ = leaving(lab)
    answer(lab.ports[1], next_update(lab.ports[1], within=30.0), lifetime=0)
    lab.ports[1].run(0.1)
    assert router.gateway.binding_update_list().empty
    assert PREFIX not in router.routes["prefix"].tolist()


@case(must("RFC 5213 §6.9.1.4"), role="router")
def gateway_does_not_wait_longer_than_initial_bindack_timeout(lab):
    router, _ = leaving(lab)
    next_update(lab.ports[1], within=30.0)
    lab.ports[1].run(0.9)
    assert len(router.gateway.binding_update_list()) == 1
    lab.ports[1].run(0.2)
    assert router.gateway.binding_update_list().empty
    no_message(lab.ports[1], MIP6MH_BU, 3.0)


@case(must("RFC 5213 §6.13"), role="router")
def registration_of_a_mobile_node_that_is_gone_is_not_extended(lab):
    leaving(lab, lifetime=40.0)
    next_update(lab.ports[1], within=30.0, mhtime=0)
    no_message(lab.ports[1], MIP6MH_BU, 60.0)
