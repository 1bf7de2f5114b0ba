"""ICMPv6 (RFC 4443): echo, the errors that nodes originate, and those that they do not."""

import pytest
from exchange import (
    ALL_NODES,
    CLOSED_PORT,
    ETHERNET,
    NODE,
    NODE_RIGHT,
    TESTER,
    TESTER_RIGHT,
    datagram,
    echo,
    echo_request,
    expect,
    expect_none,
    expect_silence,
    fragments,
    ip,
    payload_of,
    quoted,
)
from scapy.layers.inet import UDP
from scapy.layers.inet6 import (
    HBHOptUnknown,
    ICMPv6DestUnreach,
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6ND_Redirect,
    ICMPv6PacketTooBig,
    ICMPv6ParamProblem,
    ICMPv6TimeExceeded,
    ICMPv6Unknown,
    IPerror6,
    IPv6,
    IPv6ExtHdrDestOpt,
)
from scapy.packet import Raw

NO_ROUTE, BEYOND_SCOPE, PORT_UNREACHABLE, REJECT_ROUTE = 0, 2, 4, 6
MINIMUM_MTU = 1280

# Asks for a Parameter Problem whoever the packet is for (RFC 8200 §4.2: 10).
BAD_OPTION = IPv6ExtHdrDestOpt(options=[HBHOptUnknown(otype=0x80, optlen=0)])


# --- Echo (RFC 4443 §4) ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 56, 1452], ids=lambda n: f"{n} bytes")
def test_echo_reply_returns_identifier_sequence_number_and_data(host, port, size):  # RFC 4443 §4.2
    data = bytes(i & 0xFF for i in range(size))
    port.send(ip() / echo(data, id=0xBEEF, seq=0xFEED))
    reply = expect(port, ICMPv6EchoReply, type=129, code=0, id=0xBEEF, seq=0xFEED)
    assert payload_of(reply)[8:] == data


@pytest.mark.parametrize("address", [NODE.address, NODE.link_local], ids=["global", "link-local"])
def test_echo_reply_comes_from_the_address_that_was_asked(host, port, address):  # RFC 4443 §4.2
    port.send(echo_request(address))
    reply = expect(port, ICMPv6EchoReply)
    assert (reply[IPv6].src, reply[IPv6].dst) == (address, TESTER.address)


@pytest.mark.parametrize("source", [TESTER.address, TESTER.link_local], ids=["global", "link-local"])
def test_echo_to_a_group_is_answered_from_a_unicast_address(host, port, source):  # RFC 4443 §4.2
    port.send(echo_request(ALL_NODES, source=source))
    reply = expect(port, ICMPv6EchoReply)
    assert reply[IPv6].dst == source
    assert reply[IPv6].src == (NODE.address if source == TESTER.address else NODE.link_local)


def test_echo_to_an_anycast_address_is_answered_from_a_unicast_address(host, port):  # RFC 4443 §4.2
    host.add_address("2001:db8:1::a/64", anycast=True)
    port.run(3.0)
    port.send(echo_request("2001:db8:1::a"))
    assert expect(port, ICMPv6EchoReply)[IPv6].src == NODE.address


def test_reassembled_echo_is_answered_in_fragments(host, port):  # RFC 4443 §4.2: the data is returned entirely
    data = bytes(i & 0xFF for i in range(4000))
    port.send(*fragments(payload_of(echo_request(data=data)), 1448))
    pieces = port.run(1.0)
    answer = b"".join(payload_of(piece)[8:] for piece in pieces if piece[IPv6].nh == 44)
    assert answer[:2] == b"\x81\0" and answer[8:] == data


def test_echo_reply_nobody_asked_for_is_discarded(host, port):  # RFC 4443 §4.2
    port.send(ip() / ICMPv6EchoReply(id=1, seq=1))
    expect_silence(port)


# --- Input (RFC 4443 §2.3, §2.4) ---------------------------------------------------------------------------------------------


