"""Default router preferences, more-specific routes, and what a host does with them (RFC 4191)."""

from __future__ import annotations

from socket import AF_INET6

import pytest
from scapy.layers.inet6 import ICMPv6ND_NS, ICMPv6ND_RA, ICMPv6NDOptUnknown
from scapy.pton_ntop import inet_pton

from kamesim.conformance.cases.ipv6._hosts import FAR, SECOND_MAC, SECOND_ROUTER, next_hop
from kamesim.conformance.exchange import ALL_NODES, TESTER, case, expect_none, find, must, na, ra

MEDIUM, HIGH, RESERVED, LOW = 0b00, 0b01, 0b10, 0b11
ROUTE = "2001:db8:7::"  # FAR is in it
MAX_REACHABLE_TIME, UNREACHABLE_AFTER = 45.0, 5.0 + 3 * 1.0
PROBE_INTERVAL = 60.0  # §3.5: "at most once per minute"


@pytest.fixture
def routers(host, port):
    """A host between two routers, which the tester plays; the function sends an advertisement of one of them."""
    port.answers[SECOND_ROUTER] = SECOND_MAC
    port.routers.add(SECOND_ROUTER)
    mac = {1: TESTER.mac, 2: SECOND_MAC}

    def advertise(which, *options, preference=MEDIUM, lifetime=1800):
        source = TESTER.link_local if which == 1 else SECOND_ROUTER
        packet = ra(*options, source=source, lladdr=mac[which], lifetime=lifetime)
        packet[ICMPv6ND_RA].prf = preference
        port.send(packet)

    return advertise


def route(prefix=ROUTE, length=48, *, preference=MEDIUM, lifetime=1800, units=None):
    """A Route Information option, its Length as small as the prefix length allows."""
    size = {0: 1}.get(length, 2 if length <= 64 else 3) if units is None else units
    prefix_bytes = inet_pton(AF_INET6, prefix)[: 8 * (size - 1)]
    head = bytes([length, preference << 3]) + lifetime.to_bytes(4, "big")
    return ICMPv6NDOptUnknown(type=24, len=size, data=head + prefix_bytes)


PAIRS = {
    "high before medium": (MEDIUM, HIGH, 2),
    "medium before low": (LOW, MEDIUM, 2),
    "high before low": (LOW, HIGH, 2),
    "low behind medium": (MEDIUM, LOW, 1),
    "medium behind high": (HIGH, MEDIUM, 1),
    "reserved is medium, before low": (LOW, RESERVED, 2),
    "reserved is medium, behind high": (HIGH, RESERVED, 1),
}


@case(must("RFC 4191 §3.1", "RFC 4191 §2.2"), logo={name: "v6LC.2.2.22" for name in PAIRS})
@pytest.mark.parametrize(("first", "second", "chosen"), PAIRS.values(), ids=PAIRS)
def default_router_is_chosen_by_its_preference(host, port, routers, first, second, chosen):
    routers(1, preference=first)
    routers(2, preference=second)
    assert next_hop(host, port) == (TESTER.mac if chosen == 1 else SECOND_MAC)


@case(must("RFC 4191 §3.1"))
def preference_of_the_latest_advertisement_counts(host, port, routers):
    routers(1, preference=HIGH)
    routers(2)
    assert next_hop(host, port) == TESTER.mac
    routers(1, preference=LOW)
    assert next_hop(host, port) == SECOND_MAC


@case(must("RFC 4191 §3.2"))
def router_that_answers_is_before_one_of_higher_preference(host, port, routers):
    routers(1)
    routers(2, preference=HIGH)
    assert next_hop(host, port) == SECOND_MAC
    del port.answers[SECOND_ROUTER]
    port.run(MAX_REACHABLE_TIME + 1.0)
    next_hop(host, port)
    port.run(UNREACHABLE_AFTER + 0.5)
    assert next_hop(host, port) == TESTER.mac


