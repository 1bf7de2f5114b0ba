"""RFC 6275 §9: a correspondent node. The tester plays mobile nodes, their routers and home agents."""

from __future__ import annotations

import pytest
from exchange import (
    NODE,
    TESTER,
    Lab,
    Port,
    echo,
    expect,
    expect_none,
    expect_silence,
    ip,
    ns,
    quoted,
    stack,
)
from mobility import (
    Mobile,
    alternate_care_of,
    authorization,
    binding_update,
    ends,
    home_address_option,
    is_signed,
    message,
    no_message,
    option,
    routed_to,
    signed,
    type2_route,
)
from scapy.layers.inet6 import (
    ICMPv6DestUnreach,
    ICMPv6EchoReply,
    ICMPv6ND_NA,
    ICMPv6ParamProblem,
    MIP6MH_BA,
    MIP6MH_BE,
    MIP6MH_BRR,
    MIP6MH_BU,
    MIP6MH_CoT,
    MIP6MH_CoTI,
    MIP6MH_Generic,
    MIP6MH_HoT,
    MIP6MH_HoTI,
    MIP6OptBindingAuthData,
    MIP6OptUnknown,
)
from scapy.packet import Raw

import kamesim as ks

HOME, OTHER_HOME = "2001:db8:a::100", "2001:db8:a::200"
CARE_OF, OTHER_CARE_OF = "2001:db8:b::100", "2001:db8:c::100"


@pytest.fixture
def node(lab: Lab) -> ks.Host:
    """A correspondent on a LAN whose router is the tester."""
    node = lab.host()
    node.add_route("::/0", via=TESTER.link_local)
    node.enable(ks.Correspondent())
    return node


@pytest.fixture
def port(node: ks.Host, lab: Lab) -> Port:
    return lab.ports[0]


@pytest.fixture
def mobile(port: Port) -> Mobile:
    return Mobile(port, HOME, CARE_OF)


def bound_to(mobile: Mobile) -> str | None:
    """Where the node has the mobile node: it is asked for an echo from the home address, as if by the tunnel."""
    mobile.port.send(mobile.from_home(echo()))
    reply = expect(mobile.port, ICMPv6EchoReply)
    if routed_to(reply) is None:
        assert ends(reply) == (NODE.address, mobile.home)
        return None
    assert routed_to(reply) == mobile.home
    return ends(reply)[1]


# --- Return routability: §9.4 ---------------------------------------------------------------------------------------


def test_home_test_init_is_answered_at_the_home_address_with_its_cookie(port, mobile):  # §9.4.3
    port.send(mobile.from_home(MIP6MH_HoTI(cookie=b"01234567")))
    test = message(port, MIP6MH_HoT, mhtype=3, cookie=b"01234567")
    assert ends(test) == (NODE.address, HOME) and routed_to(test) is None


def test_care_of_test_init_is_answered_at_the_care_of_address_with_its_cookie(port, mobile):  # §9.4.4
    port.send(mobile.directly(MIP6MH_CoTI(cookie=b"76543210")))
    test = message(port, MIP6MH_CoT, mhtype=4, cookie=b"76543210")
    assert ends(test) == (NODE.address, CARE_OF) and routed_to(test) is None


def test_same_address_and_nonce_give_the_same_token(mobile):  # §5.2.5
    first, second = mobile.test_home()[MIP6MH_HoT], mobile.test_home()[MIP6MH_HoT]
    assert first.cookie != second.cookie
    assert (first.index, first.token) == (second.index, second.token)


def test_another_address_has_another_token(port, mobile):  # §5.2.5
    mine, others = mobile.test_home()[MIP6MH_HoT], Mobile(port, OTHER_HOME, CARE_OF).test_home()[MIP6MH_HoT]
    assert mine.index == others.index and mine.token != others.token


def test_home_and_care_of_tokens_of_one_address_differ(port):  # §5.2.5: the octet 0 or 1 at the end
    both = Mobile(port, HOME, HOME)
    home, care_of = both.test_home()[MIP6MH_HoT], both.test_care_of()[MIP6MH_CoT]
    assert home.index == care_of.index and home.token != care_of.token


def test_nonces_are_not_used_beyond_their_lifetime(port, mobile):  # §5.2.7
    old = mobile.test_home()[MIP6MH_HoT]
    port.run(240.0)
    new = mobile.test_home()[MIP6MH_HoT]
    assert old.index != new.index and old.token != new.token


