"""A previous access router (RFC 5568 §4, §5.6, §6.1, §6.2): its mobile nodes are on the left, the new one on the right."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6

import kamesim as ks
from kamesim.conformance.cases.mobility._home_agent import CORRESPONDENT
from kamesim.conformance.exchange import (
    ALL_ROUTERS,
    NODE,
    NODE_RIGHT,
    TESTER,
    TESTER_RIGHT,
    Lab,
    case,
    echo,
    echo_request,
    expect,
    expect_dropped,
    expect_none,
    ip,
    must,
    should,
    stack,
)
from kamesim.conformance.fast_handovers import (
    FBACK,
    HI,
    NAR,
    NAR_ADDRESS,
    NAR_PREFIX,
    NEW_AP,
    NEW_CARE_OF,
    NO_PREFIX,
    OLD_CARE_OF,
    PRRTADV,
    RTSOLPR,
    SAME_INTERFACE,
    SOURCE,
    WILDCARD,
    access_point,
    address,
    fast_binding_update,
    handover_ack,
    icmpv6,
    lla,
    mac,
    mobility,
    nd_message,
    no_mobility,
    no_nd_message,
)
from kamesim.conformance.mobility import ends, home_address_option, inner

ROLE = "router"
PAR, PCOA = NODE.address, TESTER.address
NAR_ROUTER, NCOA = "2001:db8:b::1", "2001:db8:b::42"


@pytest.fixture
def router(lab: Lab) -> ks.Router:
    """Its neighbour is the cell "next"."""
    router = lab.router()
    left, right = router.interfaces
    router.add_route("::/0", via=TESTER_RIGHT.link_local, interface=right)
    network = lab.net
    beyond = network.lan("next", "2001:db8:b::/64")
    other = network.router("nar")
    beyond.attach(other, address=f"{NAR_ROUTER}/64")
    router.advertise(left, router_address=True, max_interval=1800)
    router.enable(ks.FastHandoverRouter(neighbors=["next"], interface=left))
    lab.settle(5.0)
    return router


def solicit(left, *options: bytes, **fields):
    left.send(ip(ALL_ROUTERS, source=TESTER.link_local, hlim=fields.pop("hop_limit", 255)) / icmpv6(RTSOLPR, 77, *options, **fields))
    return nd_message(left, PRRTADV)


def update(left, seq: int = 1, *, source: str = PCOA, port=None, home: str | None = PCOA, **fields):
    """An FBU: from the PCoA on the left, from the NCoA on the right."""
    right = source != PCOA
    frame = {"to_mac": NODE_RIGHT.mac, "from_mac": TESTER_RIGHT.mac} if right else {}
    options = [home_address_option(home)] if home else []
    message = fast_binding_update(seq, fields.pop("care_of", NCOA), PAR, alternate=not right, **fields)
    (port or left).send(stack(ip(PAR, source=source, **frame), *options, message))


def acknowledge(right, hi, code: int = 0, ncoa: str | None = None) -> None:
    frame = {"to_mac": NODE_RIGHT.mac, "from_mac": TESTER_RIGHT.mac}
    right.send(ip(PAR, source=NAR_ROUTER, **frame) / handover_ack(hi.u16(0), code, ncoa))


def bind(left, right, seq: int = 1, **fields):
    update(left, seq, **fields)
    acknowledge(right, mobility(right, HI))
    return mobility(left, FBACK)


# --- The neighbourhood: §6.1 ------------------------------------------------------------------------------------------


@case(must("RFC 5568 §6.1.2"))
def wildcard_is_answered_with_the_neighbourhood(left):
    answer = solicit(left, lla(SOURCE, mac(TESTER.mac)), lla(WILDCARD, bytes(6)))
    assert answer.code == 0 and answer.identifier == 77
    assert ends(answer.packet) == (NODE.link_local, TESTER.link_local)
    assert answer.with_code(19, SOURCE)[:6] == mac(NODE.mac)
    assert answer.with_code(19, NEW_AP)[:6] == access_point("next")
    assert answer.with_code(19, NAR) is not None
    assert answer.with_code(17, NAR_ADDRESS)[5:] == address(NAR_ROUTER)
    assert answer.with_code(17, NAR_PREFIX)[0] == 64


@case(must("RFC 5568 §6.1.2"))
def options_stand_in_their_order(left):
    answer = solicit(left, lla(NEW_AP, access_point("next")))
    assert [(k, c) for k, c, _ in answer.options] == [
        (19, SOURCE), (19, NEW_AP), (19, NAR), (17, NAR_ADDRESS), (17, NAR_PREFIX),
    ]  # fmt: skip


@case(must("RFC 5568 §4"))
def unknown_access_point_is_told_so(left):
    answer = solicit(left, lla(NEW_AP, b"\x02abcde"))
    assert answer.code == 2 and answer.with_code(19, NO_PREFIX)[:6] == b"\x02abcde"


@case(must("RFC 5568 §4"))
def access_point_of_the_same_interface_is_told_so(left):
    answer = solicit(left, lla(NEW_AP, access_point("left")))
    assert answer.code == 2 and answer.with_code(19, SAME_INTERFACE) is not None
    assert answer.with_code(17, NAR_PREFIX) is None, "no prefix information"


@case(must("RFC 5568 §6.1.2"))
def information_of_some_has_code_3(left):
    answer = solicit(left, lla(NEW_AP, access_point("next")), lla(NEW_AP, b"\x02abcde"))
    assert answer.code == 3
    assert answer.with_code(19, NEW_AP) and answer.with_code(19, NO_PREFIX)


@case(must("RFC 5568 §6.1.1"))
def unknown_options_are_ignored(left):
    assert solicit(left, b"\xc8\x01" + bytes(6), lla(WILDCARD, bytes(6))).code == 0


@case(must("RFC 5568 §6.1.1"))
@pytest.mark.parametrize("mistake", [{"hop_limit": 254}, {"code": 1}])
def solicitation_that_is_not_valid_is_discarded(left, mistake):
    hop_limit = mistake.pop("hop_limit", 255)
    left.send(ip(ALL_ROUTERS, source=TESTER.link_local, hlim=hop_limit) / icmpv6(RTSOLPR, 1, lla(WILDCARD, bytes(6)), **mistake))
    no_nd_message(left, PRRTADV, 1.0)


@case(must("RFC 5568 §1"))
def deprecated_handover_messages_of_icmpv6_are_not_answered(left, right):
    left.send(ip(PAR) / icmpv6(4, 1, lla(2, mac(TESTER.mac))))
    no_nd_message(left, 5, 1.0)


# --- Fast Binding Updates: §6.2.2 -------------------------------------------------------------------------------------


@case(should("RFC 5568 §4"), must("RFC 5568 §6.2.1.1"))
def update_is_followed_by_a_handover_initiate(left, right):
    update(left)
    hi = mobility(right, HI)
    assert ends(hi.packet) == (PAR, NAR_ROUTER)
    assert hi.body[2] & 0x80 == 0 and hi.body[2] & 0x40, "U: buffer"
    assert hi.body[3] == 0, "Code 0: from the PCoA"
    assert hi.options[7, 2][1:7] == mac("02:00:00:00:01:01")
    assert (hi.care_of(OLD_CARE_OF), hi.care_of(NEW_CARE_OF)) == (PCOA, NCOA)


@case(must("RFC 5568 §4"))
def update_from_the_new_link_has_code_1(left, right):
    update(left, source=NCOA, port=right)
    hi = mobility(right, HI)
    assert hi.body[3] == 1 and hi.body[2] & 0xC0 == 0, "S MUST be and U SHOULD be zero"


@case(should("RFC 5568 §6.2.3"))
def acknowledgement_waits_for_the_new_router(left, right):
    update(left)
    hi = mobility(right, HI)
    no_mobility(left, FBACK, 0.05)
    acknowledge(right, hi)
    mobility(left, FBACK)


@case(must("RFC 5568 §6.2.3", "RFC 5568 §6.4.5"))
def acknowledgement_is_authenticated_and_goes_to_both_links(left, right):
    on_old = bind(left, right, 7)
    on_new = mobility(right, FBACK)
    for ack, to in ((on_old, PCOA), (on_new, NCOA)):
        assert ends(ack.packet) == (PAR, to)
        assert (ack.body[0], ack.u16(2), ack.u16(4)) == (0, 7, 20)
        assert ack.authentic(NCOA, PAR)


@case(must("RFC 5568 §3.1"))
def packets_follow_the_mobile_node(left, right):
    bind(left, right)
    right.send(echo_request(PCOA, source=CORRESPONDENT, to_mac=NODE_RIGHT.mac, from_mac=TESTER_RIGHT.mac))
    packet = expect(right, ICMPv6EchoRequest)
    assert ends(packet) == (PAR, NCOA) and inner(packet).dst == PCOA


@case(must("RFC 5568 §3.1"))
def packets_stay_until_the_new_router_has_agreed(left, right):
    update(left)
    right.send(echo_request(PCOA, source=CORRESPONDENT, to_mac=NODE_RIGHT.mac, from_mac=TESTER_RIGHT.mac))
    expect(left, ICMPv6EchoRequest)


@case(must("RFC 5568 §3.1", "RFC 5568 §4"))
def reverse_tunnel_leads_on(left, right):
    bind(left, right)
    outer = ip(PAR, source=NCOA, to_mac=NODE_RIGHT.mac, from_mac=TESTER_RIGHT.mac)
    right.send(stack(outer, IPv6(src=PCOA, dst=CORRESPONDENT), echo()))
    assert ends(expect(right, ICMPv6EchoRequest)) == (PCOA, CORRESPONDENT)
    right.send(stack(outer, IPv6(src="2001:db8:1::77", dst=CORRESPONDENT), echo()))
    expect_none(right, ICMPv6EchoRequest)


@case(must("RFC 5568 §4"))
def address_that_was_assigned_is_told(left, right):
    update(left)
    acknowledge(right, mobility(right, HI), 2, "2001:db8:b::99")
    ack = mobility(left, FBACK)
    assert ack.body[0] == 1 and ack.options[3] == address("2001:db8:b::99")


@case(must("RFC 5568 §6.2.3"))
@pytest.mark.parametrize("code", [128, 129, 130])
def refusal_of_the_new_router_is_told(left, right, code):
    update(left)
    acknowledge(right, mobility(right, HI), code)
    assert mobility(left, FBACK).body[0] == code
    right.send(echo_request(PCOA, source=CORRESPONDENT, to_mac=NODE_RIGHT.mac, from_mac=TESTER_RIGHT.mac))
    expect(left, ICMPv6EchoRequest)


@case(must("RFC 5568 §6.2.1.1", "RFC 5568 §9"))
def handover_initiate_is_sent_again_with_back_off(left, right):
    update(left)
    times = [mobility(right, HI, within=2.0).packet.time for _ in range(4)]
    gaps = [round(b - a, 3) for a, b in zip(times, times[1:])]
    assert gaps == [0.1, 0.2, 0.4]
    no_mobility(right, HI, 2.0)
    assert mobility(left, FBACK, 0.1).body[0] == 128


@case(must("RFC 5568 §10"))
def address_of_no_neighbour_is_refused(left, right):
    update(left, care_of="2001:db8:77::42")
    assert mobility(left, FBACK).body[0] >= 128
    no_mobility(right, HI, 0.5)


@case(must("RFC 5568 §6.4.5", "RFC 5568 §10"))
@pytest.mark.parametrize(
    ("mistake", "reason"),
    [
        ({"key": b"another handover key"}, "fbu_bad_authenticator"),
        ({"authorized": False}, "fbu_bad_authenticator"),
        ({"authenticated": "2001:db8:b::43"}, "fbu_bad_authenticator"),
        ({"flags": 0x40}, "fbu_flags_missing"),
        ({"flags": 0x80}, "fbu_flags_missing"),
        ({"home": None}, "fbu_no_home_address_option"),
        ({"home": "2001:db8:9::42"}, "fbu_pcoa_not_of_our_link"),
        ({"care_of": PCOA}, "fbu_no_new_care_of_address"),
    ],
)
def update_that_is_not_authorized_is_discarded(router, left, right, mistake, reason):
    update(left, **mistake)
    no_mobility(right, HI, 0.5)
    expect_dropped(router, f"fmip6.{reason}")


@case(must("RFC 5568 §5.6"))
def lifetime_of_zero_ends_the_redirection(left, right):
    bind(left, right, 1)
    update(left, 2, lifetime=0, care_of=PCOA)
    assert mobility(left, FBACK).u16(4) == 0
    right.send(echo_request(PCOA, source=CORRESPONDENT, to_mac=NODE_RIGHT.mac, from_mac=TESTER_RIGHT.mac))
    expect(left, ICMPv6EchoRequest)


@case(must("RFC 5568 §5.6"))
def redirection_ends_with_its_lifetime(left, right):
    bind(left, right, lifetime=10)
    left.run(11.0)
    right.send(echo_request(PCOA, source=CORRESPONDENT, to_mac=NODE_RIGHT.mac, from_mac=TESTER_RIGHT.mac))
    expect(left, ICMPv6EchoRequest, within=3.0)
