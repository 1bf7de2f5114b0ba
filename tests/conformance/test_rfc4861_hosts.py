"""Hosts and their routers (RFC 4861 §6.3, §8.3): Router Advertisements, default routers, prefixes, redirects."""

import pytest
from exchange import (
    ALL_NODES,
    ALL_ROUTERS,
    ETHERNET,
    NODE,
    TESTER,
    datagram,
    echo_request,
    expect,
    expect_none,
    expect_silence,
    find,
    group_mac,
    ip,
    lladdr_option,
    na,
    options_of,
    payload_of,
    prefix_information,
    ra,
    rs,
    stack,
)
from scapy.layers.inet6 import (
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_Redirect,
    ICMPv6ND_RS,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptMTU,
    ICMPv6NDOptRedirectedHdr,
    ICMPv6NDOptSrcLLAddr,
    ICMPv6NDOptUnknown,
    ICMPv6Unknown,
    IPv6,
)

FAR = "2001:db8:7::1"  # off link: reached by a router
SECOND_ROUTER, SECOND_MAC = "fe80::77", "02:00:00:00:00:77"


def option_of_length(units):
    return ICMPv6NDOptUnknown(type=200, len=units, data=bytes(6))


def next_hop(host, port, destination=FAR):
    """The station that the host sends a packet for the destination to; None if it sends none."""
    host.ping(destination, count=1)
    requests = [p for p in port.run(0.5) if find(p, ICMPv6EchoRequest) and p[IPv6].dst == destination]
    return requests[0].dst if requests else None


def second_ra(*options, **fields):
    return ra(*options, source=SECOND_ROUTER, lladdr=SECOND_MAC, **fields)


# --- Router Solicitations (RFC 4861 §6.3.7) -----------------------------------------------------------------------------------


def test_host_solicits_routers_three_times_four_seconds_apart(fresh_port):  # RFC 4861 §6.3.7
    times = [p.time for p in fresh_port.run(60.0) if find(p, ICMPv6ND_RS)]
    assert len(times) == 3
    # MAX_RTR_SOLICITATION_DELAY, and as long again for testing the link-local address (RFC 4862 §5.4.2).
    assert times[0] <= 1.0 + 2.0
    assert [b - a for a, b in zip(times, times[1:])] == pytest.approx([4.0, 4.0], abs=1e-6)


def test_router_solicitation_goes_to_all_routers(fresh_port):  # RFC 4861 §4.1
    for solicitation in [p for p in fresh_port.run(15.0) if find(p, ICMPv6ND_RS)]:
        assert (solicitation[IPv6].dst, solicitation.dst) == (ALL_ROUTERS, group_mac(ALL_ROUTERS))
        assert solicitation[IPv6].hlim == 255
        told = [option.lladdr for option in options_of(solicitation, ICMPv6NDOptSrcLLAddr)]
        assert told == ([] if solicitation[IPv6].src == "::" else [NODE.mac])


def test_host_stops_soliciting_once_it_hears_a_router(fresh_port):  # RFC 4861 §6.3.7
    expect(fresh_port, ICMPv6ND_RS, within=3.0)
    fresh_port.send(ra())
    expect_none(fresh_port, ICMPv6ND_RS, within=30.0)


def test_host_goes_on_soliciting_after_a_router_that_is_no_default(fresh_port):  # RFC 4861 §6.3.7: non-zero lifetime
    expect(fresh_port, ICMPv6ND_RS, within=3.0)
    fresh_port.send(ra(lifetime=0))
    expect(fresh_port, ICMPv6ND_RS, within=4.1)


def test_host_does_not_answer_router_solicitations(host, port):  # RFC 4861 §6.2.6
    port.send(rs())
    expect_silence(port)


# --- Router Advertisements: which are valid (RFC 4861 §6.1.2) -------------------------------------------------------------------

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


@pytest.mark.parametrize(("reason", "advertisement"), INVALID_ADVERTISEMENTS.values(), ids=INVALID_ADVERTISEMENTS)
def test_invalid_router_advertisement_is_silently_discarded(host, port, reason, advertisement):  # RFC 4861 §6.1.2
    port.send(advertisement)
    expect_silence(port)
    assert host.drops[reason] == 1
    assert next_hop(host, port) is None
    port.send(ra())
    assert next_hop(host, port) == TESTER.mac


def test_unknown_options_and_flags_of_a_router_advertisement_are_ignored(host, port):  # RFC 4861 §6.1.2
    port.send(ra(option_of_length(1), res=7))
    assert next_hop(host, port) == TESTER.mac


