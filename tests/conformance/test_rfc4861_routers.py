"""What routers say to hosts (RFC 4861 §6.2, §8.2): Router Advertisements and redirects."""

import math

import pytest
from exchange import (
    ALL_NODES,
    ALL_ROUTERS,
    ETHERNET,
    INFINITY,
    NODE,
    NODE_RIGHT,
    TESTER,
    TESTER_RIGHT,
    echo_request,
    expect,
    expect_none,
    expect_silence,
    find,
    ip,
    options_of,
    payload_of,
    rs,
)
from scapy.layers.inet6 import (
    ICMPv6EchoRequest,
    ICMPv6ND_RA,
    ICMPv6ND_Redirect,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptMTU,
    ICMPv6NDOptPrefixInfo,
    ICMPv6NDOptRedirectedHdr,
    ICMPv6NDOptSrcLLAddr,
    ICMPv6NDOptUnknown,
    ICMPv6Unknown,
    IPv6,
)

MAX_RA_DELAY_TIME = 0.5
MIN_DELAY_BETWEEN_RAS = 3.0
MAX_INITIAL_RTR_ADVERT_INTERVAL, MAX_INITIAL_RTR_ADVERTISEMENTS = 16.0, 3
PREFIX = "2001:db8:1::"
SECOND_ROUTER, SECOND_MAC = "fe80::77", "02:00:00:00:00:77"


@pytest.fixture
def advertiser(lab):
    """A router that has just begun to advertise itself on a LAN with the prefix PREFIX/64."""
    node = lab.net.router("router")
    lan = lab.lan(prefix=f"{PREFIX}/64")
    lab.port(lan)
    lab.attach(lan, node, address=f"{NODE.address}/64")
    return node


@pytest.fixture
def port(advertiser, lab):
    return lab.ports[0]


@pytest.fixture
def settled(port):
    """The initial advertisements are over."""
    port.run(60.0)


# --- Router Advertisements (RFC 4861 §6.2.3, §6.2.4) ----------------------------------------------------------------------------


def test_advertisement_comes_from_the_link_local_address_to_all_nodes(port):  # RFC 4861 §4.2, §6.1.2
    advertisement = expect(port, ICMPv6ND_RA, within=20.0, code=0)
    header = advertisement[IPv6]
    assert (header.src, header.dst, header.hlim) == (NODE.link_local, ALL_NODES, 255)
    assert [option.lladdr for option in options_of(advertisement, ICMPv6NDOptSrcLLAddr)] == [NODE.mac]


def test_advertisement_tells_the_defaults_of_the_rfc(port):  # RFC 4861 §6.2.1
    message = expect(port, ICMPv6ND_RA, within=20.0)[ICMPv6ND_RA]
    assert message.routerlifetime == 3 * 600  # AdvDefaultLifetime: 3 times MaxRtrAdvInterval
    assert (message.M, message.O) == (0, 0)
    assert (message.reachabletime, message.retranstimer) == (0, 0)  # unspecified
    assert message.chlim == 64  # AdvCurHopLimit: of the Assigned Numbers


def test_advertisement_tells_the_prefix(port):  # RFC 4861 §4.6.2, §6.2.1
    (prefix,) = options_of(expect(port, ICMPv6ND_RA, within=20.0), ICMPv6NDOptPrefixInfo)
    assert (prefix.prefix, prefix.prefixlen, prefix.L, prefix.A) == (PREFIX, 64, 1, 1)
    assert (prefix.validlifetime, prefix.preferredlifetime) == (2592000, 604800)  # 30 days, 7 days


def test_initial_advertisements_come_quickly(port):  # RFC 4861 §6.2.4
    times = [p.time for p in port.run(60.0) if find(p, ICMPv6ND_RA)]
    assert len(times) >= MAX_INITIAL_RTR_ADVERTISEMENTS
    gaps = [b - a for a, b in zip(times, times[1:])][: MAX_INITIAL_RTR_ADVERTISEMENTS - 1]
    assert gaps == pytest.approx([MAX_INITIAL_RTR_ADVERT_INTERVAL] * 2, abs=1e-6)  # less than the 198 s of later ones


def test_later_advertisements_come_at_random_intervals(port, settled):  # RFC 4861 §6.2.1: 198 s to 600 s
    times = [p.time for p in port.run(6000.0) if find(p, ICMPv6ND_RA)]
    gaps = [b - a for a, b in zip(times, times[1:])]
    assert len(gaps) >= 9
    assert all(0.33 * 600 <= gap <= 600 for gap in gaps)
    assert len({round(gap, 3) for gap in gaps}) == len(gaps)


