"""Which interfaces of a router advertise (RFC 4861 §6.2.2), and how often (§6.2.1, §6.2.4)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6ND_RA, ICMPv6NDOptPrefixInfo, IPv6

from kamesim.conformance.exchange import (
    ALL_NODES,
    NODE,
    NODE_RIGHT,
    PREFIX,
    TESTER_RIGHT,
    case,
    dad_ns,
    expect,
    expect_none,
    find,
    must,
    options_of,
    rs,
    should,
)

MAX_INITIAL_RTR_ADVERT_INTERVAL, MAX_INITIAL_RTR_ADVERTISEMENTS = 16.0, 3
MAX_FINAL_RTR_ADVERTISEMENTS = 3


@pytest.fixture
def one_sided(lab):
    """A router that advertises itself on the left link, and not on the right one."""
    node = lab.net.router("router")
    lan, _port = lab.link("left", prefix=f"{PREFIX}/64")
    lab.attach(lan, node, address=f"{NODE.address}/64", advertise={"max_interval": 10.0})
    lan, _port = lab.link("right", TESTER_RIGHT)
    lab.attach(lan, node, NODE_RIGHT, address=f"{NODE_RIGHT.address}/64", advertise=False)
    return node


@case(must("RFC 4861 §6.2.2"), role="router", logo="v6LC.2.2.6 B")
def only_advertising_interfaces_advertise(one_sided, lab):
    left, right = lab.ports
    assert sum(find(p, ICMPv6ND_RA) is not None for p in left.run(60.0)) >= 5
    expect_none(right, ICMPv6ND_RA, within=0.0)
    right.send(rs(source=TESTER_RIGHT.link_local, lladdr=TESTER_RIGHT.mac))
    expect_none(right, ICMPv6ND_RA, within=5.0)
    left.send(rs())
    assert expect(left, ICMPv6ND_RA, within=4.0)[IPv6].src == NODE.link_local


# MinRtrAdvInterval and MaxRtrAdvInterval.
INTERVALS = {"smallest": (3.0, 4.0), "largest": (1350.0, 1800.0)}


@case(must("RFC 4861 §6.2.1", "RFC 4861 §6.2.4"), logo={"smallest": "v6LC.2.2.7 C", "largest": "v6LC.2.2.7 D"})
@pytest.mark.parametrize(("shortest", "longest"), INTERVALS.values(), ids=INTERVALS)
def intervals_are_those_configured(advertiser, port, settled, shortest, longest):
    advertiser.advertise("lan", max_interval=longest, min_interval=shortest)
    port.run(MAX_INITIAL_RTR_ADVERTISEMENTS * MAX_INITIAL_RTR_ADVERT_INTERVAL + longest)
    times = [p.time for p in port.run(12 * longest) if find(p, ICMPv6ND_RA)]
    gaps = [b - a for a, b in zip(times, times[1:])]
    assert len(gaps) >= 10
    assert all(shortest - 1e-6 <= gap <= longest + 1e-6 for gap in gaps)
    assert max(gaps) - min(gaps) > 0.1 * (longest - shortest), "drawn at random"


PREFIXES = {"global": "2001:db8:5::", "site-local": "fec0:0:0:5::", "unique local": "fd12:3456:789a:5::"}


@case(must("RFC 4861 §4.6.2"), logo={"global": "v6LC.2.2.7 E", "site-local": "v6LC.2.2.7 F"})
@pytest.mark.parametrize("prefix", PREFIXES.values(), ids=PREFIXES)
def prefix_of_any_scope_is_advertised(advertiser, port, prefix):
    advertiser.advertise("lan", max_interval=10.0, prefixes=[f"{prefix}/64"])
    advertisement = expect(port, ICMPv6ND_RA, within=20.0)
    assert [option.prefix for option in options_of(advertisement, ICMPv6NDOptPrefixInfo)] == [prefix]


@case(must("RFC 4861 §6.2.3"))
def lifetimes_of_a_prefix_stay_as_they_are(advertiser, port, settled):
    port.send(rs())
    first = options_of(expect(port, ICMPv6ND_RA, within=4.0), ICMPv6NDOptPrefixInfo)[0]
    port.run(1000.0)
    port.send(rs())
    second = options_of(expect(port, ICMPv6ND_RA, within=4.0), ICMPv6NDOptPrefixInfo)[0]
    assert (first.validlifetime, first.preferredlifetime) == (second.validlifetime, second.preferredlifetime)


@case(should("RFC 4861 §6.2.8"))
def change_of_the_link_local_address_is_told_from_the_old_and_from_the_new_one(advertiser, port, settled):
    other = "fe80::1234"
    advertiser.add_address(f"{other}/64", dad=False)
    advertiser.remove_address(NODE.link_local)
    came = [(p[IPv6].src, p[ICMPv6ND_RA].routerlifetime) for p in port.run(60.0) if find(p, ICMPv6ND_RA)]
    farewell = [lifetime for source, lifetime in came if source == NODE.link_local]
    greeting = [lifetime for source, lifetime in came if source == other]
    assert 1 <= len(farewell) <= MAX_FINAL_RTR_ADVERTISEMENTS and set(farewell) == {0}
    assert len(greeting) >= 2 and min(greeting) > 0
    assert came[0][0] == NODE.link_local


@case(must("RFC 4861 §6.2.2"))
def router_joins_the_group_of_all_routers_and_answers_to_all_nodes(advertiser, port, settled):
    port.send(rs(source="::", lladdr=None))
    assert expect(port, ICMPv6ND_RA, within=4.0)[IPv6].dst == ALL_NODES
    port.send(dad_ns(NODE.link_local))  # and defends the address that it advertises from
    assert find(port.run(1.0)[0], ICMPv6ND_RA) is None