# --- Default routers (RFC 4861 §6.3.4, §6.3.5, §6.3.6) -----------------------------------------------------------------------------


def test_router_with_a_lifetime_becomes_a_default_router(host, port):  # RFC 4861 §6.3.4
    assert next_hop(host, port) is None
    port.send(ra())
    assert next_hop(host, port) == TESTER.mac


def test_lifetime_of_zero_takes_the_router_off_the_list_at_once(host, port):  # RFC 4861 §6.3.4
    port.send(ra())
    assert next_hop(host, port) == TESTER.mac
    port.send(ra(lifetime=0))
    assert next_hop(host, port) is None


def test_router_is_forgotten_when_its_lifetime_is_over(host, port):  # RFC 4861 §6.3.5
    port.send(ra(lifetime=20))
    port.run(19.0)
    assert next_hop(host, port) == TESTER.mac
    port.run(1.0)
    assert next_hop(host, port) is None


def test_new_advertisement_renews_the_lifetime(host, port):  # RFC 4861 §6.3.4
    port.send(ra(lifetime=20))
    port.run(15.0)
    port.send(ra(lifetime=20))
    port.run(15.0)
    assert next_hop(host, port) == TESTER.mac


def test_link_layer_address_of_an_advertisement_is_used(host, port):  # RFC 4861 §6.3.4
    port.answers.clear()
    port.send(ra())
    assert next_hop(host, port) == TESTER.mac


def test_router_that_does_not_tell_its_link_layer_address_is_asked(host, port):  # RFC 4861 §6.3.4
    port.send(ra(lladdr=None))
    host.ping(FAR, count=1)
    expect(port, ICMPv6ND_NS, tgt=TESTER.link_local)
    assert expect(port, ICMPv6EchoRequest).dst == TESTER.mac


def test_second_router_takes_over_when_the_first_is_taken_off(host, port):  # RFC 4861 §6.3.6
    port.answers[SECOND_ROUTER] = SECOND_MAC
    port.send(ra())
    port.send(second_ra())
    first = next_hop(host, port)
    assert first in (TESTER.mac, SECOND_MAC)
    port.send(ra(lifetime=0) if first == TESTER.mac else second_ra(lifetime=0))
    assert {first, next_hop(host, port)} == {TESTER.mac, SECOND_MAC}


def test_reachable_router_is_preferred_to_one_that_does_not_answer(host, port):  # RFC 4861 §6.3.6
    port.answers = {SECOND_ROUTER: SECOND_MAC}
    port.send(ra())
    assert next_hop(host, port) == TESTER.mac
    port.send(second_ra())
    for _ in range(20):  # unreachability detection takes 8 s of it
        next_hop(host, port)
    assert next_hop(host, port) == SECOND_MAC


def test_neighbor_that_ceases_to_be_a_router_is_no_default_router(host, port):  # RFC 4861 §7.2.5: IsRouter
    port.answers[SECOND_ROUTER] = SECOND_MAC
    port.send(ra())
    port.send(second_ra())
    first = next_hop(host, port)
    end, mac = (TESTER.link_local, TESTER.mac) if first == TESTER.mac else (SECOND_ROUTER, SECOND_MAC)
    port.send(na(end, destination=ALL_NODES, solicited=0, router=0, lladdr=mac))
    assert {first, next_hop(host, port)} == {TESTER.mac, SECOND_MAC}


def test_router_does_not_listen_to_advertisements(router, left):  # RFC 4861 §6.2.7
    left.send(ra(prefix_information("2001:db8:5::")))
    left.run(3.0)
    assert next_hop(router, left) is None
    assert all(not address.startswith("2001:db8:5:") for address in router.interfaces[0].addresses)


# --- Parameters of the link (RFC 4861 §6.3.4) ------------------------------------------------------------------------------------------


def test_hop_limit_of_the_advertisement_is_used(host, port):  # RFC 4861 §6.3.4: CurHopLimit
    port.send(ra(cur_hop_limit=33))
    host.ping(FAR, count=1)
    assert expect(port, ICMPv6EchoRequest)[IPv6].hlim == 33


def test_unspecified_hop_limit_leaves_the_old_one(host, port):  # RFC 4861 §6.3.4
    port.send(ra(cur_hop_limit=33))
    port.send(ra(cur_hop_limit=0))
    host.ping(FAR, count=1)
    assert expect(port, ICMPv6EchoRequest)[IPv6].hlim == 33


