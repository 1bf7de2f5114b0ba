"""Router Advertisements and default routers (RFC 4861 §6.1.2, §6.3)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6EchoRequest, ICMPv6ND_NS, ICMPv6Unknown

from kamesim.conformance.cases.ipv6._hosts import FAR, SECOND_MAC, SECOND_ROUTER, next_hop, option_of_length
from kamesim.conformance.exchange import (
    ALL_NODES,
    TESTER,
    case,
    expect,
    expect_dropped,
    expect_silence,
    find,
    ip,
    must,
    na,
    payload_of,
    prefix_information,
    ra,
)


def second_ra(*options, **fields):
    return ra(*options, source=SECOND_ROUTER, lladdr=SECOND_MAC, **fields)

INVALID_ADVERTISEMENTS = {
    "source is not link-local": ("nd.source_not_link_local", ra(source=TESTER.address)),
    "hop limit is not 255": ("nd.bad_hop_limit", ra(hop_limit=254)),
    "wrong checksum": ("icmp6.bad_checksum", ra(cksum=0x1234)),
    "code is not 0": ("nd.bad_code", ra(code=1)),
    "shorter than 16 bytes": (
        "nd.truncated",
        ip(ALL_NODES, source=TESTER.link_local, hlim=255)
        / ICMPv6Unknown(type=134, msgbody=payload_of(ra(lladdr=None))[4:15]),
    ),
    "option of length 0": ("nd.option_zero_length", ra(option_of_length(0))),
}


# --- Router Advertisements: which are valid (RFC 4861 §6.1.2) ---------------------------------------------------------


@case(
    must("RFC 4861 §6.1.2"),
    logo={
        "source is not link-local": "v6LC.2.2.12 A",
        "hop limit is not 255": "v6LC.2.2.12 B",
        "wrong checksum": "v6LC.2.2.12 C",
        "code is not 0": "v6LC.2.2.12 D",
        "shorter than 16 bytes": "v6LC.2.2.12 E",
        "option of length 0": "v6LC.2.2.12 F",
    },
)
@pytest.mark.parametrize(("reason", "advertisement"), INVALID_ADVERTISEMENTS.values(), ids=INVALID_ADVERTISEMENTS)
def invalid_router_advertisement_is_silently_discarded(host, port, reason, advertisement):
    port.send(advertisement)
    expect_silence(port)
    expect_dropped(host, reason)
    assert next_hop(host, port) is None
    port.send(ra())
    assert next_hop(host, port) == TESTER.mac


@case(must("RFC 4861 §6.1.2"))
def unknown_options_and_flags_of_a_router_advertisement_are_ignored(host, port):
    port.send(ra(option_of_length(1), res=7))
    assert next_hop(host, port) == TESTER.mac


# --- Default routers (RFC 4861 §6.3.4, §6.3.5, §6.3.6) ----------------------------------------------------------------


@case(must("RFC 4861 §6.3.4"))
def router_with_a_lifetime_becomes_a_default_router(host, port):
    assert next_hop(host, port) is None
    port.send(ra())
    assert next_hop(host, port) == TESTER.mac


@case(must("RFC 4861 §6.3.4"), logo="v6LC.2.2.14 B")
def lifetime_of_zero_takes_the_router_off_the_list_at_once(host, port):
    port.send(ra())
    assert next_hop(host, port) == TESTER.mac
    port.send(ra(lifetime=0))
    assert next_hop(host, port) is None


@case(must("RFC 4861 §6.3.5"), logo="v6LC.2.2.14 C")
def router_is_forgotten_when_its_lifetime_is_over(host, port):
    port.send(ra(lifetime=20))
    port.run(19.0)
    assert next_hop(host, port) == TESTER.mac
    port.run(1.0)
    assert next_hop(host, port) is None


@case(must("RFC 4861 §6.3.4"), logo="v6LC.2.2.14 A")
def new_advertisement_renews_the_lifetime(host, port):
    port.send(ra(lifetime=20))
    port.run(15.0)
    port.send(ra(lifetime=20))
    port.run(15.0)
    assert next_hop(host, port) == TESTER.mac


@case(must("RFC 4861 §6.3.4"))
def link_layer_address_of_an_advertisement_is_used(host, port):
    port.answers.clear()
    port.send(ra())
    assert next_hop(host, port) == TESTER.mac


@case(must("RFC 4861 §6.3.4"))
def router_that_does_not_tell_its_link_layer_address_is_asked(host, port):
    port.send(ra(lladdr=None))
    host.ping(FAR, count=1)
    expect(port, ICMPv6ND_NS, tgt=TESTER.link_local)
    assert expect(port, ICMPv6EchoRequest).dst == TESTER.mac


@case(must("RFC 4861 §6.3.6"))
def second_router_takes_over_when_the_first_is_taken_off(host, port):
    port.answers[SECOND_ROUTER] = SECOND_MAC
    port.send(ra())
    port.send(second_ra())
    first = next_hop(host, port)
    assert first in (TESTER.mac, SECOND_MAC)
    port.send(ra(lifetime=0) if first == TESTER.mac else second_ra(lifetime=0))
    assert {first, next_hop(host, port)} == {TESTER.mac, SECOND_MAC}


@case(must("RFC 4861 §6.3.6"), logo="v6LC.2.2.11")
def reachable_router_is_preferred_to_one_that_does_not_answer(host, port):
    port.answers = {SECOND_ROUTER: SECOND_MAC}
    port.send(ra())
    assert next_hop(host, port) == TESTER.mac
    port.send(second_ra())
    for _ in range(20):  # unreachability detection takes 8 s of it
        next_hop(host, port)
    assert next_hop(host, port) == SECOND_MAC


@case(must("RFC 4861 §7.2.5"))
def neighbor_that_ceases_to_be_a_router_is_no_default_router(host, port):
    # IsRouter.
    port.answers[SECOND_ROUTER] = SECOND_MAC
    port.send(ra())
    port.send(second_ra())
    first = next_hop(host, port)
    end, mac = (TESTER.link_local, TESTER.mac) if first == TESTER.mac else (SECOND_ROUTER, SECOND_MAC)
    port.send(na(end, destination=ALL_NODES, solicited=0, router=0, lladdr=mac))
    assert {first, next_hop(host, port)} == {TESTER.mac, SECOND_MAC}


@case(must("RFC 4861 §6.2.7"))
def router_does_not_listen_to_advertisements(router, left):
    left.send(ra(prefix_information("2001:db8:5::")))
    left.run(3.0)
    assert next_hop(router, left) is None
    assert all(not address.startswith("2001:db8:5:") for address in router.interfaces[0].addresses)


@case(must("RFC 4861 §6.3.6 2"))
def routers_are_tried_in_turn_when_none_answers(host, port):
    # "so that [...] unreachable routers are actively being probed".
    port.send(ra(), second_ra())
    port.answers.clear()
    asked = []
    for _ in range(12):
        host.ping(FAR, count=1)
        asked += [p[ICMPv6ND_NS].tgt for p in port.run(10.0) if find(p, ICMPv6ND_NS)]
    turns = [a for a, before in zip(asked, [None, *asked]) if a != before]
    assert len(turns) >= 4 and set(turns) == {TESTER.link_local, SECOND_ROUTER}


@case(must("RFC 4861 §6.3.6 2"))
def router_that_answers_again_is_used_again(host, port):
    port.send(ra())
    port.answers.clear()
    assert next_hop(host, port) == TESTER.mac
    port.run(60.0)
    next_hop(host, port)
    port.run(10.0)  # it is unreachable now
    port.answers[TESTER.link_local] = TESTER.mac
    host.ping(FAR, count=1)
    port.run(5.0)
    assert next_hop(host, port) == TESTER.mac


@case(must("RFC 4861 §6.3.4"))
@pytest.mark.parametrize("count", [2, 5])
def several_default_routers_are_kept(host, port, count):
    # "MUST retain at least two router addresses": the others follow one that is gone.
    ends = [(f"fe80::a{n}", f"02:00:00:00:0a:{n:02x}") for n in range(count)]
    for address, mac in ends:
        port.answers[address] = mac
        port.routers.add(address)
        port.send(ra(source=address, lladdr=mac))
    used = []
    for _ in range(count):
        used.append(next_hop(host, port))
        address = {mac: address for address, mac in ends}[used[-1]]
        port.send(ra(source=address, lladdr=used[-1], lifetime=0))
    assert sorted(used) == sorted(mac for _address, mac in ends)
    assert next_hop(host, port) is None


@case(must("RFC 4861 §6.3.4"))
def two_routers_with_one_link_layer_address_are_two_routers(host, port):
    port.send(ra(), ra(source=SECOND_ROUTER))
    port.send(ra(lifetime=0))
    assert next_hop(host, port) == TESTER.mac
    port.send(ra(source=SECOND_ROUTER, lifetime=0))
    assert next_hop(host, port) is None