@pytest.mark.parametrize("init", [MIP6MH_HoTI, MIP6MH_CoTI])
def test_test_inits_with_a_home_address_option_are_ignored(port, mobile, init):  # §9.4.1, §9.4.2
    port.send(mobile.optimized(init(cookie=b"01234567")))
    expect_silence(port)


def test_home_test_goes_to_the_home_address_even_with_a_binding(port, mobile):  # §9.4.3, §6.1.5
    mobile.bind()
    test = mobile.test_home()
    assert ends(test) == (NODE.address, HOME) and routed_to(test) is None


# --- Binding Updates: §9.5 ------------------------------------------------------------------------------------------


def test_authorized_binding_update_is_acknowledged_by_way_of_the_care_of_address(port, mobile):  # §9.5.1, §9.5.4
    mobile.test_home()
    mobile.test_care_of()
    port.send(mobile.update(77, lifetime=200))
    ack = message(port, MIP6MH_BA, seq=77, status=0, mhtime=50)
    assert ends(ack) == (NODE.address, CARE_OF) and routed_to(ack) == HOME
    assert is_signed(ack, mobile.kbm, CARE_OF)
    assert bound_to(mobile) == CARE_OF


def test_without_the_a_bit_acceptance_is_not_acknowledged(port, mobile):  # §9.5.4
    mobile.test_home()
    mobile.test_care_of()
    port.send(mobile.update(1, flags=""))
    no_message(port, MIP6MH_BA, 1.0)
    assert bound_to(mobile) == CARE_OF


def test_lifetime_is_at_most_max_rr_binding_lifetime(mobile):  # §5.2.6, §12
    assert mobile.bind(lifetime=4000)[MIP6MH_BA].mhtime == 420 // 4


def test_unknown_mobility_options_are_skipped(port, mobile):  # §6.2.1
    mobile.test_home()
    mobile.test_care_of()
    port.send(mobile.update(1, MIP6OptUnknown(otype=200, odata=b"abc")))
    message(port, MIP6MH_BA, status=0)


def test_alternate_care_of_address_takes_the_place_of_the_source(port, mobile):  # §6.2.5, §5.2.6
    mobile.test_home()
    mobile.test_care_of()
    port.send(mobile.update(1, alternate_care_of(CARE_OF), source=OTHER_CARE_OF))
    ack = message(port, MIP6MH_BA, status=0)
    assert ends(ack) == (NODE.address, OTHER_CARE_OF), "to the source of the Binding Update (§9.5.4)"
    assert is_signed(ack, mobile.kbm, CARE_OF)
    assert bound_to(mobile) == CARE_OF


def test_new_care_of_address_replaces_the_old_one(port, mobile):  # §9.5.2
    mobile.bind(1)
    mobile.care_of = OTHER_CARE_OF
    mobile.bind(2)
    assert bound_to(mobile) == OTHER_CARE_OF


def test_wrong_authenticator_is_discarded_silently(port, mobile):  # §9.5.1
    mobile.test_home()
    mobile.test_care_of()
    update = mobile.update(1)
    update[MIP6MH_BU].options[-1].authenticator ^= 1
    port.send(update)
    expect_silence(port)
    assert bound_to(mobile) is None


def test_token_of_another_care_of_address_does_not_authorize(port, mobile):  # §9.5.1
    mobile.test_home()
    mobile.test_care_of()
    mobile.care_of = OTHER_CARE_OF
    port.send(mobile.update(1))
    expect_silence(port)
    assert bound_to(mobile) is None


def test_binding_update_without_nonce_indices_is_discarded_silently(port, mobile):  # §9.5.1
    mobile.test_home()
    mobile.test_care_of()
    port.send(signed(mobile.optimized(binding_update(1, authorization())), mobile.kbm, CARE_OF))
    expect_silence(port)


def test_binding_update_without_authorization_data_is_discarded_silently(port, mobile):  # §9.5.1
    mobile.test_home()
    mobile.test_care_of()
    port.send(mobile.optimized(binding_update(1, mobile.indices)))
    expect_silence(port)


def test_authorization_data_that_is_not_the_last_option_is_discarded_silently(port, mobile):  # §6.2.7, §9.5.1
    mobile.test_home()
    mobile.test_care_of()
    port.send(mobile.optimized(binding_update(1, authorization(), mobile.indices)))
    expect_silence(port)


