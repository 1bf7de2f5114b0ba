"""Every Mobility Header at a correspondent, well-formed and not (RFC 6275 §6.1, §9.2)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import (
    MIP6MH_BA,
    MIP6MH_BE,
    MIP6MH_BRR,
    MIP6MH_BU,
    ICMPv6ParamProblem,
    IPv6ExtHdrDestOpt,
    MIP6MH_CoT,
    MIP6MH_CoTI,
    MIP6MH_Generic,
    MIP6MH_HoT,
    MIP6MH_HoTI,
    MIP6OptUnknown,
    Pad1,
    PadN,
)
from scapy.packet import Packet, Raw

from kamesim.conformance.cases.mobility._correspondent import CARE_OF, HOME, mobile, node, port
from kamesim.conformance.exchange import (
    NODE,
    case,
    expect,
    expect_none,
    expect_silence,
    fragments,
    ip,
    must,
    payload_of,
    quoted,
    should,
)
from kamesim.conformance.mobility import ends, message, no_message, routed_to

ROLE = "host"

# MH Type and the least Header Len of each message (RFC 6275 §6.1.2 to §6.1.9), in units of 8 octets without the first.
LENGTHS = {
    "home test init": (1, 1),
    "care-of test init": (2, 1),
    "home test": (3, 2),
    "care-of test": (4, 2),
    "binding update": (5, 1),
    "binding acknowledgement": (6, 1),
    "binding error": (7, 2),
}
MESSAGES = {
    "binding refresh request": MIP6MH_BRR(),
    "home test init": MIP6MH_HoTI(cookie=b"01234567"),
    "care-of test init": MIP6MH_CoTI(cookie=b"01234567"),
    "home test": MIP6MH_HoT(cookie=b"01234567", token=b"01234567"),
    "care-of test": MIP6MH_CoT(cookie=b"01234567", token=b"01234567"),
    "binding update": MIP6MH_BU(seq=1, flags="HA", mhtime=100),
    "binding acknowledgement": MIP6MH_BA(seq=1, flags="", mhtime=100),
    "binding error": MIP6MH_BE(status=1, ha=HOME),
}
TESTS = [(MIP6MH_HoTI, MIP6MH_HoT), (MIP6MH_CoTI, MIP6MH_CoT)]


def header(mh_type: int, units: int) -> Packet:
    """A message of that type with so many octets as its Header Len says."""
    return MIP6MH_Generic(mhtype=mh_type, len=units, msg=b"\x00" * (8 * units + 2))


@case(must("RFC 6275 §9.2", "RFC 6275 §6.1.1"))
@pytest.mark.parametrize(
    ("mh_type", "units"),
    [(mh_type, units) for mh_type, least in LENGTHS.values() for units in range(least)],
    ids=[f"{name}, {units}" for name, (_, least) in LENGTHS.items() for units in range(least)],
)
def header_len_below_that_of_the_message_is_pointed_to(port, mobile, mh_type, units):
    port.send(mobile.directly(header(mh_type, units)))
    problem = expect(port, ICMPv6ParamProblem, code=0)
    assert problem[ICMPv6ParamProblem].ptr == 40 + 1 and ends(problem) == (NODE.address, CARE_OF)
    assert quoted(problem)[problem[ICMPv6ParamProblem].ptr] == units


@case(must("RFC 6275 §9.2", "RFC 6275 §6.1.1"))
@pytest.mark.parametrize("name", MESSAGES)
def payload_proto_of_any_message_is_none(port, mobile, name):
    packet = mobile.directly(MESSAGES[name].copy())
    packet.lastlayer().nh = 58
    port.send(packet)
    problem = expect(port, ICMPv6ParamProblem, code=0)
    assert problem[ICMPv6ParamProblem].ptr == 40 and quoted(problem)[40] == 58


@case(must("RFC 6275 §9.2", "RFC 6275 §6.1.1"))
@pytest.mark.parametrize("name", MESSAGES)
def message_with_a_wrong_checksum_is_discarded_silently(port, node, mobile, name):
    packet = mobile.directly(MESSAGES[name].copy())
    packet.lastlayer().cksum = 0x4242
    port.send(packet)
    expect_silence(port)
    assert node.drops["mip6.mh_bad_checksum"] == 1


@case(must("RFC 6275 §9.2"))
@pytest.mark.parametrize("mh_type", [64, 100, 200, 255])
def message_of_unknown_type_is_a_binding_error_of_status_2(port, mobile, mh_type):
    port.send(mobile.directly(header(mh_type, 1)))
    error = message(port, MIP6MH_BE, status=2, ha="::")
    assert ends(error) == (NODE.address, CARE_OF)
    assert (error[MIP6MH_BE].len, error[MIP6MH_BE].reserved, error[MIP6MH_BE].nh) == (2, 0, 59)


@case(must("RFC 6275 §9.2"))
def checksum_is_verified_before_the_type(port, mobile):
    packet = mobile.directly(header(100, 1))
    packet.lastlayer().cksum = 0x4242
    port.send(packet)
    expect_silence(port)


@case(must("RFC 6275 §9.2"))
def type_is_looked_at_before_the_payload_proto(port, mobile):
    packet = mobile.directly(header(100, 1))
    packet.lastlayer().nh = 58
    port.send(packet)
    message(port, MIP6MH_BE, status=2)


@case(must("RFC 6275 §6.1.1"))
@pytest.mark.parametrize("units", [2, 20, 255])
def header_len_beyond_the_packet_is_discarded(port, mobile, units):
    packet = mobile.from_home(MIP6MH_HoTI(cookie=b"01234567", len=units))
    port.send(packet)
    no_message(port, MIP6MH_HoT, 1.0)


@case(must("RFC 6275 §6.1.1"))
@pytest.mark.parametrize("octets", [1, 5, 7])
def message_that_is_cut_off_is_discarded(port, mobile, octets):
    whole = payload_of(mobile.from_home(MIP6MH_HoTI(cookie=b"01234567")))
    packet = mobile.from_home(Raw(whole[:octets]))
    packet[Raw].underlayer.nh = 135
    port.send(packet)
    expect_silence(port)


@case(must("RFC 6275 §9.2"))
def pointer_counts_the_extension_headers_before_the_message(port, mobile):
    options = IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\x00" * 12)])
    port.send(mobile.directly(options, MIP6MH_HoTI(nh=17, cookie=b"01234567")))
    problem = expect(port, ICMPv6ParamProblem, code=0)
    pointer = problem[ICMPv6ParamProblem].ptr
    assert pointer == 40 + 16 and quoted(problem)[pointer] == 17


@case(must("RFC 6275 §6.1.3", "RFC 6275 §6.1.4"))
@pytest.mark.parametrize(("init", "test"), TESTS, ids=["home", "care-of"])
def reserved_field_of_a_test_init_is_ignored(port, mobile, init, test):
    port.send(mobile.from_home(init(cookie=b"01234567", reserved=0xFFFF)))
    message(port, test, cookie=b"01234567")


@case(must("RFC 6275 §6.1.1"))
def reserved_field_of_the_mobility_header_is_ignored(port, mobile):
    port.send(mobile.from_home(MIP6MH_HoTI(cookie=b"01234567", res=0xFF)))
    message(port, MIP6MH_HoT, cookie=b"01234567")


@case(must("RFC 6275 §6.1.3", "RFC 6275 §6.1.4", "RFC 6275 §6.2.1"))
@pytest.mark.parametrize(("init", "test"), TESTS, ids=["home", "care-of"])
@pytest.mark.parametrize(
    "options",
    [[MIP6OptUnknown(otype=222, odata=b"abcd")], [Pad1(), Pad1(), PadN(optdata=b"\x00" * 4)]],
    ids=["unknown", "padding"],
)
def options_of_a_test_init_are_skipped(port, mobile, init, test, options):
    port.send(mobile.from_home(init(cookie=b"01234567", options=list(options))))
    message(port, test, cookie=b"01234567")


@case(must("RFC 6275 §6.1.5", "RFC 6275 §6.1.6"))
def tests_have_the_length_of_their_fields_and_no_options(mobile):
    home, care_of = mobile.test_home()[MIP6MH_HoT], mobile.test_care_of()[MIP6MH_CoT]
    for test in (home, care_of):
        assert (test.nh, test.len, test.res) == (59, 2, 0) and not test.options


@case(must("RFC 6275 §6.1.1", "RFC 8200 §4.5"))
def message_in_fragments_is_put_together(port, mobile):
    whole = mobile.from_home(MIP6MH_HoTI(cookie=b"01234567", options=[PadN(optdata=b"\x00" * 30)]))
    port.send(*fragments(payload_of(whole), 16, source=HOME, next_header=135))
    message(port, MIP6MH_HoT, cookie=b"01234567")


@case(must("RFC 6275 §6.1"))
@pytest.mark.parametrize(
    "name", ["binding refresh request", "home test", "care-of test", "binding acknowledgement", "binding error"]
)
def message_for_a_mobile_node_is_not_answered_by_a_correspondent(port, mobile, name):
    port.send(mobile.directly(MESSAGES[name].copy()))
    expect_silence(port)


@case(must("RFC 6275 §9.3.3"))
def binding_error_is_never_answered(port, mobile):
    port.send(mobile.directly(MIP6MH_BE(status=2, ha="::")), mobile.directly(MIP6MH_BE(status=77, ha=HOME)))
    expect_silence(port)


@case(should("RFC 6275 §9.3.3"))
def binding_errors_about_unknown_types_are_rate_limited(port, mobile):
    port.send(*[mobile.directly(header(100, 1)) for _ in range(100)])
    errors = [packet for packet in port.run(0.5) if MIP6MH_BE in packet]
    assert 1 <= len(errors) < 100


@case(must("RFC 6275 §8.1", "RFC 8200 §4"))
@pytest.mark.parametrize("name", ["home test init", "care-of test init", "binding update"])
def node_without_mobile_ipv6_does_not_know_the_mobility_header(host, lab, name):
    port = lab.ports[0]
    port.send(ip() / MESSAGES[name].copy())
    problem = expect(port, ICMPv6ParamProblem)
    assert problem[ICMPv6ParamProblem].code == 1 and quoted(problem)[problem[ICMPv6ParamProblem].ptr] == 135


@case(must("RFC 6275 §9.2"))
@pytest.mark.parametrize("mistake", ["header len", "payload proto"])
def mistake_behind_a_home_address_option_is_told_to_the_care_of_address(port, mobile, mistake):
    fields = {"len": 0} if mistake == "header len" else {"nh": 17}
    inits = {"header len": header(1, 0), "payload proto": MIP6MH_HoTI(cookie=b"01234567", **fields)}
    port.send(mobile.optimized(inits[mistake]))
    problem = expect(port, ICMPv6ParamProblem, code=0)
    assert ends(problem) == (NODE.address, CARE_OF) and routed_to(problem) is None
    pointer = problem[ICMPv6ParamProblem].ptr
    assert pointer == 40 + 24 + (1 if mistake == "header len" else 0)
    expect_none(port, MIP6MH_BE)
