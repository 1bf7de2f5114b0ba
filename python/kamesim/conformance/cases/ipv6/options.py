"""Options of hop-by-hop and destination options headers (RFC 8200 §4.2), at their destination."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import HBHOptUnknown, ICMPv6EchoReply, ICMPv6ParamProblem, IPv6, PadN, RouterAlert
from scapy.packet import Raw

from kamesim.conformance.cases.ipv6._extension_headers import (
    DESTINATION,
    ERRONEOUS_FIELD,
    FIRST_HEADER,
    HOP_BY_HOP,
    UNRECOGNIZED_OPTION,
    options,
)
from kamesim.conformance.exchange import (
    ALL_NODES,
    ETHERNET,
    NODE,
    case,
    echo,
    expect,
    expect_dropped,
    expect_silence,
    ip,
    must,
    payload_of,
    quoted,
)


# The two high-order bits of an unrecognized option's type: reported to a unicast, to a multicast destination; skipped.
ACTIONS = {
    "00": (0x1E, False, False, True),
    "01": (0x5E, False, False, False),
    "10": (0x9E, True, True, False),
    "11": (0xDE, True, False, False),
}


@case(
    must("RFC 8200 §4.2"),
    logo={
        "00-hop-by-hop-unicast": "v6LC.1.2.6 C",
        "01-hop-by-hop-unicast": "v6LC.1.2.6 D",
        "10-hop-by-hop-unicast": "v6LC.1.2.6 E",
        "11-hop-by-hop-unicast": "v6LC.1.2.6 F",
        "10-hop-by-hop-multicast": "v6LC.1.2.6 G",
        "11-hop-by-hop-multicast": "v6LC.1.2.6 H",
        "00-destination-unicast": "v6LC.1.2.8 C",
        "01-destination-unicast": "v6LC.1.2.8 D",
        "10-destination-unicast": "v6LC.1.2.8 E",
        "11-destination-unicast": "v6LC.1.2.8 F",
        "10-destination-multicast": "v6LC.1.2.8 G",
        "11-destination-multicast": "v6LC.1.2.8 H",
    },
)
@pytest.mark.parametrize("destination", [NODE.address, ALL_NODES], ids=["unicast", "multicast"])
@pytest.mark.parametrize("header", [HOP_BY_HOP, DESTINATION], ids=["hop-by-hop", "destination"])
@pytest.mark.parametrize("bits", ACTIONS)
def unrecognized_option_is_treated_by_its_two_high_bits(node, port, bits, header, destination):
    option, reported, reported_to_multicast, skipped = ACTIONS[bits]
    request = ip(destination) / options(header, option) / echo()
    port.send(request)
    if skipped:
        expect(port, ICMPv6EchoReply)
    elif reported_to_multicast if destination == ALL_NODES else reported:
        error = expect(port, ICMPv6ParamProblem, code=UNRECOGNIZED_OPTION, ptr=FIRST_HEADER + 2)
        assert error[IPv6].src in (NODE.address, NODE.link_local)
        assert quoted(error) == bytes(request)[ETHERNET:]
    else:
        expect_silence(port)
    expect_dropped(node, "ip6.unrecognized_option", (0 if skipped else 1))


@case(must("RFC 8200 §4.2"))
def options_are_processed_in_order_and_the_pointer_is_that_of_the_first_bad_one(node, port):
    port.send(ip() / options(DESTINATION, 0x1E, 0x1F, 0x80, 0x81) / echo())
    expect(port, ICMPv6ParamProblem, code=UNRECOGNIZED_OPTION, ptr=FIRST_HEADER + 2 + 2 + 2)


@case(must("RFC 8200 §4.2"))
def silent_discard_option_wins_over_a_later_one_that_reports(node, port):
    # Strictly in order.
    port.send(ip() / options(DESTINATION, 0x40, 0x80) / echo())
    expect_silence(port)


@case(must("RFC 4443 §3.4"))
def pointer_counts_the_headers_before(node, port):
    port.send(ip() / options(HOP_BY_HOP, 0x1E) / options(DESTINATION, 0x80) / echo())
    expect(port, ICMPv6ParamProblem, code=UNRECOGNIZED_OPTION, ptr=FIRST_HEADER + 8 + 2)


@case(must("RFC 8200 §4.2", "RFC 4443 §3.4"))
@pytest.mark.parametrize("number", [0, 60], ids=["hop-by-hop", "destination"])
@pytest.mark.parametrize("pads", [1, 2, 3])
def option_behind_octets_of_padding_is_pointed_at(node, port, number, pads):
    # Pad1 has no length.
    options = bytes(pads) + b"\x80\0" + bytes(6 - pads - 2)
    port.send(ip(nh=number) / Raw(b"\x3a\0" + options + payload_of(ip() / echo())))
    expect(port, ICMPv6ParamProblem, code=UNRECOGNIZED_OPTION, ptr=FIRST_HEADER + 2 + pads)


@case(must("RFC 8200 §4.2"))
@pytest.mark.parametrize("header", [HOP_BY_HOP, DESTINATION], ids=["hop-by-hop", "destination"])
def padding_of_any_length_is_skipped(node, port, header):
    # Pad1 and PadN.
    port.send(ip() / header(options=[PadN(optdata=bytes(n)) for n in (0, 1, 5, 20)]) / echo())
    expect(port, ICMPv6EchoReply)


@case(
    must("RFC 8200 §4.2"),
    logo={
        "hop-by-hop-Pad1": "v6LC.1.2.6 A",
        "hop-by-hop-PadN": "v6LC.1.2.6 B",
        "destination-Pad1": "v6LC.1.2.8 A",
        "destination-PadN": "v6LC.1.2.8 B",
    },
)
@pytest.mark.parametrize("padding", [bytes(6), b"\1\4\0\0\0\0"], ids=["Pad1", "PadN"])
@pytest.mark.parametrize("number", [0, 60], ids=["hop-by-hop", "destination"])
def padding_is_skipped(node, port, number, padding):
    port.send(ip(nh=number) / Raw(b"\x3a\0" + padding + payload_of(ip() / echo())))
    expect(port, ICMPv6EchoReply)


# Behind an option that is skipped: reported or not.
SECOND_OPTIONS = {"01": (0x5E, False), "10": (0x9E, True), "11": (0xDE, True)}


@case(must("RFC 8200 §4.2"), logo={"01": "v6LC.1.2.5 A", "10": "v6LC.1.2.5 B", "11": "v6LC.1.2.5 C"})
@pytest.mark.parametrize("bits", SECOND_OPTIONS)
def option_behind_one_that_is_skipped_counts(node, port, bits):
    option, reported = SECOND_OPTIONS[bits]
    request = ip() / options(DESTINATION, 0x1E, option) / echo()
    port.send(request)
    if not reported:
        expect_silence(port)
        return
    error = expect(port, ICMPv6ParamProblem, code=UNRECOGNIZED_OPTION, ptr=FIRST_HEADER + 4)
    assert quoted(error) == bytes(request)[ETHERNET:]


@case(must("RFC 2711 §2.1"))
def router_alert_is_recognized(node, port):
    port.send(ip() / HOP_BY_HOP(options=[RouterAlert(value=0)]) / echo())
    expect(port, ICMPv6EchoReply)


@case(must("RFC 4443 §3.4 code 0"))
@pytest.mark.parametrize("number", [0, 60], ids=["hop-by-hop", "destination"])
def option_that_reaches_beyond_its_header_is_reported_by_its_length(node, port, number):
    header = bytes([58, 0, 0x1E, 100, 0, 0, 0, 0])
    port.send(ip(nh=number) / Raw(header + payload_of(ip() / echo())))
    expect(port, ICMPv6ParamProblem, code=ERRONEOUS_FIELD, ptr=FIRST_HEADER + 3)
    expect_dropped(node, "ip6.option_truncated")


@case(must("RFC 4443 §3.4 code 0"))
def header_that_reaches_beyond_the_packet_is_reported_by_its_length(node, port):
    port.send(ip(nh=60) / Raw(bytes([58, 30, 1, 4, 0, 0, 0, 0])))
    expect(port, ICMPv6ParamProblem, code=ERRONEOUS_FIELD, ptr=FIRST_HEADER + 1)
