"""Where the Home Address option stands, and what comes behind it; packets that a correspondent sends by a binding
(RFC 6275 §6.3, §6.4, §9.3)."""

from __future__ import annotations

import pytest
from scapy.layers.inet import TCP, UDP
from scapy.layers.inet6 import (
    HAO,
    HBHOptUnknown,
    MIP6MH_BE,
    ICMPv6DestUnreach,
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6PacketTooBig,
    ICMPv6ParamProblem,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
    Pad1,
    PadN,
)
from scapy.packet import Packet, Raw

from kamesim.conformance.cases.mobility._correspondent import (
    CARE_OF,
    HOME,
    OTHER_CARE_OF,
    OTHER_HOME,
    bound_to,
    mobile,
    node,
    port,
)
from kamesim.conformance.exchange import (
    CLOSED_PORT,
    NODE,
    case,
    echo,
    expect,
    expect_none,
    expect_silence,
    find,
    fragment,
    must,
    own_layers,
    payload_of,
    should,
    stack,
)
from kamesim.conformance.mobility import Mobile, ends, home_address_option, message, routed_to

ROLE = "host"


@case(must("RFC 6275 §6.3"))
@pytest.mark.parametrize(
    "before",
    [
        [IPv6ExtHdrHopByHop(options=[PadN(optdata=b"\x00" * 4)])],
        [IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\x00" * 4)])],
        [IPv6ExtHdrRouting(type=0, segleft=0, addresses=[])],
    ],
    ids=["hop-by-hop options", "destination options", "routing header"],
)
def home_address_option_counts_behind_other_headers(port, mobile, before):
    mobile.bind()
    port.send(mobile.directly(*before, home_address_option(HOME), echo(b"behind")))
    reply = expect(port, ICMPv6EchoReply, data=b"behind")
    assert ends(reply) == (NODE.address, CARE_OF) and routed_to(reply) == HOME


@case(must("RFC 6275 §6.3", "RFC 8200 §4.2"))
@pytest.mark.parametrize("position", ["behind Pad1", "behind PadN", "before PadN"])
def home_address_option_counts_among_other_options(port, mobile, position):
    mobile.bind()
    options = {
        "behind Pad1": [*[Pad1()] * 6, HAO(hoa=HOME)],
        "behind PadN": [PadN(optdata=b"\x00" * 4), HAO(hoa=HOME)],
        "before PadN": [HAO(hoa=HOME), PadN(optdata=b"\x00" * 10)],
    }[position]
    # Scapy counts the home address in a checksum only where the option stands alone.
    packet = mobile.directly(IPv6ExtHdrDestOpt(options=options), Raw(payload_of(mobile.from_home(echo(b"among")))))
    packet[IPv6ExtHdrDestOpt].nh = 58
    port.send(packet)
    assert routed_to(expect(port, ICMPv6EchoReply, data=b"among")) == HOME


@case(must("RFC 6275 §6.3"))
def home_address_option_before_a_fragment_header_counts(port, mobile):
    mobile.bind()
    whole = payload_of(mobile.from_home(echo(b"f" * 100)))
    before = [home_address_option(HOME)]
    for offset in (0, 56):
        data = whole[offset : offset + 56]
        port.send(fragment(data, offset=offset, more=offset == 0, before=before, source=CARE_OF))
    reply = expect(port, ICMPv6EchoReply, data=b"f" * 100)
    assert ends(reply) == (NODE.address, CARE_OF) and routed_to(reply) == HOME


@case(must("RFC 6275 §6.3", "RFC 6275 §9.3.1"))
def home_address_option_before_a_fragment_header_needs_a_binding_too(port, mobile):
    whole = payload_of(mobile.from_home(echo(b"f" * 100)))
    before = [home_address_option(HOME)]
    for offset in (0, 56):
        data = whole[offset : offset + 56]
        port.send(fragment(data, offset=offset, more=offset == 0, before=before, source=CARE_OF))
    expect_none(port, ICMPv6EchoReply)


@case(must("RFC 6275 §6.3"))
@pytest.mark.parametrize("octets", [0, 15, 17])
def home_address_option_of_another_length_is_not_taken_for_one(port, mobile, octets):
    mobile.bind()
    raw = bytes([0x3A, 0, 0xC9, octets]) + b"\x20" * octets
    raw += b"\x00" * (-len(raw) % 8)
    raw = raw[:1] + bytes([len(raw) // 8 - 1]) + raw[2:]
    whole = payload_of(mobile.from_home(echo(b"short")))
    packet = mobile.directly(Raw(raw + whole))
    packet[IPv6].nh = 60
    port.send(packet)
    expect_none(port, ICMPv6EchoReply)


@case(must("RFC 6275 §6.3"))
def two_home_address_options_are_not_believed(port, mobile):
    # "MUST NOT appear two or more times in the same packet header".
    mobile.bind()
    port.send(mobile.directly(home_address_option(OTHER_HOME), home_address_option(HOME), echo()))
    expect_none(port, ICMPv6EchoReply)


@case(must("RFC 6275 §9.3.1"))
@pytest.mark.parametrize("kind", ["udp", "tcp"])
def any_protocol_sees_the_home_address(port, mobile, kind):
    mobile.bind()
    segment = UDP(sport=4000, dport=CLOSED_PORT) if kind == "udp" else TCP(sport=4000, dport=CLOSED_PORT, flags="S")
    # The checksum counts the home address (§6.3).
    upper = payload_of(mobile.from_home(segment))
    packet = mobile.optimized(Raw(upper))
    packet[IPv6ExtHdrDestOpt].nh = 17 if kind == "udp" else 6
    port.send(packet)
    answer = expect(port, ICMPv6DestUnreach if kind == "udp" else TCP)
    if kind == "tcp":
        assert "R" in answer[TCP].flags and routed_to(answer) == HOME
    else:
        assert ends(answer)[1] == CARE_OF


@case(must("RFC 6275 §9.3.1"))
def checksum_over_the_care_of_address_is_wrong(port, mobile):
    mobile.bind()
    upper = payload_of(mobile.directly(echo(b"wrong")))
    packet = mobile.optimized(Raw(upper))
    packet[IPv6ExtHdrDestOpt].nh = 58
    port.send(packet)
    expect_none(port, ICMPv6EchoReply)


@case(must("RFC 6275 §9.3.3", "RFC 6275 §9.3.1"))
@pytest.mark.parametrize("kind", ["echo request", "datagram", "no next header"])
def packet_of_any_protocol_without_a_binding_is_a_binding_error(port, mobile, kind):
    upper = {"echo request": echo(), "datagram": UDP(sport=1, dport=2), "no next header": Raw(b"")}[kind]
    packet = mobile.optimized(upper)
    if kind == "no next header":
        packet[IPv6ExtHdrDestOpt].nh = 59
    port.send(packet)
    error = message(port, MIP6MH_BE, status=1, ha=HOME)
    assert ends(error) == (NODE.address, CARE_OF)


@case(must("RFC 6275 §9.3.1"))
def binding_of_another_home_address_does_not_help(port, mobile):
    Mobile(port, OTHER_HOME, CARE_OF).bind()
    port.send(mobile.optimized(echo()))
    message(port, MIP6MH_BE, status=1, ha=HOME)


@case(must("RFC 6275 §9.3.1"))
def packet_does_not_make_or_move_a_binding(port, mobile):
    # "MUST NOT cause the node to create or modify a Binding Cache entry" (§9.1, §6.3).
    mobile.bind()
    port.send(mobile.optimized(echo(), source=OTHER_CARE_OF))
    message(port, MIP6MH_BE, status=1)
    assert bound_to(mobile) == CARE_OF


# --- What it sends: §9.3.2 --------------------------------------------------------------------------------------------


@case(must("RFC 6275 §6.4", "RFC 6275 §9.3.2"))
def routing_header_stands_before_the_fragment_header(port, mobile):
    mobile.bind()
    port.send(*large(mobile))
    packets = [packet for packet in port.run(1.0) if find(packet, IPv6ExtHdrFragment)]
    assert len(packets) >= 2
    for packet in packets:
        kinds = [type(layer) for layer in own_layers(packet)]
        assert kinds.index(IPv6ExtHdrRouting) < kinds.index(IPv6ExtHdrFragment)
        assert ends(packet) == (NODE.address, CARE_OF) and routed_to(packet) == HOME
        assert packet[IPv6].plen + 40 <= 1500


def large(mobile: Mobile) -> list[Packet]:
    """An echo request of 2000 octets by the binding, in fragments."""
    whole = payload_of(mobile.from_home(echo(b"L" * 2000)))
    before = [home_address_option(mobile.home)]
    return [
        fragment(whole[at : at + 1200], offset=at, more=at + 1200 < len(whole), before=before, source=mobile.care_of)
        for at in range(0, len(whole), 1200)
    ]


@case(must("RFC 6275 §6.4.1"))
def routing_header_has_one_address_and_one_segment_left(port, mobile):
    mobile.bind()
    port.send(mobile.optimized(echo()))
    header = expect(port, ICMPv6EchoReply)[IPv6ExtHdrRouting]
    assert (header.type, header.len, header.segleft, header.reserved) == (2, 2, 1, 0)
    assert list(header.addresses) == [HOME]


@case(should("RFC 6275 §9.3.2"))
def correspondents_own_packets_go_by_the_binding(port, node, mobile):
    mobile.bind()
    node.ping(HOME, count=1)
    request = expect(port, ICMPv6EchoRequest)
    assert ends(request) == (NODE.address, CARE_OF) and routed_to(request) == HOME


@case(must("RFC 6275 §9.3.2"))
def packets_to_the_care_of_address_itself_take_no_routing_header(port, mobile):
    mobile.bind()
    port.send(mobile.directly(echo()))
    reply = expect(port, ICMPv6EchoReply)
    assert ends(reply) == (NODE.address, CARE_OF) and routed_to(reply) is None


@case(must("RFC 6275 §9.3.2", "RFC 8201 §4"))
def packet_too_big_on_the_way_to_the_care_of_address_counts(port, mobile):
    mobile.bind()
    port.send(mobile.optimized(echo(b"p" * 1350)))
    reply = expect(port, ICMPv6EchoReply)
    assert find(reply, IPv6ExtHdrFragment) is None
    problem = mobile.directly(ICMPv6PacketTooBig(mtu=1300), Raw(reply.wire[14 : 14 + 1200]), source="2001:db8:f::1")
    port.send(problem)
    port.send(mobile.optimized(echo(b"p" * 1350)))
    parts = [packet for packet in port.run(1.0) if find(packet, IPv6ExtHdrFragment)]
    assert len(parts) == 2 and all(packet[IPv6].plen + 40 <= 1300 for packet in parts)


@case(must("RFC 6275 §9.3.4"))
@pytest.mark.parametrize("code", [0, 1, 3])
def unreachable_care_of_address_ends_the_binding_if_it_persists(port, mobile, code):
    mobile.bind()
    for _ in range(5):
        port.send(mobile.optimized(echo()))
        found = [packet for packet in port.run(0.1) if find(packet, ICMPv6EchoReply)]
        if not found:
            break
        quoted = Raw(found[0].wire[14:])
        port.send(stack(mobile.directly(source="2001:db8:f::1"), ICMPv6DestUnreach(code=code), quoted))
        port.run(1.4)
    assert bound_to(mobile) is None


@case(must("RFC 6275 §9.3.4"))
def unreachable_home_address_says_nothing_of_the_binding(port, mobile):
    mobile.bind()
    quoted = bytes(IPv6(src=NODE.address, dst=HOME) / echo())
    for _ in range(5):
        port.send(stack(mobile.directly(source="2001:db8:f::1"), ICMPv6DestUnreach(code=3), Raw(quoted)))
        port.run(1.4)
    assert bound_to(mobile) == CARE_OF


@case(must("RFC 6275 §6.3", "RFC 6275 §9.3.3"))
def binding_error_tells_the_home_address_of_the_option(port):
    for number in (1, 2, 3):
        home = f"2001:db8:a::{number}"
        port.send(Mobile(port, home, CARE_OF).optimized(echo()))
        message(port, MIP6MH_BE, status=1, ha=home)


@case(must("RFC 6275 §9.3.3"))
@pytest.mark.parametrize("source", ["::", "ff02::1234"])
def binding_error_does_not_go_where_nobody_is(port, source):
    port.send(Mobile(port, HOME, CARE_OF).optimized(echo(), source=source))
    expect_silence(port)


@case(must("RFC 8200 §4.2"))
@pytest.mark.parametrize("type_", [0x8A, 0xCA])
def other_options_beside_the_home_address_option_are_judged_as_ever(port, mobile, type_):
    mobile.bind()
    options = IPv6ExtHdrDestOpt(options=[HAO(hoa=HOME), HBHOptUnknown(otype=type_, optdata=b"")])
    port.send(mobile.directly(options, echo()))
    assert expect(port, ICMPv6ParamProblem)[ICMPv6ParamProblem].code == 2
    expect_none(port, ICMPv6EchoReply)