def largest_packet(host, port):
    host.ping(TESTER.address, count=1, size=3000)
    return max(40 + p[IPv6].plen for p in port.run(0.5) if p[IPv6].nh == 44)


@pytest.mark.parametrize(
    ("advertised", "used"), [(1400, 1400), (1280, 1280), (1279, 1500), (0, 1500), (1501, 1500)], ids=str
)
def test_mtu_of_the_advertisement_is_used_if_it_can_be(host, port, advertised, used):  # RFC 4861 §6.3.4
    port.send(ra(ICMPv6NDOptMTU(mtu=advertised)))
    assert used - 8 < largest_packet(host, port) <= used


def test_retransmission_timer_of_the_advertisement_is_used(host, port):  # RFC 4861 §6.3.4: RetransTimer
    port.send(ra(retrans_timer=2500))
    host.ping("2001:db8:1::77", count=1)
    times = [expect(port, ICMPv6ND_NS, within=2.6, tgt="2001:db8:1::77").time for _ in range(3)]
    assert [b - a for a, b in zip(times, times[1:])] == pytest.approx([2.5, 2.5], abs=1e-6)


def test_reachable_time_of_the_advertisement_is_used(host, port):  # RFC 4861 §6.3.4: 0.5 to 1.5 times ReachableTime
    port.send(ra(reachable_time=4000))
    port.send(echo_request())
    expect(port, ICMPv6EchoReply)  # the tester's address is known to be reachable now
    port.run(1.9)
    port.send(echo_request(seq=2))
    expect_none(port, ICMPv6ND_NS, within=4.2, tgt=TESTER.address)  # it was still reachable
    port.send(echo_request(seq=3))
    expect(port, ICMPv6ND_NS, within=5.1, tgt=TESTER.address)  # it was no more


# --- Prefixes on the link (RFC 4861 §6.3.4, §6.3.5; RFC 5942) ---------------------------------------------------------------------------

ON_LINK = "2001:db8:5::77"


def on_link(valid=86400, preferred=14400, **fields):
    return prefix_information("2001:db8:5::", autonomous=0, valid=valid, preferred=preferred, **fields)


@pytest.fixture
def hears_neighbor(port):
    port.answers[ON_LINK] = SECOND_MAC


def test_destination_in_a_prefix_on_the_link_is_a_neighbor(host, port, hears_neighbor):  # RFC 4861 §5.2, §6.3.4
    port.send(ra(on_link()))
    assert next_hop(host, port, ON_LINK) == SECOND_MAC


def test_prefix_without_the_on_link_flag_says_nothing(host, port, hears_neighbor):  # RFC 4861 §6.3.4; RFC 5942 §4
    port.send(ra(on_link(on_link=0)))
    assert next_hop(host, port, ON_LINK) == TESTER.mac


def test_prefix_with_a_lifetime_of_zero_is_off_the_link_at_once(host, port, hears_neighbor):  # RFC 4861 §6.3.4
    port.send(ra(on_link()))
    assert next_hop(host, port, ON_LINK) == SECOND_MAC
    port.send(ra(on_link(valid=0, preferred=0)))
    assert next_hop(host, port, ON_LINK) == TESTER.mac


def test_prefix_is_forgotten_when_its_lifetime_is_over(host, port, hears_neighbor):  # RFC 4861 §6.3.5
    port.send(ra(on_link(valid=30, preferred=30)))
    port.run(29.0)
    assert next_hop(host, port, ON_LINK) == SECOND_MAC
    port.run(1.0)
    assert next_hop(host, port, ON_LINK) == TESTER.mac


def test_prefix_of_any_length_can_be_on_the_link(host, port, hears_neighbor):  # RFC 4861 §6.3.4: not only /64
    port.send(ra(on_link(length=120)))
    assert next_hop(host, port, ON_LINK) == SECOND_MAC
    assert next_hop(host, port, "2001:db8:5::177") == TESTER.mac


def test_prefix_is_heard_from_a_router_that_is_no_default(host, port, hears_neighbor):  # RFC 4861 §6.3.4
    port.send(ra(on_link(), lifetime=0))
    assert next_hop(host, port, ON_LINK) == SECOND_MAC


# --- Redirects (RFC 4861 §8.1, §8.3) ----------------------------------------------------------------------------------------------------


