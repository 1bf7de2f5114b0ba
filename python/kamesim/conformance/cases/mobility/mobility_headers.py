"""Mobility Headers that are wrong (RFC 6275 §9.2)."""

from __future__ import annotations

from scapy.layers.inet6 import MIP6MH_BE, ICMPv6ParamProblem, MIP6MH_Generic, MIP6MH_HoTI

from kamesim.conformance.cases.mobility._correspondent import CARE_OF, HOME, mobile, node, port
from kamesim.conformance.exchange import NODE, case, expect, expect_silence, must
from kamesim.conformance.mobility import ends, message, routed_to

ROLE = "host"


@case(must("RFC 6275 §9.2"))
def unknown_mh_type_is_a_binding_error(port, mobile):
    port.send(mobile.directly(MIP6MH_Generic(mhtype=99, msg=b"\x00" * 10)))
    error = message(port, MIP6MH_BE, status=2, ha="::")
    assert ends(error) == (NODE.address, CARE_OF)


@case(must("RFC 6275 §9.3.3"))
def binding_error_copies_the_home_address_option(port, mobile):
    port.send(mobile.optimized(MIP6MH_Generic(mhtype=99, msg=b"\x00" * 10)))
    error = message(port, MIP6MH_BE, status=2, ha=HOME)
    assert ends(error) == (NODE.address, CARE_OF) and routed_to(error) is None


@case(must("RFC 6275 §9.2"))
def header_len_too_small_is_pointed_to(port, mobile):
    port.send(mobile.directly(MIP6MH_Generic(mhtype=1, msg=b"\x00" * 2)))
    problem = expect(port, ICMPv6ParamProblem, code=0)
    assert problem[ICMPv6ParamProblem].ptr == 40 + 1 and ends(problem) == (NODE.address, CARE_OF)


@case(must("RFC 6275 §9.2"))
def payload_proto_that_is_not_none_is_pointed_to(port, mobile):
    port.send(mobile.directly(MIP6MH_HoTI(nh=17, cookie=b"01234567")))
    problem = expect(port, ICMPv6ParamProblem, code=0)
    assert problem[ICMPv6ParamProblem].ptr == 40 and ends(problem) == (NODE.address, CARE_OF)


@case(must("RFC 6275 §9.2"))
def parameter_problem_goes_to_the_source_address_on_the_wire(port, mobile):
    mobile.bind()
    port.send(mobile.optimized(MIP6MH_HoTI(nh=17, cookie=b"01234567")))
    problem = expect(port, ICMPv6ParamProblem, code=0)
    assert ends(problem) == (NODE.address, CARE_OF) and routed_to(problem) is None


@case(must("RFC 6275 §9.2"))
def bad_checksum_is_discarded_silently(port, mobile):
    port.send(mobile.from_home(MIP6MH_HoTI(cookie=b"01234567", cksum=0x1234)))
    expect_silence(port)
