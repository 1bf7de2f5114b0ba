"""Router Solicitations as a router takes them, and when its answers come (RFC 4861 §6.1.1, §6.2.6)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6ND_RA, ICMPv6ND_RS, ICMPv6NDOptDstLLAddr, IPv6

from kamesim.conformance.cases.ipv6._neighbors import NEIGHBOR, OTHER_MAC, option_of_length
from kamesim.conformance.exchange import (
    ALL_NODES,
    NODE,
    TESTER,
    case,
    echo_request,
    expect,
    expect_none,
    find,
    ip,
    must,
    ns,
    ra,
    rs,
)

MAX_RA_DELAY_TIME, MIN_DELAY_BETWEEN_RAS = 0.5, 3.0


@case(must("RFC 4861 §6.1.1"))
@pytest.mark.parametrize(
    "destination", [NODE.link_local, ALL_NODES], ids=["the router itself", "all nodes"]
)
def solicitation_may_go_to_any_address_of_the_router(advertiser, port, settled, destination):
    port.send(ip(destination, source=TESTER.link_local, hlim=255) / rs()[ICMPv6ND_RS])
    expect(port, ICMPv6ND_RA, within=MAX_RA_DELAY_TIME)


@case(must("RFC 4861 §6.1.1"))
def solicitation_may_come_from_a_global_address(advertiser, port, settled):
    port.send(rs(source=TESTER.address))
    expect(port, ICMPv6ND_RA, within=MAX_RA_DELAY_TIME)


@case(must("RFC 4861 §6.1.1", "RFC 4861 §4.1"))
def reserved_field_and_unknown_options_of_a_solicitation_are_ignored(advertiser, port, settled):
    port.send(rs(option_of_length(1), res=0xFFFFFFFF))
    expect(port, ICMPv6ND_RA, within=MAX_RA_DELAY_TIME)


@case(must("RFC 4861 §6.1.1"))
def target_address_in_a_solicitation_tells_nothing(advertiser, port, settled):
    port.answers.clear()
    port.send(rs(ICMPv6NDOptDstLLAddr(lladdr=OTHER_MAC), source=NEIGHBOR, lladdr=None))
    port.send(echo_request(source=NEIGHBOR))
    expect_none(port, ICMPv6EchoReply, within=0.5)


@case(must("RFC 4861 §6.1.1"))
def option_beyond_the_end_spoils_a_solicitation(advertiser, port, settled):
    port.send(rs(option_of_length(2)))
    expect_none(port, ICMPv6ND_RA, within=5.0)


@case(must("RFC 4861 §6.2.6"))
def answers_are_delayed_at_random(advertiser, port, settled):
    delays = []
    for _ in range(20):
        port.run(10.0)
        sent = port.now
        port.send(rs())
        delays.append(expect(port, ICMPv6ND_RA, within=MAX_RA_DELAY_TIME).time - sent)
    assert len({round(delay, 6) for delay in delays}) == len(delays)
    assert min(delays) < 0.2 and max(delays) > 0.3  # of 20 even draws, not once in ten thousand otherwise


@case(must("RFC 4861 §6.2.6"))
def many_solicitations_have_one_answer(advertiser, port, settled):
    port.send(*[rs(source=f"fe80::{n:x}") for n in range(0x100, 0x120)])
    answers = [p for p in port.run(2.0) if find(p, ICMPv6ND_RA)]
    assert [p[IPv6].dst for p in answers] == [ALL_NODES]


@case(must("RFC 4861 §6.2.6"))
def answer_to_all_nodes_begins_the_interval_anew(advertiser, port):
    advertiser.advertise("lan", max_interval=100.0, min_interval=75.0)
    port.run(300.0)
    expect(port, ICMPv6ND_RA, within=100.0)
    port.run(60.0)
    port.send(rs())
    answer = expect(port, ICMPv6ND_RA, within=MAX_RA_DELAY_TIME)
    if answer[IPv6].dst == ALL_NODES:
        following = expect(port, ICMPv6ND_RA, within=100.0)
        assert following.time - answer.time >= 75.0 - 1e-6


@case(must("RFC 4861 §6.2.6"))
def answer_waits_until_three_seconds_after_the_last_advertisement(advertiser, port):
    last = expect(port, ICMPv6ND_RA, within=20.0)
    port.send(rs(source="::", lladdr=None))
    answer = expect(port, ICMPv6ND_RA, within=MIN_DELAY_BETWEEN_RAS + MAX_RA_DELAY_TIME)
    assert MIN_DELAY_BETWEEN_RAS - 1e-6 <= answer.time - last.time <= MIN_DELAY_BETWEEN_RAS + MAX_RA_DELAY_TIME


@case(must("RFC 4861 §6.2.6"))
def solicitation_without_address_leaves_an_entry_as_it_is(advertiser, port, settled):
    port.answers.clear()
    port.send(rs(source=NEIGHBOR, lladdr=OTHER_MAC))
    port.run(5.0)
    port.send(rs(source=NEIGHBOR, lladdr=None))
    port.run(5.0)
    port.send(echo_request(source=NEIGHBOR))
    assert expect(port, ICMPv6EchoReply).dst == OTHER_MAC


@case(must("RFC 4861 §6.2.6", "RFC 4861 §7.2.4"))
def router_that_solicits_is_taken_for_a_host(advertiser, port, settled):
    # IsRouter becomes FALSE: seen by what the router tells of its neighbours.
    port.send(ra())
    port.send(rs())
    port.run(1.0)
    neighbors = advertiser.neighbors()
    assert not neighbors[neighbors["address"] == TESTER.link_local]["is_router"].iloc[0]


@case(must("RFC 4861 §6.2.7"))
@pytest.mark.parametrize(
    "contradiction",
    [{"cur_hop_limit": 33}, {"M": 1}, {"O": 1}, {"reachable_time": 1000}, {"retrans_timer": 2000}],
    ids=["hop limit", "M", "O", "reachable time", "retransmission timer"],
)
def contradiction_of_another_router_is_noted_and_nothing_is_changed(advertiser, port, contradiction):
    advertiser.advertise("lan", max_interval=30.0, adv_reachable_time=30.0, adv_retrans_timer=1.0)
    port.run(60.0)
    before = advertiser.advertising_counters["inconsistent"]
    port.send(ra(**contradiction))
    assert advertiser.advertising_counters["inconsistent"] == before + 1
    port.send(rs())
    message = expect(port, ICMPv6ND_RA, within=4.0)[ICMPv6ND_RA]
    assert (message.chlim, message.M, message.O, message.reachabletime, message.retranstimer) == (64, 0, 0, 30000, 1000)


@case(must("RFC 4861 §7.2.3"))
def solicited_router_answers_solicitations_of_its_neighbors_meanwhile(advertiser, port, settled):
    port.send(rs(), ns(NODE.link_local))
    kinds = [find(p, ICMPv6ND_RA) is not None for p in port.run(1.0) if p[IPv6].dst in (ALL_NODES, TESTER.link_local)]
    assert sorted(kinds) == [False, True]