def test_wrong_checksum_is_discarded(host, port):  # RFC 4443 §2.3
    port.send(ip() / echo(cksum=0x1234))
    expect_silence(port)
    assert host.drops["icmp6.bad_checksum"] == 1


def test_informational_message_of_unknown_type_is_discarded(host, port):  # RFC 4443 §2.4 b
    port.send(ip() / ICMPv6Unknown(type=200, msgbody=bytes(8)))
    expect_silence(port)
    assert host.drops["icmp6.unknown_type"] == 1


def test_error_of_unknown_type_is_not_answered(host, port):  # RFC 4443 §2.4 a
    about = bytes(datagram(TESTER.address, source=NODE.address))[ETHERNET:]
    port.send(ip() / ICMPv6Unknown(type=100, msgbody=bytes(4) + about))
    expect_silence(port)


def test_message_without_a_whole_header_is_discarded(host, port):  # RFC 4443 §2.1
    port.send(ip(nh=58) / Raw(b"\x80\0"))
    expect_silence(port)
    assert host.drops["icmp6.truncated"] == 1


# --- Errors: what they are like (RFC 4443 §2.2, §2.4 c) -----------------------------------------------------------------------


def test_datagram_to_a_closed_port_is_answered_by_port_unreachable(host, port):  # RFC 4443 §3.1
    request = datagram(data=b"anybody there?")
    port.send(request)
    error = expect(port, ICMPv6DestUnreach, code=PORT_UNREACHABLE)
    assert quoted(error) == bytes(request)[ETHERNET:]
    assert payload_of(error)[4:8] == bytes(4), "unused"
    assert host.drops["udp.no_port"] == 1


@pytest.mark.parametrize("address", [NODE.address, NODE.link_local], ids=["global", "link-local"])
def test_error_comes_from_the_address_that_the_packet_was_sent_to(host, port, address):  # RFC 4443 §2.2 a
    port.send(datagram(address))
    error = expect(port, ICMPv6DestUnreach, code=PORT_UNREACHABLE)
    assert (error[IPv6].src, error[IPv6].dst) == (address, TESTER.address)


def test_error_quotes_as_much_as_fits_the_minimum_mtu(host, port):  # RFC 4443 §2.4 c
    request = datagram(data=bytes(i & 0xFF for i in range(1400)))
    port.send(request)
    error = expect(port, ICMPv6DestUnreach, code=PORT_UNREACHABLE)
    assert 40 + error[IPv6].plen == MINIMUM_MTU
    assert quoted(error) == bytes(request)[ETHERNET:][: MINIMUM_MTU - 48]


@pytest.mark.parametrize("size", [1280 - 48 - 48 - 1, 1280 - 48 - 48, 1280 - 48 - 48 + 1])
def test_quotation_is_whole_up_to_the_minimum_mtu(host, port, size):  # RFC 4443 §2.4 c
    request = datagram(data=bytes(size))
    port.send(request)
    error = expect(port, ICMPv6DestUnreach)
    assert len(quoted(error)) == min(len(bytes(request)) - ETHERNET, MINIMUM_MTU - 48)


# --- Errors: when there are none (RFC 4443 §2.4 e) ----------------------------------------------------------------------------


def test_error_is_not_answered_by_an_error(host, port):  # RFC 4443 §2.4 e.1
    for type in (1, 2, 3, 4, 100, 127):
        port.send(ip() / BAD_OPTION / ICMPv6Unknown(type=type, msgbody=bytes(4) + bytes(48)))
    expect_silence(port)
    assert host.drops["ip6.unrecognized_option"] == 6


def test_redirect_is_not_answered_by_an_error(host, port):  # RFC 4443 §2.4 e.2
    port.send(ip(hlim=255) / BAD_OPTION / ICMPv6ND_Redirect(tgt=TESTER.link_local, dst="2001:db8:7::1"))
    expect_silence(port)


def test_informational_message_is_answered_by_an_error(host, port):  # RFC 4443 §2.4 e: only errors and redirects are not
    port.send(ip() / BAD_OPTION / echo())
    expect(port, ICMPv6ParamProblem, code=2)