def test_advertisement_tells_what_is_configured(advertiser, port):  # RFC 4861 §4.2, §6.2.1
    advertiser.advertise(
        "lan",
        max_interval=4.0,
        adv_managed_flag=True,
        adv_other_config_flag=True,
        adv_link_mtu=1400,
        adv_reachable_time=30.0,
        adv_retrans_timer=2.0,
        adv_cur_hop_limit=0,
        adv_default_lifetime=0.0,
        prefixes=[f"{PREFIX}/64", "2001:db8:5::/64"],
        adv_valid_lifetime=math.inf,
        adv_preferred_lifetime=1000.0,
        adv_on_link_flag=False,
        source_link_layer_address=False,
    )
    port.run(10.0)
    advertisement = expect(port, ICMPv6ND_RA, within=5.0)
    message = advertisement[ICMPv6ND_RA]
    assert (message.M, message.O, message.routerlifetime, message.chlim) == (1, 1, 0, 0)
    assert (message.reachabletime, message.retranstimer) == (30000, 2000)  # ms
    assert [option.mtu for option in options_of(advertisement, ICMPv6NDOptMTU)] == [1400]
    assert options_of(advertisement, ICMPv6NDOptSrcLLAddr) == []
    prefixes = options_of(advertisement, ICMPv6NDOptPrefixInfo)
    assert [(p.prefix, p.L, p.A, p.validlifetime, p.preferredlifetime) for p in prefixes] == [
        (PREFIX, 0, 1, INFINITY, 1000),
        ("2001:db8:5::", 0, 1, INFINITY, 1000),
    ]


def test_router_says_goodbye(advertiser, port, settled):  # RFC 4861 §6.2.5: MAX_FINAL_RTR_ADVERTISEMENTS
    advertiser.cease_advertising("lan")
    last = [p for p in port.run(60.0) if find(p, ICMPv6ND_RA)]
    assert 1 <= len(last) <= 3
    assert {p[ICMPv6ND_RA].routerlifetime for p in last} == {0}
    expect_none(port, ICMPv6ND_RA, within=1800.0)


def test_router_that_has_said_goodbye_does_not_answer_solicitations(advertiser, port, settled):  # RFC 4861 §6.2.5
    advertiser.cease_advertising("lan")
    port.run(60.0)
    port.send(rs())
    expect_none(port, ICMPv6ND_RA, within=5.0)


def test_router_without_a_prefix_to_advertise_is_silent(router, left):  # RFC 4861 §6.2.1: AdvSendAdvertisements
    left.send(rs())
    expect_none(left, ICMPv6ND_RA, within=700.0)


# --- Router Solicitations (RFC 4861 §6.1.1, §6.2.6) ----------------------------------------------------------------------------------


def test_solicitation_is_answered_within_half_a_second(port, settled):  # RFC 4861 §6.2.6: MAX_RA_DELAY_TIME
    port.send(rs())
    answer = expect(port, ICMPv6ND_RA, within=MAX_RA_DELAY_TIME)
    assert answer[IPv6].dst in (ALL_NODES, TESTER.link_local)
    assert options_of(answer, ICMPv6NDOptPrefixInfo)


def test_solicitation_from_the_unspecified_address_is_answered_to_all_nodes(port, settled):  # RFC 4861 §6.2.6
    port.send(rs(source="::", lladdr=None))
    assert expect(port, ICMPv6ND_RA, within=MAX_RA_DELAY_TIME)[IPv6].dst == ALL_NODES


def test_multicast_answers_are_at_least_three_seconds_apart(port, settled):  # RFC 4861 §6.2.6: MIN_DELAY_BETWEEN_RAS
    times = []
    for _ in range(40):
        port.send(rs(source="::", lladdr=None))
        times += [p.time for p in port.run(0.25) if find(p, ICMPv6ND_RA) and p[IPv6].dst == ALL_NODES]
    assert 3 <= len(times) <= 4
    assert all(b - a >= MIN_DELAY_BETWEEN_RAS for a, b in zip(times, times[1:]))


def test_solicitation_tells_the_link_layer_address_of_its_source(port, settled):  # RFC 4861 §6.2.6
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