def redirect(
    target=SECOND_ROUTER,
    *options,
    destination=FAR,
    source=TESTER.link_local,
    lladdr=SECOND_MAC,
    hop_limit=255,
    **fields,
):
    invoking = IPv6(bytes(datagram(destination, source=NODE.address))[ETHERNET:])
    return stack(
        ip(NODE.address, source=source, hlim=hop_limit),
        ICMPv6ND_Redirect(tgt=target, dst=destination, **fields),
        *lladdr_option(ICMPv6NDOptDstLLAddr, lladdr),
        ICMPv6NDOptRedirectedHdr(pkt=invoking),
        *options,
    )


@pytest.fixture
def by_router(host, port):
    """The host sends to FAR by the tester."""
    port.send(ra())
    assert next_hop(host, port) == TESTER.mac


def test_redirect_to_a_better_router_is_followed(host, port, by_router):  # RFC 4861 §8.3
    port.send(redirect())
    assert next_hop(host, port) == SECOND_MAC
    assert next_hop(host, port, "2001:db8:7::2") == TESTER.mac  # for this destination only


def test_redirect_to_the_destination_itself_makes_it_a_neighbor(host, port, by_router):  # RFC 4861 §8.3
    port.send(redirect(FAR))
    assert next_hop(host, port) == SECOND_MAC


def test_target_whose_link_layer_address_is_not_told_is_asked(host, port, by_router):  # RFC 4861 §8.3
    port.answers[SECOND_ROUTER] = SECOND_MAC
    port.routers.add(SECOND_ROUTER)
    port.send(redirect(lladdr=None))
    host.ping(FAR, count=1)
    expect(port, ICMPv6ND_NS, tgt=SECOND_ROUTER)
    assert expect(port, ICMPv6EchoRequest).dst == SECOND_MAC


def test_redirect_can_be_redirected_again(host, port, by_router):  # RFC 4861 §8.3: by the router it was redirected to
    port.send(redirect())
    assert next_hop(host, port) == SECOND_MAC
    port.send(redirect("fe80::66", source=SECOND_ROUTER, lladdr="02:00:00:00:00:66"))
    assert next_hop(host, port) == "02:00:00:00:00:66"


INVALID_REDIRECTS = {
    "source is not link-local": ("nd.source_not_link_local", {"source": TESTER.address}),
    "hop limit is not 255": ("nd.bad_hop_limit", {"hop_limit": 254}),
    "wrong checksum": ("icmp6.bad_checksum", {"cksum": 0x1234}),
    "code is not 0": ("nd.bad_code", {"code": 1}),
    "source is not the first hop": ("nd.redirect_not_from_first_hop", {"source": "fe80::66"}),
    "destination is a group": ("nd.multicast_redirect", {"destination": "ff0e::7"}),
    "target is neither a router nor the destination": ("nd.bad_redirect_target", {"target": "2001:db8:1::77"}),
}


@pytest.mark.parametrize(("reason", "fields"), INVALID_REDIRECTS.values(), ids=INVALID_REDIRECTS)
def test_invalid_redirect_is_silently_discarded(host, port, by_router, reason, fields):  # RFC 4861 §8.1
    port.send(redirect(**fields))
    expect_silence(port)
    assert host.drops[reason] == 1
    assert next_hop(host, port) == TESTER.mac


def test_redirect_that_is_too_short_is_discarded(host, port, by_router):  # RFC 4861 §8.1: 40 bytes
    kept = payload_of(redirect(lladdr=None))[4:39]
    port.send(ip(source=TESTER.link_local, hlim=255) / ICMPv6Unknown(type=137, msgbody=kept))
    expect_silence(port)
    assert host.drops["nd.truncated"] == 1


def test_redirect_with_an_option_of_length_0_is_discarded(host, port, by_router):  # RFC 4861 §8.1
    port.send(redirect(SECOND_ROUTER, option_of_length(0)))
    assert next_hop(host, port) == TESTER.mac
    assert host.drops["nd.option_zero_length"] == 1


def test_router_does_not_follow_redirects(router, left):  # RFC 4861 §8.2
    router.add_route("::/0", via=TESTER.link_local, interface=router.interfaces[0])
    assert next_hop(router, left) == TESTER.mac
    left.send(redirect())
    assert next_hop(router, left) == TESTER.mac


def test_redirected_destination_falls_back_when_the_new_hop_is_gone(host, port, by_router):  # RFC 4861 §7.3.3, §5.3
    port.send(redirect())
    assert next_hop(host, port) == SECOND_MAC  # which answers no probe
    for _ in range(20):
        next_hop(host, port)
    assert next_hop(host, port) == TESTER.mac