def test_packet_to_a_group_is_not_answered_by_an_error(host, port):  # RFC 4443 §2.4 e.3
    port.send(datagram(ALL_NODES))
    expect_silence(port)
    assert host.drops["udp.no_port"] == 1


@pytest.mark.parametrize("mac", ["33:33:00:00:00:01", "ff:ff:ff:ff:ff:ff"], ids=["multicast", "broadcast"])
def test_packet_in_a_group_frame_is_not_answered_by_an_error(host, port, mac):  # RFC 4443 §2.4 e.4, e.5
    port.send(datagram(to_mac=mac))
    expect_silence(port)


def test_packet_from_the_unspecified_address_is_not_answered_by_an_error(host, port):  # RFC 4443 §2.4 e.6
    port.send(datagram(source="::"))
    expect_silence(port)


def test_packet_from_a_group_is_discarded(host, port):  # RFC 4443 §2.4 e.6; RFC 4291 §2.7
    port.send(datagram(source="ff02::1:2"), echo_request(source="ff0e::1"))
    expect_silence(port)
    assert host.drops["ip6.multicast_source"] == 2


def test_later_fragment_alone_is_not_answered_by_an_error(host, port):  # RFC 4443 §3.3: none without the first
    port.send(fragments(payload_of(datagram(data=bytes(100))), 56, next_header=17)[1])
    expect_silence(port, within=65.0)


# --- Errors of routers (RFC 4443 §3) --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hop_limit", [0, 1])
def test_router_reports_an_exceeded_hop_limit(router, left, right, hop_limit):  # RFC 4443 §3.3; RFC 8200 §3
    request = echo_request(TESTER_RIGHT.address, hlim=hop_limit)
    left.send(request)
    error = expect(left, ICMPv6TimeExceeded, code=0)
    assert error[IPv6].src == NODE.address
    assert quoted(error) == bytes(request)[ETHERNET:]
    expect_silence(right)


def test_router_forwards_a_hop_limit_of_two_as_one(router, left, right):  # RFC 8200 §3
    left.send(echo_request(TESTER_RIGHT.address, hlim=2))
    assert expect(right, ICMPv6EchoRequest)[IPv6].hlim == 1


def test_router_without_a_route_says_so(router, left):  # RFC 4443 §3.1 code 0
    request = echo_request("2001:db8:7::1")
    left.send(request)
    error = expect(left, ICMPv6DestUnreach, code=NO_ROUTE)
    assert quoted(error) == bytes(request)[ETHERNET:]


def test_reject_route_is_reported_as_such(router, left):  # RFC 4443 §3.1 code 6
    router.add_route("2001:db8:7::/48", kind="reject", interface=router.interfaces[1])
    left.send(echo_request("2001:db8:7::1"))
    expect(left, ICMPv6DestUnreach, code=REJECT_ROUTE)


def test_packet_of_a_link_local_source_is_beyond_its_scope(router, left, right):  # RFC 4443 §3.1 code 2
    left.send(echo_request(TESTER_RIGHT.address, source=TESTER.link_local))
    error = expect(left, ICMPv6DestUnreach, code=BEYOND_SCOPE)
    assert error[IPv6].dst == TESTER.link_local and error[IPv6].src == NODE.link_local
    expect_silence(right)


def test_neighbor_that_does_not_answer_is_unreachable(router, left, right):  # RFC 4443 §3.1 code 3; RFC 4861 §7.2.2
    left.send(echo_request("2001:db8:2::7"))
    start = left.now
    error = expect(left, ICMPv6DestUnreach, within=4.0, code=3)
    assert error.time == pytest.approx(start + 3.0, abs=1e-6)  # MAX_MULTICAST_SOLICIT times RETRANS_TIMER
    invoking = ip("2001:db8:2::7", hlim=63) / echo()  # as it was to leave
    assert quoted(error) == bytes(invoking)[ETHERNET:]


