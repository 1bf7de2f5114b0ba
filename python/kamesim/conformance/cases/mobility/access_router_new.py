"""A new access router (RFC 5568 §4, §5.4, §6.2.1, §6.3): mobile nodes come to the left, the previous router is on the
right."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6EchoRequest, ICMPv6ND_NA

import kamesim as ks
from kamesim.conformance.cases.mobility._home_agent import CORRESPONDENT
from kamesim.conformance.exchange import (
    ALL_NODES,
    NODE,
    NODE_RIGHT,
    TESTER_RIGHT,
    Lab,
    case,
    echo_request,
    expect,
    expect_dropped,
    expect_none,
    ip,
    must,
    na,
    ns,
    should,
)
from kamesim.conformance.fast_handovers import HACK, NEW_CARE_OF, handover_initiate, mobility
from kamesim.conformance.mobility import ends

ROLE = "router"
MAC = "02:00:00:00:01:01"  # of the mobile node
PAR, PCOA = "2001:db8:b::1", "2001:db8:b::42"
NCOA = "2001:db8:1::42"


def access_router(lab: Lab, **role) -> ks.Router:
    router = lab.router()
    left, right = router.interfaces
    router.add_route("::/0", via=TESTER_RIGHT.link_local, interface=right)
    beyond = lab.net.lan("before", "2001:db8:b::/64")
    other = lab.net.router("par")
    beyond.attach(other, address=f"{PAR}/64")
    router.advertise(left, router_address=True, max_interval=1800)
    router.enable(ks.FastHandoverRouter(neighbors=["before"], interface=left, **role))
    lab.settle(5.0)
    return router


@pytest.fixture
def router(lab: Lab) -> ks.Router:
    return access_router(lab)


def initiate(right, seq: int = 5, ncoa: str | None = NCOA, *, source: str = PAR, **fields):
    frame = {"to_mac": NODE_RIGHT.mac, "from_mac": TESTER_RIGHT.mac}
    right.send(ip(NODE.address, source=source, **frame) / handover_initiate(seq, PCOA, ncoa, **fields))


def accepted(right, **fields):
    initiate(right, **fields)
    return mobility(right, HACK)


def outside(data: bytes = b"kamesim", seq: int = 1):
    return echo_request(NCOA, data, seq=seq, source=CORRESPONDENT, to_mac=NODE_RIGHT.mac, from_mac=TESTER_RIGHT.mac)


def announce(left, *, target: str = NCOA, mac: str = MAC, override: int = 0) -> None:
    """The UNA (§6.3)."""
    left.answers[target] = mac
    una = na(target, source=target, destination=ALL_NODES, solicited=0, lladdr=mac, from_mac=mac)
    una[ICMPv6ND_NA].O = override
    left.send(una)


@case(must("RFC 5568 §6.2.1.2"))
def initiate_is_answered(right):
    ack = accepted(right, seq=0x1234)
    assert ends(ack.packet) == (NODE.address, PAR)
    assert ack.u16(0) == 0x1234 and ack.body[2] == 0 and ack.body[3] == 0
    assert ack.care_of(NEW_CARE_OF) is None


@case(must("RFC 5568 §4"))
def new_care_of_address_is_defended(left, right):
    accepted(right)
    left.send(ns(NCOA))
    assert expect(left, ICMPv6ND_NA, tgt=NCOA).src == NODE.mac


@case(must("RFC 5568 §4", "RFC 5568 §9"))
def new_care_of_address_is_defended_for_proxy_nd_lifetime(left, right):
    accepted(right)
    left.run(1.6)
    left.send(ns(NCOA))
    expect_none(left, ICMPv6ND_NA, tgt=NCOA)


@case(should("RFC 5568 §6.2.1.1"), must("RFC 5568 §5.4"))
def packets_wait_and_are_sent_on_at_the_announcement(left, right):
    accepted(right)
    for seq in range(3):
        right.send(outside(b"waits", seq))
    expect_none(left, ICMPv6EchoRequest, within=0.2)
    announce(left)
    for seq in range(3):
        packet = expect(left, ICMPv6EchoRequest, seq=seq)
        assert packet.dst == MAC


@case(should("RFC 5568 §5.4"))
def at_most_five_are_sent_one_after_another(left, right):
    accepted(right)
    for seq in range(10):
        right.send(outside(b"paced", seq))
        right.run(0.02)
    announce(left)
    times = [expect(left, ICMPv6EchoRequest, seq=seq).time for seq in range(10)]
    assert times[4] - times[0] < 0.005
    assert times[5] - times[4] >= 0.009, "by the rate at which they came"


@case(must("RFC 5568 §6.3"))
def after_the_announcement_nothing_is_resolved(left, right):
    accepted(right)
    announce(left)
    left.answers.clear()
    right.send(outside())
    assert expect(left, ICMPv6EchoRequest).dst == MAC


@case(should("RFC 5568 §6.3"))
def announcement_of_another_station_sends_nothing_on(left, right):
    accepted(right)
    right.send(outside())
    announce(left, mac="02:00:00:00:01:99")
    expect_none(left, ICMPv6EchoRequest)


@case(must("RFC 5568 §6.3"))
def advertisement_with_the_o_bit_is_no_announcement(left, right):
    accepted(right)
    right.send(outside())
    announce(left, override=1)
    expect_none(left, ICMPv6EchoRequest)


@case(must("RFC 5568 §10"))
def packets_of_one_who_does_not_come_are_discarded(router, left, right):
    accepted(right)
    right.send(outside())
    left.run(2.0)
    expect_dropped(router, "fmip6.handover_given_up")


@case(must("RFC 5568 §10"))
def buffer_is_bounded(lab):
    router = access_router(lab, buffer=2)
    right = lab.ports[1]
    accepted(right)
    for seq in range(5):
        right.send(outside(b"too many", seq))
    expect_dropped(router, "fmip6.buffer_full", 3)


@case(must("RFC 5568 §6.2.1.1"))
def without_the_u_flag_nothing_waits(router, right):
    accepted(right, flags=0)
    right.send(outside())
    expect_dropped(router, "fmip6.not_buffered")


@case(must("RFC 5568 §6.2.1.2"))
def address_is_supplied_when_asked_for(right):
    ack = accepted(right, flags=0xC0)
    assert ack.body[3] == 2 and ack.care_of(NEW_CARE_OF) == NCOA


@case(must("RFC 5568 §5.2"))
def address_in_use_is_replaced(left, right):
    left.answers[NODE.address.removesuffix("1") + "42"] = "02:00:00:00:01:77"
    ack = accepted(right, ncoa=NODE.address)
    assert ack.body[3] == 2 and ack.care_of(NEW_CARE_OF) not in (None, NODE.address)


@case(must("RFC 5568 §5.2"))
def address_of_another_link_is_replaced(right):
    ack = accepted(right, ncoa="2001:db8:77::42")
    assert ack.body[3] == 2 and ack.care_of(NEW_CARE_OF).startswith("2001:db8:1:")


@case(must("RFC 5568 §4"))
def initiate_with_code_1_defends_nothing(left, right):
    assert accepted(right, code=1, flags=0).body[3] == 0
    left.send(ns(NCOA))
    expect_none(left, ICMPv6ND_NA, tgt=NCOA)


@case(must("RFC 5568 §6.2.1.1", "RFC 5568 §6.2.1.2"))
@pytest.mark.parametrize(("mistake", "code", "reason"), [
    ({"mobile_node": None}, 128, "hi_no_mobile_node"),
    ({"ncoa": None}, 128, "hi_no_new_care_of_address"),
    ({"source": "2001:db8:d::1"}, 129, "hi_unknown_router"),
])  # fmt: skip
def initiate_that_cannot_be_served_is_refused(router, left, right, mistake, code, reason):
    ack = accepted(right, seq=9, **mistake)
    assert (ack.u16(0), ack.body[3]) == (9, code) and ack.care_of(NEW_CARE_OF) is None
    expect_dropped(router, f"fmip6.{reason}")
    left.send(ns(NCOA))
    expect_none(left, ICMPv6ND_NA, tgt=NCOA)


@case(must("RFC 5568 §4"))
def initiate_that_is_sent_again_is_answered_again(right):
    assert accepted(right, seq=1).u16(0) == 1
    assert accepted(right, seq=2).u16(0) == 2
