"""Proxy registrations with a local mobility anchor: new sessions, answers and refusals (RFC 5213 §5.3, §5.5)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import MIP6MH_BA, ICMPv6ParamProblem, IPv6, MIP6OptMNID, MIP6OptUnknown

from kamesim import AnchorProfile
from kamesim.conformance.cases.mobility._anchor import (
    ANCHOR,
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
from kamesim.conformance.exchange import case, expect, may, must, should
from kamesim.conformance.mobility import ends, home_address_option, message, no_message, option, routed_to
from kamesim.conformance.proxy_mobility import (
    CARD,
    MOBILE_NODE,
    AccessTechnologyType,
    HandoffIndicator,
    LinkLayerIdentifier,
    LinkLocalAddress,
    Timestamp,
    prefixes_of,
    status_of,
    value_of,
)

# --- New sessions: §5.3.2, §5.3.6 -------------------------------------------------------------------------------------


@case(must("RFC 5213 §5.3.2", "RFC 5213 §5.3.6"))
def new_session_gets_a_prefix_of_the_pool(mag):
    ack = mag.ask()
    assert status_of(ack) == 0 and prefixes_of(ack) == [FIRST]
    assert ends(ack) == (ANCHOR, CARE_OF), "from where the update went, to where it came from"
    assert routed_to(ack) is None, "MUST NOT be present"
    assert "P" in ack[MIP6MH_BA].flags and ack[MIP6MH_BA].mhtime == 100


@case(must("RFC 5213 §5.3.6"))
def acknowledgement_repeats_what_the_update_says(mag):
    mag.port.send(update := mag.update(hint=4, technology=3))
    ack = message(mag.port, MIP6MH_BA, status=0)
    assert value_of(ack, MIP6OptMNID, "id") == MOBILE_NODE
    assert value_of(ack, HandoffIndicator) == 4 and value_of(ack, AccessTechnologyType) == 3
    assert value_of(ack, LinkLayerIdentifier, "identifier") == CARD
    assert value_of(ack, Timestamp) == value_of(update, Timestamp)
    assert ack[MIP6MH_BA].seq == mag.sequence


@case(must("RFC 5213 §5.3.6"))
def acknowledgement_has_no_option_that_was_not_asked_for(mag):
    ack = mag.ask(card=None, timestamp=False)
    for kind in (LinkLayerIdentifier, Timestamp, LinkLocalAddress):
        assert option(ack, kind) is None, kind.__name__


@case(must("RFC 5213 §5.2"))
def mobile_nodes_get_different_prefixes(mag):
    assert mag.register() == [FIRST]
    assert mag.register(identifier=LAPTOP, card=OTHER_CARD) == [SECOND]


@case(must("RFC 5213 §5.4"))
def interfaces_of_a_mobile_node_get_sessions_of_their_own(mag):
    assert mag.register() == [FIRST]
    mag.port.run(0.1)
    assert mag.register(card=OTHER_CARD) == [SECOND]


@case(may("RFC 5213 §5.3.2 item 1"), role="router")
def session_may_have_several_prefixes(lab):
    anchor(lab, mobile_nodes={MOBILE_NODE.decode(): AnchorProfile(prefix_count=2)})
    assert gateway(lab).register() == [FIRST, SECOND]


@case(must("RFC 5213 §5.3.2 item 3"), role="router")
def own_prefixes_of_a_mobile_node_are_granted(lab):
    own = ("2001:db8:77::/64", "2001:db8:78::/64")
    anchor(lab, mobile_nodes={MOBILE_NODE.decode(): AnchorProfile(prefixes=own)})
    assert gateway(lab).register(prefixes=own) == list(own)


@case(must("RFC 5213 §5.3.2 item 1"), role="router")
def own_prefixes_of_a_mobile_node_are_assigned(lab):
    own = ("2001:db8:77::/64",)
    anchor(lab, mobile_nodes={MOBILE_NODE.decode(): AnchorProfile(prefixes=own)})
    assert gateway(lab).register() == list(own)


@case(must("RFC 6275 §10.3.1", "RFC 5213 §5.3.2"), role="router")
def lifetime_is_limited_by_local_policy(lab):
    anchor(lab, max_lifetime=100.0)
    assert gateway(lab).ask(lifetime=400)[MIP6MH_BA].mhtime == 25


@case(must("RFC 5213 §6.9.1.5"))
def alternate_care_of_address_is_the_proxy_care_of_address(router, mag):
    from kamesim.conformance.mobility import alternate_care_of

    ack = mag.ask(extra=(alternate_care_of(OTHER_CARE_OF),))
    assert status_of(ack) == 0 and ack[IPv6].dst == CARE_OF, "the answer goes to the source"
    assert router.anchor.binding_cache()["care_of"].tolist() == [OTHER_CARE_OF]


@case(must("RFC 5213 §5.3.1 item 3"))
def home_address_option_makes_no_difference(mag):
    mag.port.send(mag.update(before=(home_address_option("2001:db8:a::5"),)))
    assert prefixes_of(message(mag.port, MIP6MH_BA, status=0)) == [FIRST]


@case(must("RFC 5213 §8.1"))
def unknown_options_are_skipped(mag):
    unknown = MIP6OptUnknown(otype=199, olen=3, odata=b"abc")
    assert mag.register(extra=(unknown,)) == [FIRST]


@case(must("RFC 5213 §8.1"))
def order_of_the_options_is_of_no_matter(mag):
    update = mag.update()
    header = update[IPv6].payload
    header.options = header.options[::-1]
    mag.port.send(update)
    assert prefixes_of(message(mag.port, MIP6MH_BA, status=0)) == [FIRST]


# --- Refusals: §5.3.1 in its order ------------------------------------------------------------------------------------


@case(must("RFC 5213 §5.3.1 item 4"))
def missing_identifier(mag):
    ack = mag.ask(identifier=None)
    assert status_of(ack) == 160
    assert value_of(ack, MIP6OptMNID, "id") == b"", "a zero length identifier"


@case(must("RFC 5213 §5.3.1 item 6"), role="router")
def gateway_that_is_not_trusted(lab):
    anchor(lab, gateways=[OTHER_CARE_OF])
    assert status_of(gateway(lab).ask()) == 154


@case(must("RFC 5213 §5.3.1 item 6", "RFC 5213 §4"), role="router")
def gateway_that_may_not_register_this_mobile_node(lab):
    anchor(lab, mobile_nodes={MOBILE_NODE.decode(): AnchorProfile(gateways=(OTHER_CARE_OF,))})
    assert status_of(gateway(lab).ask()) == 154
    assert status_of(gateway(lab, OTHER_CARE_OF).ask()) == 0


@case(must("RFC 5213 §5.3.1 item 7"), role="router")
def mobile_node_that_is_not_known(lab):
    anchor(lab, mobile_nodes={LAPTOP.decode(): AnchorProfile()})
    assert status_of(gateway(lab).ask()) == 153


@case(must("RFC 5213 §5.3.1 item 8"), role="router")
def mobile_node_that_is_not_entitled(lab):
    anchor(lab, mobile_nodes={MOBILE_NODE.decode(): AnchorProfile(enabled=False)})
    assert status_of(gateway(lab).ask()) == 152


@case(must("RFC 5213 §5.3.1 item 10", "RFC 5213 §5.3.6"))
def missing_home_network_prefix(mag):
    ack = mag.ask(prefixes=())
    assert status_of(ack) == 158 and len(prefixes_of(ack)) == 1
    assert prefixes_of(ack)[0].startswith("::/"), "one option of ALL_ZERO"


@case(must("RFC 5213 §5.3.1 item 11", "RFC 5213 §5.3.6"))
def missing_handoff_indicator(mag):
    ack = mag.ask(hint=None)
    assert status_of(ack) == 161 and value_of(ack, HandoffIndicator) == 0


@case(must("RFC 5213 §5.3.1 item 12", "RFC 5213 §5.3.6"))
def missing_access_technology_type(mag):
    ack = mag.ask(technology=None)
    assert status_of(ack) == 162 and value_of(ack, AccessTechnologyType) == 0


@case(must("RFC 5213 §5.3.1"))
def identifier_is_looked_for_before_the_other_options(mag):
    assert status_of(mag.ask(identifier=None, prefixes=(), hint=None, technology=None)) == 160


@case(must("RFC 5213 §5.3.1"))
def prefix_is_looked_for_before_the_hints(mag):
    assert status_of(mag.ask(prefixes=(), hint=None, technology=None)) == 158


@case(must("RFC 5213 §5.3.1"))
def timestamp_is_looked_at_before_the_mandatory_options(mag):
    assert status_of(mag.ask(prefixes=(), timestamp=mag.port.now + 10)) == 156


@case(must("RFC 5213 §5.3.2 item 3", "RFC 5213 §5.3.6"))
@pytest.mark.parametrize("prefix", ["2001:db8:1::/64", "2001:db8:ff00::/60"])
def prefix_that_is_not_the_anchors(mag, prefix):
    ack = mag.ask(prefixes=(prefix,))
    assert status_of(ack) == 155 and prefixes_of(ack) == [prefix], "those of the request"


@case(must("RFC 5213 §5.3.2 item 2"), role="router")
def pool_that_is_exhausted(lab):
    router = lab.router()
    router.add_route("2001:db8:a::/47", via="fe80::99", interface=router.interfaces[0])
    router.local_mobility_anchor("2001:db8:ff00::/64")
    assert gateway(lab).register() == [FIRST]
    assert status_of(gateway(lab).ask(identifier=LAPTOP, card=OTHER_CARD)) == 130


@case(must("RFC 6275 §9.2", "RFC 5213 §5.3.1 item 2"))
def payload_proto_that_is_not_none_is_pointed_to(mag):
    update = mag.update()
    update[IPv6].payload.nh = 58
    mag.port.send(update)
    assert expect(mag.port, ICMPv6ParamProblem).ptr == 40


# --- Order: §5.5 ------------------------------------------------------------------------------------------------------


@case(must("RFC 5213 §5.5 item 6"))
@pytest.mark.parametrize("off", [-0.32, 0.32], ids=["behind", "ahead"])
def timestamp_outside_the_window(mag, off):
    start = mag.port.now
    ack = mag.ask(timestamp=start + off)
    assert status_of(ack) == 156
    assert abs(value_of(ack, Timestamp) / 65536 - start) < 0.01, "the time of day here (item 9)"


@case(must("RFC 5213 §5.5 item 6"))
@pytest.mark.parametrize("off", [-0.28, 0.28], ids=["behind", "ahead"])
def timestamp_within_the_window(mag, off):
    start = mag.port.now
    ack = mag.ask(timestamp=start + off)
    assert status_of(ack) == 0 and value_of(ack, Timestamp) == int((start + off) * 65536), "the same (item 7)"


@case(must("RFC 5213 §5.5 item 8"))
def timestamp_lower_than_the_last_one(mag, other_mag):
    mag.register()
    ack = other_mag.ask(timestamp=mag.port.now - 0.1, hint=3)
    assert status_of(ack) == 157
    assert abs(value_of(ack, Timestamp) / 65536 - mag.port.now) < 0.01, "the time of day here"


@case(must("RFC 5213 §5.5 item 6"))
def timestamp_that_is_not_greater_is_not_valid(mag):
    when = mag.port.now
    mag.ask(timestamp=when)
    assert status_of(mag.ask(timestamp=when)) in (156, 157)


@case(must("RFC 5213 §5.5 item 6"), role="router")
def timestamps_of_mobile_nodes_only_have_to_grow(lab):
    anchor(lab, mobile_node_generated_timestamps=True)
    mag = gateway(lab)
    assert status_of(mag.ask(timestamp=1000.0)) == 0
    assert status_of(mag.ask(timestamp=999.0)) == 157
    assert status_of(mag.ask(timestamp=1001.0)) == 0


@case(must("RFC 5213 §5.5 item 5"))
def sequence_number_beside_a_timestamp_is_ignored_and_returned(mag):
    assert status_of(mag.ask(seq=100)) == 0
    mag.port.run(0.1)
    ack = mag.ask(seq=7)
    assert (status_of(ack), ack[MIP6MH_BA].seq) == (0, 7)


@case(must("RFC 5213 §5.5", "RFC 6275 §9.5.1"))
@pytest.mark.parametrize("stale", [100, 99, 100 - 32768 & 0xFFFF])
def sequence_number_counts_without_a_timestamp(mag, stale):
    assert status_of(mag.ask(seq=100, timestamp=False)) == 0
    ack = mag.ask(seq=stale, timestamp=False)
    assert (status_of(ack), ack[MIP6MH_BA].seq) == (135, 100), "the last one accepted"
    assert status_of(mag.ask(seq=101, timestamp=False)) == 0


# --- Link-local addresses: §5.3.6 -------------------------------------------------------------------------------------


@case(must("RFC 5213 §5.3.6"))
def link_local_address_is_generated_and_kept(mag, other_mag):
    generated = value_of(mag.ask(link_local="::"), LinkLocalAddress, "address")
    assert generated.startswith("fe80::")
    mag.port.run(0.1)
    assert value_of(other_mag.ask(link_local="::", hint=3), LinkLocalAddress, "address") == generated


@case(must("RFC 5213 §5.3.6"))
def link_local_address_of_the_gateway_is_taken(mag, other_mag):
    assert value_of(mag.ask(link_local="fe80::5"), LinkLocalAddress, "address") == "fe80::5"
    mag.port.run(0.1)
    assert value_of(other_mag.ask(link_local="::", hint=3), LinkLocalAddress, "address") == "fe80::5"


@case(must("RFC 5213 §5.3.6"))
def refusal_repeats_the_link_local_address(mag):
    assert value_of(mag.ask(link_local="::", hint=None), LinkLocalAddress, "address") == "::"


@case(should("RFC 6275 §9.2"))
def update_with_a_wrong_checksum_is_discarded(mag):
    update = mag.update()
    update[IPv6].payload.cksum = 0x1234
    mag.port.send(update)
    no_message(mag.port, MIP6MH_BA, 1.0)
