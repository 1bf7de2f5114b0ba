"""Parameters of the link that routers advertise (RFC 4861 §6.3.4)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6NDOptMTU, ICMPv6ND_NS, IPv6

from kamesim.conformance.cases.ipv6._hosts import FAR
from kamesim.conformance.exchange import TESTER, case, echo_request, expect, expect_none, must, ra


@case(must("RFC 4861 §6.3.4"), logo="v6LC.2.2.13 B")
def hop_limit_of_the_advertisement_is_used(host, port):
    # CurHopLimit.
    port.send(ra(cur_hop_limit=33))
    host.ping(FAR, count=1)
    assert expect(port, ICMPv6EchoRequest)[IPv6].hlim == 33


@case(must("RFC 4861 §6.3.4"), logo="v6LC.2.2.13 A")
def unspecified_hop_limit_leaves_the_old_one(host, port):
    port.send(ra(cur_hop_limit=33))
    port.send(ra(cur_hop_limit=0))
    host.ping(FAR, count=1)
    assert expect(port, ICMPv6EchoRequest)[IPv6].hlim == 33


def largest_packet(host, port):
    host.ping(TESTER.address, count=1, size=3000)
    return max(40 + p[IPv6].plen for p in port.run(0.5) if p[IPv6].nh == 44)


@case(must("RFC 4861 §6.3.4"))
@pytest.mark.parametrize(
    ("advertised", "used"), [(1400, 1400), (1280, 1280), (1279, 1500), (0, 1500), (1501, 1500)], ids=str
)
def mtu_of_the_advertisement_is_used_if_it_can_be(host, port, advertised, used):
    port.send(ra(ICMPv6NDOptMTU(mtu=advertised)))
    assert used - 8 < largest_packet(host, port) <= used


@case(must("RFC 4861 §6.3.4"))
def retransmission_timer_of_the_advertisement_is_used(host, port):
    # RetransTimer.
    port.send(ra(retrans_timer=2500))
    host.ping("2001:db8:1::77", count=1)
    times = [expect(port, ICMPv6ND_NS, within=2.6, tgt="2001:db8:1::77").time for _ in range(3)]
    assert [b - a for a, b in zip(times, times[1:])] == pytest.approx([2.5, 2.5], abs=1e-6)


@case(must("RFC 4861 §6.3.4"), logo="v6LC.2.2.15")
def reachable_time_of_the_advertisement_is_used(host, port):
    # 0.5 to 1.5 times ReachableTime.
    port.send(ra(reachable_time=4000))
    port.send(echo_request())
    expect(port, ICMPv6EchoReply)  # the tester's address is known to be reachable now
    port.run(1.9)
    port.send(echo_request(seq=2))
    expect_none(port, ICMPv6ND_NS, within=4.2, tgt=TESTER.address)  # it was still reachable
    port.send(echo_request(seq=3))
    expect(port, ICMPv6ND_NS, within=5.1, tgt=TESTER.address)  # it was no more