@pytest.mark.parametrize(
    ("status", "old_home", "old_care_of"), [(136, True, False), (137, False, True), (138, True, True)]
)
def test_expired_nonces_are_told_unauthenticated(port, mobile, status, old_home, old_care_of):  # §9.5.1, §9.5.4
    mobile.test_home()
    mobile.test_care_of()
    port.run(240.0)
    if not old_home:
        mobile.test_home()
    if not old_care_of:
        mobile.test_care_of()
    port.send(mobile.update(1, flags=""))
    ack = message(port, MIP6MH_BA, status=status)
    assert option(ack, MIP6OptBindingAuthData) is None and routed_to(ack) == HOME
    assert bound_to(mobile) is None


@pytest.mark.parametrize("stale", [10, 9, 10 - 32768 & 0xFFFF])
def test_stale_sequence_number_is_told_the_last_one(port, mobile, stale):  # §9.5.1, §9.5.4
    mobile.bind(10)
    port.send(mobile.update(stale, flags=""))
    ack = message(port, MIP6MH_BA, status=135, seq=10)
    assert is_signed(ack, mobile.kbm, CARE_OF)


def test_sequence_number_goes_on_behind_65535(mobile):  # §9.5.1: modulo 2**16
    mobile.bind(65535)
    mobile.bind(0)


def test_deletion_from_home_needs_the_home_token_alone(port, mobile):  # §5.2.5, §9.5.3, §6.2.7
    mobile.bind(1)
    mobile.test_home()
    port.send(mobile.deletion(2))
    ack = message(port, MIP6MH_BA, status=0, seq=2, mhtime=0)
    assert ends(ack) == (NODE.address, HOME) and routed_to(ack) is None  # §9.5.4
    assert is_signed(ack, mobile.kbm_for_deletion, HOME)
    assert bound_to(mobile) is None


def test_deletion_of_no_binding_makes_none(port, mobile):  # §9.5.3
    mobile.test_home()
    port.send(mobile.deletion(1))
    message(port, MIP6MH_BA, status=0, seq=1)
    assert bound_to(mobile) is None


def test_home_registration_is_not_supported(port, mobile):  # §10.3.1
    port.send(mobile.optimized(binding_update(1, flags="HA")))
    ack = message(port, MIP6MH_BA, status=131, seq=1)
    assert ends(ack) == (NODE.address, CARE_OF) and routed_to(ack) == HOME


def test_binding_ends_with_its_lifetime(port, mobile):  # §9.6
    mobile.bind(lifetime=40)
    port.run(39.0)
    assert bound_to(mobile) == CARE_OF
    port.run(2.0)
    assert bound_to(mobile) is None


def test_refresh_is_requested_at_the_home_address_for_a_binding_in_use(port, mobile):  # §9.5.5
    mobile.bind()
    port.run(350.0)
    assert bound_to(mobile) == CARE_OF
    request = message(port, MIP6MH_BRR, within=70.0)
    assert ends(request)[1] == HOME and routed_to(request) is None
    mobile.bind(2)
    no_message(port, MIP6MH_BRR, 60.0)  # "MUST stop retransmitting when it receives a Binding Update"


def test_refresh_is_not_requested_for_an_unused_binding(port, mobile):  # §9.5.5
    mobile.bind()
    no_message(port, MIP6MH_BRR, 421.0)


# --- Packets: §9.3 --------------------------------------------------------------------------------------------------


def test_packets_by_a_binding_go_both_ways_optimized(port, mobile):  # §9.3.1, §9.3.2
    mobile.bind()
    port.send(mobile.optimized(echo(b"direct")))
    reply = expect(port, ICMPv6EchoReply, data=b"direct")
    assert ends(reply) == (NODE.address, CARE_OF) and routed_to(reply) == HOME


def test_neighbor_discovery_takes_no_routing_header(port):  # §9.3.2
    home = "2001:db8:1::100"  # on the link
    port.answers[home] = TESTER.mac
    Mobile(port, home, CARE_OF).bind()
    port.send(ns(source=home))
    answer = expect(port, ICMPv6ND_NA, tgt=NODE.address)
    assert ends(answer)[1] == home and routed_to(answer) is None


def test_home_address_option_without_a_binding_is_a_binding_error(port, mobile):  # §9.3.1, §9.3.3
    port.send(mobile.optimized(echo()))
    error = message(port, MIP6MH_BE, status=1, ha=HOME)
    assert ends(error) == (NODE.address, CARE_OF) and routed_to(error) is None
    expect_none(port, ICMPv6EchoReply)


def test_home_address_option_from_another_care_of_address_is_a_binding_error(port, mobile):  # §9.3.1
    mobile.bind()
    port.send(mobile.optimized(echo(), source=OTHER_CARE_OF))
    error = message(port, MIP6MH_BE, status=1, ha=HOME)
    assert ends(error) == (NODE.address, OTHER_CARE_OF)
    expect_none(port, ICMPv6EchoReply)


