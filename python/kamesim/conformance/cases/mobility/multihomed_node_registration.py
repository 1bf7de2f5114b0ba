"""Registrations of a mobile node with two interfaces (RFC 5648 §5; RFC 6089 §5.2)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import (
    MIP6MH_BRR,
    MIP6MH_BU,
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    IPv6,
    MIP6OptAltCoA,
)

from kamesim.conformance.cases.mobility._mobile_node import CORRESPONDENT
from kamesim.conformance.cases.mobility._multihomed_node import HOME, HOME_AGENT, LEFT, RIGHT, TwoLinks, links
from kamesim.conformance.cases.mobility._multiple_bindings import (
    BULK_PROHIBITED,
    NON_MCOA_BINDING_EXISTS,
    NOT_COMPLETE,
    PROHIBITED,
    bid,
    bids_of,
    flow,
    flow_statuses,
    flows_of,
    overwrites,
    selector,
    summary_of,
)
from kamesim.conformance.exchange import NODE, case, echo, find, ip, must, should, stack
from kamesim.conformance.mobility import ends, home_address_of, inner, option, type2_route

ROLE = "host"


def told(update) -> dict[int, str | None]:
    return {b.bid: b.care_of for b in bids_of(update)}


# --- Binding Updates --------------------------------------------------------------------------------------------------


@case(must("RFC 5648 §5.1", "RFC 5648 §5.2", "RFC 5648 §5.9"))
def first_update_overwrites_and_has_the_care_of_address_in_the_option(links):
    links.advertise("left")
    update = links.update()
    assert ends(update) == (LEFT, HOME_AGENT) and home_address_of(update) == HOME
    assert told(update) == {1: LEFT} and overwrites(update)
    header = update[MIP6MH_BU]
    assert header.flags.A and header.flags.H and header.mhtime == 105
    assert option(update, MIP6OptAltCoA) is None, "MUST NOT be included"


@case(must("RFC 5648 §5.1"))
def each_interface_has_a_bid_of_its_own(links):
    first, second = links.register()
    assert told(first) == {1: LEFT} and told(second) == {2: RIGHT}
    assert ends(second) == (RIGHT, HOME_AGENT) and not overwrites(second)


@case(must("RFC 5648 §4.1"))
def sequence_numbers_are_common_to_all_bindings(links):
    first, second = links.register()
    assert second[MIP6MH_BU].seq == (first[MIP6MH_BU].seq + 1) & 0xFFFF


@case(must("RFC 5648 §5.3"))
def what_is_due_goes_in_one_message(links):
    links.advertise("left")
    links.advertise("right")
    updates = [links.update()]
    links.settle(0.5)
    while len(told(updates[-1])) < 2:
        updates.append(links.update())
    assert told(updates[-1]) == {1: LEFT, 2: RIGHT} and overwrites(updates[-1])


@case(must("RFC 5648 §5.2"))
def without_bulk_registration_each_binding_has_its_own_message(lab):
    links = TwoLinks(lab, bulk_registration=False)
    links.advertise("left")
    links.advertise("right")
    first = links.update()
    links.acknowledge(first)
    second = links.update()
    assert sorted(len(told(update)) for update in (first, second)) == [1, 1] and set(told(first) | told(second)) == {1, 2}


@case(must("RFC 6089 §4.1", "RFC 6089 §5.2.1"))
def bid_pri_is_never_zero_and_tells_the_preference(links):
    priorities = {b.bid: b.priority for update in links.register() for b in bids_of(update)}
    assert 0 < priorities[1] < priorities[2]


@case(must("RFC 6275 §11.8"))
def update_is_sent_again_until_it_is_acknowledged(links):
    links.advertise("left")
    first, second = links.update(), links.update()
    assert second.time - first.time == pytest.approx(1.5, abs=0.01)
    assert second[MIP6MH_BU].seq != first[MIP6MH_BU].seq and told(second) == told(first)


@case(should("RFC 6275 §11.7.3", "RFC 5648 §5.3"))
def bindings_are_refreshed_before_they_expire(links):
    links.register()
    links.settle(300.0)
    update = links.update(within=20.0)
    assert set(told(update)) <= {1, 2} and not overwrites(update)


# --- Make before break ---------------------------------------------------------------------------------------------------


@case(must("RFC 5648 §5.4"))
def binding_of_a_lost_link_is_deleted_by_the_other(links):
    links.register()
    links.unplug(0)
    update = links.update(within=0.5)
    assert update.link == "right" and ends(update) == (RIGHT, HOME_AGENT)
    assert update[MIP6MH_BU].mhtime == 0 and set(told(update)) == {1}
    links.acknowledge(update)
    links.no_update(10.0)


@case(must("RFC 5648 §5.4"))
def packets_go_by_the_other_link_at_once(links):
    links.register()
    links.unplug(0)
    links.node.ping(CORRESPONDENT, source=HOME, count=1)
    packets = [(name, p) for name, p in links.came(0.5) if find(p, ICMPv6EchoRequest)]
    assert [name for name, _ in packets] == ["right"] and ends(packets[0][1]) == (RIGHT, HOME_AGENT)


@case(must("RFC 5648 §5.2", "RFC 5648 §2"))
def link_that_comes_back_is_registered_by_its_bid(links):
    links.register()
    links.unplug(0)
    links.acknowledge(links.update())
    links.node.interfaces[0].enabled = True
    links.settle(0.5)
    links.advertise("left")
    update = links.update()
    assert told(update) == {1: LEFT} and update.link == "left" and not overwrites(update)


@case(should("RFC 6089 §5.1.1"))
@pytest.mark.parametrize("down", ["left", "right"])
def packets_from_the_home_address_go_by_the_preferred_link(lab, down):
    links = TwoLinks(lab)
    links.register()
    links.send_down(down, CORRESPONDENT, echo(b"down"))
    replies = [(name, p) for name, p in links.came(0.5) if find(p, ICMPv6EchoReply)]
    assert [name for name, _ in replies] == ["left"], "whichever tunnel the request came by"
    assert ends(replies[0][1]) == (LEFT, HOME_AGENT) and inner(replies[0][1]).src == HOME


# --- Acknowledgements: §5.7 ----------------------------------------------------------------------------------------------


@case(must("RFC 5648 §5.7"))
def acknowledgement_without_the_option_means_one_plain_binding(links):
    links.advertise("left")
    links.acknowledge(links.update(), options=False)
    links.advertise("right")
    links.no_update(10.0)
    assert links.node.mobile_ip.fallen_back
    links.unplug(0)
    update = links.update(within=2.0)
    assert told(update) == {} and ends(update) == (RIGHT, HOME_AGENT) and update[MIP6MH_BU].mhtime > 0
    assert option(update, MIP6OptAltCoA).acoa == RIGHT


@case(must("RFC 5648 §5.7"))
def prohibited_registration_is_not_tried_again(links):
    links.advertise("left")
    links.acknowledge(links.update(), status=PROHIBITED)
    update = links.update(within=2.0)
    assert told(update) == {} and update[MIP6MH_BU].mhtime > 0
    links.acknowledge(update, options=False)
    links.advertise("right")
    links.no_update(10.0)


@case(must("RFC 5648 §5.7"))
def bulk_registration_that_is_prohibited_is_given_up(links):
    links.advertise("left")
    links.advertise("right")
    update = links.update()
    while len(told(update)) < 2:
        update = links.update()
    links.acknowledge(update, status=BULK_PROHIBITED)
    single = links.update(within=2.0)
    assert len(told(single)) == 1
    links.acknowledge(single)
    other = links.update(within=2.0)
    assert set(told(single) | told(other)) == {1, 2}


@case(must("RFC 5648 §5.7"))
def plain_binding_at_the_home_agent_is_overwritten(links):
    links.advertise("left")
    links.acknowledge(links.update())
    links.advertise("right")
    second = links.update()
    assert not overwrites(second)
    links.acknowledge(second, status=NON_MCOA_BINDING_EXISTS)
    assert overwrites(links.update(within=2.0))


@case(must("RFC 5648 §5.7"))
def status_of_an_option_goes_before_that_of_the_message(links):
    links.advertise("left")
    links.advertise("right")
    update = links.update()
    while len(told(update)) < 2:
        update = links.update()
    links.acknowledge(update, status=NOT_COMPLETE, of={1: 130})
    assert links.node.mobile_ip.ways == [links.names[1]]


@case(must("RFC 6275 §11.7.3"))
def acknowledgement_of_another_number_is_none(links):
    links.advertise("left")
    update = links.update()
    update[MIP6MH_BU].seq ^= 1
    links.acknowledge(update)
    assert links.node.mobile_ip.ways == []


@case(must("RFC 6275 §11.7.1"))
def sequence_number_is_taken_from_status_135(links):
    links.advertise("left")
    update = links.update()
    update[MIP6MH_BU].seq = (update[MIP6MH_BU].seq + 5000) & 0xFFFF
    links.acknowledge(update, status=135)
    assert links.update(within=1.0)[MIP6MH_BU].seq == (update[MIP6MH_BU].seq + 1) & 0xFFFF


@case(should("RFC 5648 §5.8"))
def refresh_request_is_answered_for_its_bid(links):
    links.register()
    request = MIP6MH_BRR(options=[bid(2)])
    end = links.ends["left"]
    links.ports["left"].send(stack(ip(LEFT, source=HOME_AGENT, from_mac=end.mac), type2_route(HOME), request))
    update = links.update(within=1.0)
    assert told(update) == {2: RIGHT} and update[MIP6MH_BU].mhtime > 0


# --- Home: §5.5.1 ---------------------------------------------------------------------------------------------------------


@case(must("RFC 5648 §5.5.1", "RFC 5648 §5.4"))
def all_bindings_are_deleted_at_home(links):
    links.register()
    links.node.move("home", interface=links.names[0])
    links.settle(0.5)
    links.advertise("home")
    update = links.update()
    assert update.link == "home" and ends(update) == (HOME, HOME_AGENT) and told(update) == {}
    assert update[MIP6MH_BU].mhtime == 0 and home_address_of(update) is None


# --- Flow bindings: RFC 6089 §5.2 -----------------------------------------------------------------------------------------

PORT_7 = selector(destination_port=7, protocol=17)


def bind_port_7(links) -> int:
    return links.node.mobile_ip.bind_flow(links.names[1], destination_port=7, protocol="udp")


@case(must("RFC 6089 §5.2.2.1"))
def new_flow_is_told_with_selector_and_bids(links):
    links.register()
    fid = bind_port_7(links)
    (told_flow,) = flows_of(links.update(within=1.0))
    assert (told_flow.fid, told_flow.status) == (fid, 0) and told_flow.fid > 0 and told_flow.priority > 0
    assert PORT_7 in told_flow.sub_options and b"\x02\x02\x00\x02" in told_flow.sub_options


@case(must("RFC 6089 §5.2", "RFC 6089 §5.2.3"))
def known_flow_is_refreshed_by_a_summary(links):
    links.register()
    fid = bind_port_7(links)
    links.acknowledge(links.update())
    links.unplug(0)
    update = links.update(within=1.0)
    assert flows_of(update) == [] and summary_of(update) == [fid]


@case(must("RFC 6089 §5.2.4"))
def flow_is_removed_by_leaving_it_out(links):
    links.register()
    fid = bind_port_7(links)
    links.acknowledge(links.update())
    links.settle(2.0)
    links.node.mobile_ip.unbind_flow(fid)
    update = links.update(within=1.0)
    assert flows_of(update) == [] and summary_of(update) == [] and update[MIP6MH_BU].mhtime > 0


@case(must("RFC 6089 §5.2.2.1"))
def flow_waits_until_its_binding_is_registered(links):
    links.advertise("left")
    links.acknowledge(links.update())
    bind_port_7(links)
    links.no_update(2.0)
    links.advertise("right")
    assert [f.fid for f in flows_of(links.update())] == [1]


@case(must("RFC 6089 §5.2.6"))
def acknowledgement_without_flows_means_that_none_are_supported(links):
    links.register()
    bind_port_7(links)
    links.acknowledge(links.update(), flows=[])
    links.no_update(5.0)
    assert list(links.node.mobile_ip.flows().registered) == [False]


@case(must("RFC 6089 §5.2.6"))
def status_of_a_flow_is_taken_from_its_option(links):
    links.register()
    fid = bind_port_7(links)
    refusal = flow(fid, None)
    refusal.odata = refusal.odata[:5] + bytes([128]) + refusal.odata[6:]
    links.acknowledge(links.update(), flows=[refusal])
    assert list(links.node.mobile_ip.flows().refused) == [128]


@case(must("RFC 6089 §5.3.3"))
def forgotten_flow_is_told_again_in_full(links):
    links.register()
    fid = bind_port_7(links)
    links.acknowledge(links.update())
    links.settle(2.0)
    links.unplug(0)
    update = links.update(within=1.0)
    forgotten = flow(fid, None)
    forgotten.odata = forgotten.odata[:5] + bytes([132]) + forgotten.odata[6:]
    links.acknowledge(update, flows=[forgotten])
    assert [f.fid for f in flows_of(links.update(within=2.0))] == [fid]


@case(must("RFC 6089 §5.2"))
def packets_of_a_bound_flow_go_by_its_interface(links):
    links.register()
    links.node.mobile_ip.bind_flow(links.names[1], source=CORRESPONDENT)
    links.acknowledge(links.update())
    links.node.ping(CORRESPONDENT, source=HOME, count=1)
    links.node.ping("2001:db8:e::1", source=HOME, count=1)
    went = {inner(p).dst: name for name, p in links.came(0.5) if find(p, ICMPv6EchoRequest)}
    assert went == {CORRESPONDENT: "right", "2001:db8:e::1": "left"}
