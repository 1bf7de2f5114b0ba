"""Router Solicitations at a router (RFC 4861 §6.1.1, §6.2.6)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6NDOptPrefixInfo, ICMPv6NDOptUnknown, ICMPv6ND_RA, ICMPv6Unknown, IPv6

from kamesim.conformance.cases.ipv6._routers import SECOND_MAC, SECOND_ROUTER
from kamesim.conformance.exchange import (
    ALL_NODES,
    ALL_ROUTERS,
    NODE,
    TESTER,
    case,
    echo_request,
    expect,
    expect_dropped,
    expect_silence,
    find,
    ip,
    must,
    options_of,
    rs,
)

MAX_RA_DELAY_TIME = 0.5
MIN_DELAY_BETWEEN_RAS = 3.0


@case(must("RFC 4861 §6.2.6"), logo="v6LC.2.2.9 A")
def solicitation_is_answered_within_half_a_second(advertiser, port, settled):
    # MAX_RA_DELAY_TIME.
    port.send(rs())
    answer = expect(port, ICMPv6ND_RA, within=MAX_RA_DELAY_TIME)
    assert answer[IPv6].dst in (ALL_NODES, TESTER.link_local)
    assert options_of(answer, ICMPv6NDOptPrefixInfo)


@case(must("RFC 4861 §6.2.6"))
def solicitation_from_the_unspecified_address_is_answered_to_all_nodes(advertiser, port, settled):
    port.send(rs(source="::", lladdr=None))
    assert expect(port, ICMPv6ND_RA, within=MAX_RA_DELAY_TIME)[IPv6].dst == ALL_NODES


@case(must("RFC 4861 §6.2.6"), logo="v6LC.2.2.9 B")
def multicast_answers_are_at_least_three_seconds_apart(advertiser, port, settled):
    # MIN_DELAY_BETWEEN_RAS.
    times = []
    for _ in range(40):
        port.send(rs(source="::", lladdr=None))
        times += [p.time for p in port.run(0.25) if find(p, ICMPv6ND_RA) and p[IPv6].dst == ALL_NODES]
    assert 3 <= len(times) <= 4
    assert all(b - a >= MIN_DELAY_BETWEEN_RAS for a, b in zip(times, times[1:]))


@case(must("RFC 4861 §6.2.6"))
def solicitation_tells_the_link_layer_address_of_its_source(advertiser, port, settled):
    port.answers.clear()
    port.send(rs(source=SECOND_ROUTER, lladdr=SECOND_MAC))
    port.run(1.0)
    port.send(echo_request(NODE.link_local, source=SECOND_ROUTER))
    assert port.run(0.1)[0].dst == SECOND_MAC

INVALID_SOLICITATIONS = {
    "hop limit is not 255": ("nd.bad_hop_limit", rs(hop_limit=254)),
    "wrong checksum": ("icmp6.bad_checksum", rs(cksum=0x1234)),
    "code is not 0": ("nd.bad_code", rs(code=1)),
    "shorter than 8 bytes": (
        "nd.truncated",
        ip(ALL_ROUTERS, source=TESTER.link_local, hlim=255) / ICMPv6Unknown(type=133, msgbody=bytes(3)),
    ),
    "option of length 0": (
        "nd.option_zero_length",
        rs(ICMPv6NDOptUnknown(type=200, len=0, data=bytes(6))),
    ),
    "from :: with a link-layer address": ("nd.unspecified_source_with_address", rs(source="::")),
}


@case(
    must("RFC 4861 §6.1.1"),
    logo={
        "hop limit is not 255": "v6LC.2.2.4 A",
        "wrong checksum": "v6LC.2.2.4 B",
        "code is not 0": "v6LC.2.2.4 C",
        "shorter than 8 bytes": "v6LC.2.2.4 D",
        "option of length 0": "v6LC.2.2.4 E",
        "from :: with a link-layer address": "v6LC.2.2.4 F",
    },
)
@pytest.mark.parametrize(("reason", "solicitation"), INVALID_SOLICITATIONS.values(), ids=INVALID_SOLICITATIONS)
def invalid_router_solicitation_is_silently_discarded(advertiser, port, settled, reason, solicitation):
    port.send(solicitation)
    expect_silence(port, within=4.0)
    expect_dropped(advertiser, reason)