@pytest.mark.parametrize(("reason", "solicitation"), INVALID_SOLICITATIONS.values(), ids=INVALID_SOLICITATIONS)
def test_invalid_router_solicitation_is_silently_discarded(advertiser, port, settled, reason, solicitation):  # §6.1.1
    port.send(solicitation)
    expect_silence(port, within=4.0)
    assert advertiser.drops[reason] == 1


# --- Redirects (RFC 4861 §8.2) ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def better_hop(router, left):
    """The router's way to 2001:db8:7::/64 goes back over the left link."""
    left.answers[SECOND_ROUTER] = SECOND_MAC
    router.add_route("2001:db8:7::/64", via=SECOND_ROUTER, interface=router.interfaces[0])
    left.send(echo_request(NODE.address))  # the router knows the tester now
    left.run(1.0)


FAR = "2001:db8:7::1"


def test_packet_that_leaves_by_its_link_is_forwarded_and_redirected(router, left, better_hop):  # RFC 4861 §8.2
    request = echo_request(FAR, to_mac=NODE.mac)
    left.send(request)
    frames = left.run(1.0)
    (redirect,) = [p for p in frames if find(p, ICMPv6ND_Redirect)]
    header, message = redirect[IPv6], redirect[ICMPv6ND_Redirect]
    assert (header.src, header.dst, header.hlim) == (NODE.link_local, TESTER.address, 255)
    assert (message.tgt, message.dst, message.code) == (SECOND_ROUTER, FAR, 0)
    (forwarded,) = [p for p in frames if find(p, ICMPv6EchoRequest)]
    assert (forwarded.dst, forwarded[IPv6].hlim) == (SECOND_MAC, 63)


def test_redirect_tells_the_link_layer_address_that_is_known(router, left, better_hop):  # RFC 4861 §8.2
    left.send(echo_request(FAR, to_mac=NODE.mac))
    left.run(2.0)
    left.send(echo_request(FAR, to_mac=NODE.mac))
    redirect = expect(left, ICMPv6ND_Redirect)
    assert [option.lladdr for option in options_of(redirect, ICMPv6NDOptDstLLAddr)] == [SECOND_MAC]


@pytest.mark.parametrize("size", [20, 1400], ids=lambda n: f"{n} bytes")
def test_redirect_quotes_as_much_as_fits_the_minimum_mtu(router, left, better_hop, size):  # RFC 4861 §8.2, §4.6.3
    request = echo_request(FAR, bytes(i & 0xFF for i in range(size)), to_mac=NODE.mac)
    left.send(request)
    redirect = expect(left, ICMPv6ND_Redirect)
    (option,) = options_of(redirect, ICMPv6NDOptRedirectedHdr)
    at = redirect.wire.rindex(bytes([4, option.len, 0, 0, 0, 0, 0, 0])) + 8
    quotation = redirect.wire[at : at + 8 * (option.len - 1)]
    original = bytes(request)[ETHERNET:]
    assert 40 + redirect[IPv6].plen <= 1280
    # The hop limit may be the one that was received, or lower by one.
    assert quotation[:7] == original[:7] and quotation[8 : len(original)] == original[8 : len(quotation)]
    assert len(quotation) >= min(len(original), 1280 - 40 - 40 - 8 - 8 - 7)


def test_neighbor_that_is_the_destination_is_redirected_to_itself(router, left, better_hop):  # RFC 4861 §8.2
    left.answers["2001:db8:1::77"] = SECOND_MAC
    left.send(echo_request("2001:db8:1::77", to_mac=NODE.mac))
    expect(left, ICMPv6ND_Redirect, tgt="2001:db8:1::77", dst="2001:db8:1::77")


def test_source_that_is_no_neighbor_is_not_redirected(router, left, better_hop):  # RFC 4861 §8.2
    left.send(echo_request(FAR, source="2001:db8:9::9", to_mac=NODE.mac))
    expect_none(left, ICMPv6ND_Redirect)


def test_packet_that_goes_on_by_another_link_is_not_redirected(router, left, right):  # RFC 4861 §8.2
    left.send(echo_request(TESTER_RIGHT.address, to_mac=NODE.mac))
    expect(right, ICMPv6EchoRequest)
    expect_none(left, ICMPv6ND_Redirect)


def test_redirects_are_limited_in_rate(router, left, better_hop):  # RFC 4861 §8.2: "MUST limit the rate"
    left.send(*[echo_request(FAR, seq=n, to_mac=NODE.mac) for n in range(100)])
    assert sum(find(p, ICMPv6ND_Redirect) is not None for p in left.run(1.0)) < 50