@case(must("RFC 4191 §3.5"))
def router_of_higher_preference_is_probed_while_another_is_used(host, port, routers):
    router_that_answers_is_before_one_of_higher_preference(host, port, routers)
    asked = []
    for _ in range(60):  # three minutes of traffic
        host.ping(FAR, count=1)
        asked += [p.time for p in port.run(3.0) if find(p, ICMPv6ND_NS) and p[ICMPv6ND_NS].tgt == SECOND_ROUTER]
    assert 2 <= len(asked) <= 4
    assert min(b - a for a, b in zip(asked, asked[1:])) >= PROBE_INTERVAL - 1e-6
    port.answers[SECOND_ROUTER] = SECOND_MAC
    for _ in range(25):
        next_hop(host, port)
        port.run(3.0)
    assert next_hop(host, port) == SECOND_MAC


@case(must("RFC 4191 §3.5"))
def router_is_not_probed_without_traffic(host, port, routers):
    router_that_answers_is_before_one_of_higher_preference(host, port, routers)
    port.run(UNREACHABLE_AFTER)
    expect_none(port, ICMPv6ND_NS, within=180.0, tgt=SECOND_ROUTER)


# --- Route Information options at a host of type C (§3.1) -------------------------------------------------------------

OPTIONS = {
    "length 2, 48 bits": route(),
    "length 3, 48 bits": route(units=3),
    "length 2, 64 bits": route(length=64),
    "length 3, 96 bits": route(length=96),
    "length 3, 128 bits": route(FAR, length=128),
    "bits behind the prefix": route("2001:db8:7:ffff::", length=48),
    "infinite lifetime": route(lifetime=0xFFFFFFFF),
    "preference low": route(preference=LOW),
}


@case(
    must("RFC 4191 §3.1", "RFC 4191 §2.3"),
    logo={"length 3, 96 bits": "v6LC.2.2.23 D", **{name: "v6LC.2.2.23" for name in OPTIONS if "96" not in name}},
)
@pytest.mark.parametrize("option", OPTIONS.values(), ids=OPTIONS)
def more_specific_route_is_used_before_a_default_route(host, port, routers, option):
    routers(1, preference=HIGH)
    routers(2, option)
    assert next_hop(host, port, FAR) == SECOND_MAC
    assert next_hop(host, port, "2001:db8:8::1") == TESTER.mac


@case(must("RFC 4191 §3.1"), logo="v6LC.2.2.23")
def route_of_a_router_that_is_no_default_router_is_used(host, port, routers):
    routers(1)
    routers(2, route(), lifetime=0)
    assert next_hop(host, port, FAR) == SECOND_MAC
    assert next_hop(host, port, "2001:db8:8::1") == TESTER.mac


USELESS = {
    "preference is reserved": route(preference=RESERVED),
    "length 2, 65 bits": route(length=65, units=2),
    "length 1, 48 bits": route(units=1),
    "129 bits": route(length=129, units=3),
    "lifetime of zero": route(lifetime=0),
}


@case(must("RFC 4191 §2.3"), logo={name: "v6LC.2.2.23" for name in USELESS})
@pytest.mark.parametrize("option", USELESS.values(), ids=USELESS)
def route_that_cannot_be_used_is_ignored(host, port, routers, option):
    routers(1, preference=HIGH)
    routers(2, option)
    assert next_hop(host, port, FAR) == TESTER.mac
    routers(2, option, route())  # the others count
    assert next_hop(host, port, FAR) == SECOND_MAC


@case(must("RFC 4191 §3.1"), logo="v6LC.2.2.23")
def longer_prefix_is_before_the_higher_preference(host, port, routers):
    routers(1, route(length=48, preference=HIGH))
    routers(2, route(length=64, preference=LOW))
    assert next_hop(host, port, FAR) == SECOND_MAC
    assert next_hop(host, port, "2001:db8:7:1::1") == TESTER.mac


