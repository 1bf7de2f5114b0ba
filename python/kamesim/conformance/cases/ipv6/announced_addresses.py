"""New addresses that a host tells the routers of its link (RFC 9131 §6.1.2), and what a router makes of it (§6.1.1)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6NDOptDstLLAddr, IPv6

from kamesim.conformance.cases.ipv6._autoconfiguration import FORMED, PREFIX
from kamesim.conformance.exchange import (
    ALL_NODES,
    ALL_ROUTERS,
    NODE,
    case,
    echo_request,
    expect,
    expect_none,
    find,
    group_mac,
    may,
    must,
    na,
    options_of,
    prefix_information,
    ra,
    should,
)

MAX_NEIGHBOR_ADVERTISEMENT, RETRANS_TIMER = 3, 1.0
NEIGHBOR, OTHER_MAC = "2001:db8:1::77", "02:00:00:00:00:77"


@pytest.fixture
def host(lab):
    return lab.host(address=False, nd={"announce_addresses": True})


def told(port, seconds):
    return [p for p in port.run(seconds) if find(p, ICMPv6ND_NA)]


@case(should("RFC 9131 §6.1.2"))
def new_address_is_told_to_all_routers_without_override(host, port):
    port.send(ra(prefix_information(PREFIX)))
    expect(port, ICMPv6ND_NS, tgt=FORMED)  # the test
    news = expect(port, ICMPv6ND_NA, within=RETRANS_TIMER + 0.1, tgt=FORMED, S=0, O=0, R=0)
    assert (news[IPv6].src, news[IPv6].dst, news[IPv6].hlim) == (FORMED, ALL_ROUTERS, 255)
    assert news.dst == group_mac(ALL_ROUTERS)
    assert [option.lladdr for option in options_of(news, ICMPv6NDOptDstLLAddr)] == [NODE.mac]


@case(should("RFC 9131 §6.1.2"))
def it_is_told_when_the_test_is_over_and_not_before(host, port):
    port.send(ra(prefix_information(PREFIX)))
    question = expect(port, ICMPv6ND_NS, tgt=FORMED)
    first = expect(port, ICMPv6ND_NA, within=3.0, tgt=FORMED)
    assert first.time - question.time == pytest.approx(RETRANS_TIMER, abs=1e-3)


@case(must("RFC 4861 §7.2.6", "RFC 9131 §6.1.2"))
def it_is_told_three_times_at_most_and_a_second_apart(host, port):
    port.send(ra(prefix_information(PREFIX)))
    times = [p.time for p in told(port, 60.0)]
    assert 1 <= len(times) <= MAX_NEIGHBOR_ADVERTISEMENT
    assert all(b - a >= RETRANS_TIMER - 1e-6 for a, b in zip(times, times[1:]))


@case(must("RFC 9131 §6.1.2"))
def duplicate_address_is_not_told(host, port):
    port.send(ra(prefix_information(PREFIX)))
    expect(port, ICMPv6ND_NS, tgt=FORMED)
    port.send(na(FORMED, destination=ALL_NODES, solicited=0))
    assert told(port, 10.0) == []


@case(must("RFC 9131 §6.1.2"), role="host")
def link_local_address_is_not_told(lab):
    lab.host(address=False, settle=0.0, nd={"announce_addresses": True})
    assert told(lab.ports[0], 10.0) == []


@case(may("RFC 9131 §6.1.2"), role="host")
def nothing_is_told_unless_that_is_on(lab):
    lab.host(address=False)
    lab.ports[0].send(ra(prefix_information(PREFIX)))
    assert told(lab.ports[0], 10.0) == []


@case(should("RFC 9131 §6.1.1"))
@pytest.mark.parametrize("override", [0, 1])
def router_knows_where_to_send_to_an_address_that_it_was_told_of(router, left, override):
    left.answers.clear()
    left.send(na(NEIGHBOR, destination=ALL_ROUTERS, solicited=0, override=override, lladdr=OTHER_MAC, from_mac=OTHER_MAC))
    left.send(echo_request(source=NEIGHBOR, from_mac=OTHER_MAC))
    assert expect(left, ICMPv6EchoReply, within=0.1).dst == OTHER_MAC
    # STALE: it is probed, by unicast.
    assert expect(left, ICMPv6ND_NS, within=5.1, tgt=NEIGHBOR).dst == OTHER_MAC


@case(may("RFC 9131 §6.1.1"), role="router")
def router_that_does_not_learn_so_asks(lab):
    lab.router(nd={"learn_unsolicited": False})
    left = lab.ports[0]
    left.answers.clear()
    left.send(na(NEIGHBOR, destination=ALL_ROUTERS, solicited=0, lladdr=OTHER_MAC, from_mac=OTHER_MAC))
    left.send(echo_request(source=NEIGHBOR, from_mac=OTHER_MAC))
    expect_none(left, ICMPv6EchoReply, within=0.5)
