"""Neighbor Unreachability Detection over tunnels (RFC 4213 §3.8, RFC 4861 §7.3): a router asks the other end of its tunnel
whether it is there, and goes another way if it is not."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import (
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
)
from scapy.packet import Raw

from kamesim.conformance.exchange import (
    NODE,
    NODE_RIGHT,
    TESTER_RIGHT,
    case,
    echo,
    echo_request,
    expect_dropped,
    find,
    ip,
    must,
    payload_of,
    should,
)

FAR = "2001:db8:ee::77"  # behind the tunnel
ENTRY, EXIT = NODE_RIGHT.address, TESTER_RIGHT.address
OTHER_END = "fe80::88"  # the tester's address in the tunnel

DELAY_FIRST_PROBE_TIME, RETRANS_TIMER, MAX_UNICAST_SOLICIT = 5, 1, 3  # RFC 4861 §10
LONGEST_REACHABLE_TIME = 30 * 1.5


@pytest.fixture
def tunnel(router, left, right):
    tunnel = router.add_tunnel(local=ENTRY, remote=EXIT, encapsulation_limit=None, neighbor=OTHER_END)
    router.add_route("2001:db8:ee::/48", interface=tunnel)
    router.add_route("2001:db8:ee::/48", via=EXIT, interface=router.interfaces[1], metric=10)
    return tunnel


def to_far():
    return echo_request(FAR, to_mac=NODE.mac)


def out_of_tunnel(inner):
    return ip(ENTRY, source=EXIT, from_mac=TESTER_RIGHT.mac, to_mac=NODE_RIGHT.mac, nh=41) / Raw(bytes(inner))


def carried(port, seconds):
    """What the tunnel packets of the next seconds carry, with when they came."""
    return [(p.time, IPv6(payload_of(p))) for p in port.run(seconds) if p[IPv6].dst == EXIT and p[IPv6].nh == 41]


def probes(port, seconds):
    return [(at, inner) for at, inner in carried(port, seconds) if ICMPv6ND_NS in inner]


def until_probed(left, right):
    left.send(to_far())
    return probes(right, DELAY_FIRST_PROBE_TIME + 0.5)


def until_silent(left, right):
    left.send(to_far())
    asked = probes(right, DELAY_FIRST_PROBE_TIME + MAX_UNICAST_SOLICIT * RETRANS_TIMER + 0.5)
    assert len(asked) == MAX_UNICAST_SOLICIT
    return asked


def to_asker(probe, target=OTHER_END, hlim=255, option=None, **flags):
    """An advertisement to who sent the probe."""
    message = ICMPv6ND_NA(tgt=target, **{"R": 1, "S": 1, "O": 0, **flags})
    packet = IPv6(src=target, dst=probe.src, hlim=hlim) / message
    return out_of_tunnel(packet / option if option is not None else packet)


@case(should("RFC 4213 §3.8"), must("RFC 4861 §7.3.3"))
def other_end_is_probed_five_seconds_after_a_packet_to_it(tunnel, left, right):
    left.send(to_far())
    sent, asked = carried(right, DELAY_FIRST_PROBE_TIME + 0.5)
    assert ICMPv6EchoRequest in sent[1]
    at, probe = asked
    assert at - sent[0] == pytest.approx(DELAY_FIRST_PROBE_TIME, abs=0.01)
    assert (probe.src, probe.dst, probe.hlim) == (tunnel.link_local, OTHER_END, 255)
    assert probe[ICMPv6ND_NS].tgt == OTHER_END


@case(should("RFC 4213 §3.8"))
def probe_has_no_link_layer_address(tunnel, left, right):
    ((_, probe),) = until_probed(left, right)
    assert ICMPv6NDOptSrcLLAddr not in probe
    assert probe.plen == 24


@case(must("RFC 4861 §7.3.3", "RFC 4861 §10"))
def probes_are_three_and_a_second_apart(tunnel, left, right):
    times = [at for at, _ in until_silent(left, right)]
    assert [b - a for a, b in zip(times, times[1:])] == pytest.approx([RETRANS_TIMER] * 2, abs=0.01)
    assert probes(right, 10) == []


@case(must("RFC 4861 §7.3.1"))
def nobody_is_probed_while_nothing_is_sent(tunnel, left, right):
    assert carried(right, 60) == []


@case(must("RFC 4861 §7.3.3"))
def answer_makes_the_other_end_reachable(tunnel, left, right):
    ((_, probe),) = until_probed(left, right)
    right.send(to_asker(probe))
    assert probes(right, 5) == []
    left.send(to_far())  # within the shortest ReachableTime
    assert probes(right, 8) == []
    right.run(LONGEST_REACHABLE_TIME)
    left.send(to_far())
    assert len(probes(right, DELAY_FIRST_PROBE_TIME + 0.5)) == 1
    assert tunnel.reachable


@case(should("RFC 4213 §3.8"))
def packets_go_another_way_when_the_other_end_is_silent(tunnel, left, right):
    until_silent(left, right)
    assert not tunnel.reachable
    left.send(to_far())
    (request,) = [p for p in right.run(1.0) if find(p, ICMPv6EchoRequest)]
    assert (request[IPv6].dst, request[IPv6].nh) == (FAR, 58)  # not in the tunnel


@case(should("RFC 4213 §3.8"))
def other_end_that_answers_again_is_used_again(tunnel, left, right):
    until_silent(left, right)
    (asked,) = probes(right, 60)
    assert asked[1].dst == OTHER_END
    right.send(to_asker(asked[1]))
    right.run(0.1)
    assert tunnel.reachable
    left.send(to_far())
    ((_, request),) = carried(right, 1.0)
    assert ICMPv6EchoRequest in request


@case(should("RFC 4213 §3.8"))
def silent_end_is_asked_once_a_minute(tunnel, left, right):
    until_silent(left, right)
    times = [at for at, _ in probes(right, 250)]
    assert len(times) == 4
    assert all(b - a >= 60 for a, b in zip(times, times[1:]))


@case(must("RFC 4213 §3.8"))
def link_layer_address_of_an_answer_is_ignored(tunnel, left, right):
    # "the receiver MUST, while otherwise processing the Neighbor Discovery packet, silently ignore the content".
    for n, override in enumerate((0, 1)):
        right.run(LONGEST_REACHABLE_TIME * bool(n))
        ((_, probe),) = until_probed(left, right)
        right.send(to_asker(probe, option=ICMPv6NDOptDstLLAddr(lladdr=f"02:00:00:00:00:0{n}"), O=override))
        assert probes(right, 5) == []
        assert tunnel.reachable


@case(must("RFC 4861 §7.1.2", "RFC 4861 §7.2.5"))
@pytest.mark.parametrize(
    ("fields", "reason"),
    [({"hlim": 254}, "nd.bad_hop_limit"), ({"S": 0}, None), ({"target": "fe80::99"}, "nd.no_entry")],
    ids=["hop-limit", "unsolicited", "other-target"],
)
def what_is_no_answer_confirms_nothing(tunnel, router, left, right, fields, reason):
    ((_, probe),) = until_probed(left, right)
    right.send(to_asker(probe, **fields))
    assert len(probes(right, 4)) == MAX_UNICAST_SOLICIT - 1
    assert not tunnel.reachable
    if reason:
        expect_dropped(router, reason)


@case(must("RFC 4861 §7.2.5"))
@pytest.mark.parametrize("answered", [False, True], ids=["unsolicited", "solicited"])
def only_an_answer_brings_a_silent_end_back(tunnel, left, right, answered):
    until_silent(left, right)
    (asked,) = probes(right, 60)
    right.send(to_asker(asked[1], S=int(answered)))
    right.run(0.1)
    assert tunnel.reachable == answered


@case(must("RFC 4213 §3.8"))
def both_ends_may_ask(tunnel, left, right):
    until_probed(left, right)
    right.send(out_of_tunnel(IPv6(src=OTHER_END, dst=tunnel.link_local, hlim=255) / ICMPv6ND_NS(tgt=tunnel.link_local)))
    answers = [inner for _, inner in carried(right, 0.1) if ICMPv6ND_NA in inner]
    assert [a[ICMPv6ND_NA].tgt for a in answers] == [tunnel.link_local]
    assert len(probes(right, 4)) == MAX_UNICAST_SOLICIT - 1  # a question is no answer


@case(must("RFC 4213 §3.8"))
def end_of_which_nothing_is_known_is_not_probed(router, left, right):
    tunnel = router.add_tunnel(local=ENTRY, remote=EXIT, encapsulation_limit=None)
    router.add_route("2001:db8:ee::/48", interface=tunnel)
    left.send(to_far())
    assert len(carried(right, 20)) == 1
    right.send(out_of_tunnel(IPv6(src=FAR, dst=NODE.address) / echo()))
    ((_, reply),) = carried(right, 1.0)
    assert ICMPv6EchoReply in reply