@case(must("RFC 4191 §3.1"), logo="v6LC.2.2.23")
def of_equal_prefixes_the_higher_preference_is_used(host, port, routers):
    routers(1, route())
    routers(2, route(preference=HIGH))
    assert next_hop(host, port, FAR) == SECOND_MAC
    routers(1, route(preference=HIGH))
    routers(2, route(preference=LOW))
    assert next_hop(host, port, FAR) == TESTER.mac


@case(must("RFC 4191 §3.1"))
def route_ends_with_its_lifetime(host, port, routers):
    routers(1, preference=HIGH)
    routers(2, route(lifetime=30))
    port.run(28.0)
    assert next_hop(host, port, FAR) == SECOND_MAC
    port.run(2.0)
    assert next_hop(host, port, FAR) == TESTER.mac


@case(must("RFC 4191 §2.3"), logo="v6LC.2.2.23")
def lifetime_of_zero_takes_the_route_away(host, port, routers):
    routers(1, preference=HIGH)
    routers(2, route())
    assert next_hop(host, port, FAR) == SECOND_MAC
    routers(2, route(lifetime=0))
    assert next_hop(host, port, FAR) == TESTER.mac


DEFAULT_ROUTES = {
    "preference high": (route("::", 0, preference=HIGH), LOW, 1800, "v6LC.2.2.23 G"),
    "with a length of 3": (route("::", 0, preference=HIGH, units=3), LOW, 1800, "v6LC.2.2.23"),
    "instead of a router lifetime of zero": (route("::", 0, preference=HIGH), MEDIUM, 0, "v6LC.2.2.23"),
}


@case(must("RFC 4191 §3.1"), logo={name: row[-1] for name, row in DEFAULT_ROUTES.items()})
@pytest.mark.parametrize(
    ("option", "preference", "lifetime"), [row[:-1] for row in DEFAULT_ROUTES.values()], ids=DEFAULT_ROUTES
)
def default_route_of_an_option_overrides_the_header(host, port, routers, option, preference, lifetime):
    routers(1)
    routers(2, option, preference=preference, lifetime=lifetime)
    assert next_hop(host, port) == SECOND_MAC


@case(must("RFC 4191 §3.1"))
def default_route_of_an_option_with_a_lifetime_of_zero_ends_that_of_the_header(host, port, routers):
    routers(2, route("::", 0, preference=HIGH, lifetime=0), preference=HIGH)
    assert next_hop(host, port) is None


@case(must("RFC 4191 §3.2"))
def route_by_a_router_that_does_not_answer_is_left_for_the_next_shorter_one(host, port, routers):
    routers(1)
    routers(2, route())
    assert next_hop(host, port, FAR) == SECOND_MAC
    del port.answers[SECOND_ROUTER]
    port.run(MAX_REACHABLE_TIME + 1.0)
    next_hop(host, port, FAR)
    port.run(UNREACHABLE_AFTER + 0.5)
    assert next_hop(host, port, FAR) == TESTER.mac
    port.answers[SECOND_ROUTER] = SECOND_MAC
    for _ in range(25):  # a probe a minute finds it
        next_hop(host, port, FAR)
        port.run(3.0)
    assert next_hop(host, port, FAR) == SECOND_MAC


@case(must("RFC 4191 §3.1"))
def router_that_ceases_to_be_one_takes_its_routes_along(host, port, routers):
    routers(1)
    routers(2, route())
    assert next_hop(host, port, FAR) == SECOND_MAC
    port.send(na(SECOND_ROUTER, destination=ALL_NODES, solicited=0, router=0, lladdr=SECOND_MAC))
    assert next_hop(host, port, FAR) == TESTER.mac


@case(must("RFC 4191 §2.3"))
def router_does_not_listen_to_route_information(router, left):
    left.send(ra(route()))
    left.run(1.0)
    assert next_hop(router, left, FAR) is None