def test_router_reports_the_mtu_of_a_link_that_is_too_small(lab):  # RFC 4443 §3.2
    lab.router(right_mtu=1300)
    left, right = lab.ports
    request = echo_request(TESTER_RIGHT.address, bytes(1301 - 48))
    left.send(request)
    error = expect(left, ICMPv6PacketTooBig, code=0, mtu=1300)
    assert 40 + error[IPv6].plen == MINIMUM_MTU
    assert quoted(error) == bytes(request)[ETHERNET:][: MINIMUM_MTU - 48]
    expect_silence(right)


def test_packet_of_exactly_the_mtu_is_forwarded(lab):  # RFC 4443 §3.2
    lab.router(right_mtu=1300)
    left, right = lab.ports
    left.send(echo_request(TESTER_RIGHT.address, bytes(1300 - 48)))
    assert expect(right, ICMPv6EchoRequest)[IPv6].plen == 1260


def test_error_about_a_forwarded_packet_comes_from_the_router(router, left, right):  # RFC 4443 §2.2 d
    right.send(ip("2001:db8:7::1", source=TESTER_RIGHT.address, from_mac=TESTER_RIGHT.mac, to_mac=NODE_RIGHT.mac) / echo())
    error = expect(right, ICMPv6DestUnreach, code=NO_ROUTE)
    assert error[IPv6].src == NODE_RIGHT.address


def test_errors_of_others_are_forwarded(router, left, right):  # RFC 4443 §2.4
    about = IPerror6(bytes(datagram(TESTER_RIGHT.address))[ETHERNET:])
    left.send(ip(TESTER_RIGHT.address) / ICMPv6DestUnreach(code=4) / about)
    expect(right, ICMPv6DestUnreach, code=4)


def test_error_about_an_error_is_not_sent_by_a_router(router, left, right):  # RFC 4443 §2.4 e.1
    about = IPerror6(bytes(datagram(TESTER_RIGHT.address))[ETHERNET:])
    left.send(ip("2001:db8:7::1") / ICMPv6DestUnreach(code=4) / about)
    left.send(ip(TESTER_RIGHT.address, hlim=1) / ICMPv6DestUnreach(code=4) / about)
    expect_silence(left)


# --- The rate limit (RFC 4443 §2.4 f) ---------------------------------------------------------------------------------------------

BUCKET, RATE = 10, 100.0  # what docs/protocols/ipv6.md says: a burst of 10, on the average 100 a second


def errors_within(port, seconds):
    return [packet for packet in port.run(seconds) if ICMPv6DestUnreach in packet]


def test_burst_of_errors_is_limited_to_the_bucket(host, port):  # RFC 4443 §2.4 f
    port.send(datagram())
    expect(port, ICMPv6DestUnreach)  # addresses are resolved now
    port.run(1.0)
    port.send(*[datagram() for _ in range(50)])
    assert len(errors_within(port, 1.0)) == BUCKET
    assert host.counters["icmp6_errors_limited"] == 50 - BUCKET
    assert host.drops["udp.no_port"] == 51


def test_bucket_fills_at_the_rate_of_errors(host, port):  # RFC 4443 §2.4 f
    port.send(datagram())
    expect(port, ICMPv6DestUnreach)
    port.run(1.0)
    port.send(*[datagram() for _ in range(50)])
    errors_within(port, 0.055)
    port.send(*[datagram() for _ in range(50)])
    assert len(errors_within(port, 1.0)) == int(0.055 * RATE)


def test_steady_errors_are_limited_to_the_rate(host, port):  # RFC 4443 §2.4 f
    port.send(datagram())
    expect(port, ICMPv6DestUnreach)
    port.run(1.0)
    count = 0
    for _ in range(400):  # 400 a second
        port.send(datagram())
        count += len(errors_within(port, 0.0025))
    assert count == pytest.approx(BUCKET + RATE, abs=1)


def test_echo_is_not_limited(host, port):  # RFC 4443 §2.4 f: error messages only
    port.send(echo_request())
    expect(port, ICMPv6EchoReply)
    port.send(*[echo_request(seq=n) for n in range(100)])
    assert sum(ICMPv6EchoReply in packet for packet in port.run(1.0)) == 100