def test_binding_errors_are_rate_limited(port, mobile):  # §9.3.3
    port.send(*[mobile.optimized(echo(seq=n)) for n in range(100)])
    errors = [packet for packet in port.run(0.5) if MIP6MH_BE in packet]
    assert 1 <= len(errors) < 100


@pytest.mark.parametrize("home", ["ff02::1", "::", "fe80::1", "::1"])
def test_home_address_that_is_not_unicast_routable_is_dropped(port, home):  # §9.3.1
    port.send(Mobile(port, home, CARE_OF).optimized(echo()))
    expect_none(port, ICMPv6EchoReply)


def test_node_without_mobile_ipv6_does_not_know_the_home_address_option(host, lab):  # §8.1
    port = lab.ports[0]
    port.send(ip() / home_address_option(HOME) / echo())
    problem = expect(port, ICMPv6ParamProblem, code=2)
    assert quoted(problem)[problem[ICMPv6ParamProblem].ptr] == 0xC9


def test_node_without_mobile_ipv6_does_not_know_the_type_2_routing_header(host, lab):  # §8.1, RFC 8200 §4.4
    port = lab.ports[0]
    port.send(ip() / type2_route(HOME) / echo())
    assert expect(port, ICMPv6ParamProblem, code=0)[ICMPv6ParamProblem].ptr == 40 + 2


def test_type_2_routing_header_leads_no_further(port):  # §6.4, §11.3.3: its address must be the node's home address
    port.send(ip() / type2_route("2001:db8:d::1") / echo(), ip() / type2_route(NODE.address) / echo())
    expect_silence(port)


def test_single_unreachable_keeps_the_binding_and_persistent_ones_delete_it(port, mobile):  # §9.3.4
    mobile.bind()
    for persistent in (False, True):
        for _ in range(5 if persistent else 1):
            port.send(mobile.optimized(echo()))
            lost = expect(port, ICMPv6EchoReply).wire[14:]
            port.send(stack(ip(source="2001:db8:f::1"), ICMPv6DestUnreach(code=3), Raw(lost)))
            port.run(1.5)
            if bound_to(mobile) is None:
                break
        assert (bound_to(mobile) is None) is persistent


# --- Mobility Headers: §9.2 -----------------------------------------------------------------------------------------


def test_unknown_mh_type_is_a_binding_error(port, mobile):  # §9.2
    port.send(mobile.directly(MIP6MH_Generic(mhtype=99, msg=b"\x00" * 10)))
    error = message(port, MIP6MH_BE, status=2, ha="::")
    assert ends(error) == (NODE.address, CARE_OF)


def test_binding_error_copies_the_home_address_option(port, mobile):  # §9.3.3
    port.send(mobile.optimized(MIP6MH_Generic(mhtype=99, msg=b"\x00" * 10)))
    error = message(port, MIP6MH_BE, status=2, ha=HOME)
    assert ends(error) == (NODE.address, CARE_OF) and routed_to(error) is None


def test_header_len_too_small_is_pointed_to(port, mobile):  # §9.2
    port.send(mobile.directly(MIP6MH_Generic(mhtype=1, msg=b"\x00" * 2)))
    problem = expect(port, ICMPv6ParamProblem, code=0)
    assert problem[ICMPv6ParamProblem].ptr == 40 + 1 and ends(problem) == (NODE.address, CARE_OF)


def test_payload_proto_that_is_not_none_is_pointed_to(port, mobile):  # §9.2
    port.send(mobile.directly(MIP6MH_HoTI(nh=17, cookie=b"01234567")))
    problem = expect(port, ICMPv6ParamProblem, code=0)
    assert problem[ICMPv6ParamProblem].ptr == 40 and ends(problem) == (NODE.address, CARE_OF)


def test_parameter_problem_goes_to_the_source_address_on_the_wire(port, mobile):  # §9.2
    mobile.bind()
    port.send(mobile.optimized(MIP6MH_HoTI(nh=17, cookie=b"01234567")))
    problem = expect(port, ICMPv6ParamProblem, code=0)
    assert ends(problem) == (NODE.address, CARE_OF) and routed_to(problem) is None


def test_bad_checksum_is_discarded_silently(port, mobile):  # §9.2
    port.send(mobile.from_home(MIP6MH_HoTI(cookie=b"01234567", cksum=0x1234)))
    expect_silence(port)
