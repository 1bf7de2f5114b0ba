"""Flow bindings at a home agent (RFC 6089 §5.3, with RFC 6088's IPv6 binary traffic selector)."""

from __future__ import annotations

import pytest
from scapy.layers.inet import UDP
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6, IPv6ExtHdrFragment
from scapy.packet import Packet, Raw

from kamesim.conformance.cases.mobility._home_agent import (
    CARE_OF,
    CORRESPONDENT,
    HOME,
    HOME_AGENT,
    OTHER_CARE_OF,
    away,
    home_agent,
    mobile,
    router,
)
from kamesim.conformance.cases.mobility._multiple_bindings import (
    IPV4_SELECTOR,
    bid,
    flow,
    flow_statuses,
    flow_summary,
    flows_of,
    multiple_update,
    selector,
    statuses,
)
from kamesim.conformance.cases.mobility.home_agent_multiple_bindings import both, sends
from kamesim.conformance.exchange import NODE_RIGHT, TESTER_RIGHT, case, find, ip, may, must, own_layers, should, stack
from kamesim.conformance.mobility import ends

ROLE = "router"

FIRST, SECOND = bid(1, CARE_OF, priority=10), bid(2, OTHER_CARE_OF, priority=20)
TO_PORT_7 = selector(destination_port=7, protocol=17)


def registers(mobile, *options: Packet, seq: int = 1) -> Packet:
    """Both bindings, and flows."""
    return sends(mobile, seq, FIRST, SECOND, *options)


def ways(right, *layers: Packet, source: str = CORRESPONDENT, **fields: int) -> list[str]:
    """The care-of addresses that a packet for the home address is tunnelled to."""
    macs = {"to_mac": NODE_RIGHT.mac, "from_mac": TESTER_RIGHT.mac}
    right.send(stack(ip(HOME, source=source, **macs, **fields), *(layers or (UDP(sport=4000, dport=7), Raw(b"data")))))
    return [p[IPv6].dst for p in right.run(0.5) if p[IPv6].src == HOME_AGENT and p[IPv6].nh == 41]


def udp(sport: int = 4000, dport: int = 7) -> tuple[Packet, Packet]:
    return UDP(sport=sport, dport=dport), Raw(b"data")


# --- Which way a packet takes -------------------------------------------------------------------------------------------


@case(must("RFC 6089 §5.3.6", "RFC 6089 §5.3.5"))
def flow_goes_by_the_binding_that_it_is_bound_to(right, mobile, router):
    ack = registers(mobile, flow(4, [2], TO_PORT_7))
    assert statuses(ack) == {1: 0, 2: 0} and flow_statuses(ack) == {4: 0}
    assert ways(right, *udp(dport=7)) == [OTHER_CARE_OF]
    assert ways(right, *udp(dport=8)) == [CARE_OF], "the others take the preferred one"


@case(must("RFC 6089 §5.3.6", "RFC 6088 §3.2"))
@pytest.mark.parametrize(
    ("fields", "matching", "other"),
    [
        ({"source": (CORRESPONDENT, "2001:db8:d::ff")}, {"source": "2001:db8:d::80"}, {"source": "2001:db8:d::100"}),
        ({"source": CORRESPONDENT}, {"source": CORRESPONDENT}, {"source": "2001:db8:d::2"}),
        ({"traffic_class": 0xB8}, {"tc": 0xB8}, {"tc": 0}),
        ({"traffic_class": 0xB8}, {"tc": 0xBA}, {"tc": 0xB4}),
        ({"flow_label": (0x100, 0x1FF)}, {"fl": 0x1FF}, {"fl": 0x200}),
        ({"protocol": 17}, {}, {"icmp": 1}),
    ],
    ids=["sources", "source", "class", "class-without-ecn", "flow-labels", "protocol"],
)
def selector_looks_at_the_fields_of_the_packet(right, mobile, router, fields, matching, other):
    registers(mobile, flow(4, [2], selector(**fields)))

    def went(packet: dict) -> list[str]:
        layers = (ICMPv6EchoRequest(data=b"x"),) if "icmp" in packet else ()
        return ways(right, *layers, **{key: value for key, value in packet.items() if key != "icmp"})

    assert went(matching) == [OTHER_CARE_OF] and went(other) == [CARE_OF]


@case(must("RFC 6089 §5.3.6", "RFC 6088 §3.2"))
@pytest.mark.parametrize(
    ("fields", "matching", "other"),
    [
        ({"destination_port": (7, 9)}, (4000, 9), (4000, 10)),
        ({"source_port": (5000, 5999)}, (5999, 7), (6000, 7)),
        ({"source_port": 4000, "destination_port": 7}, (4000, 7), (4000, 8)),
    ],
    ids=["destination", "source", "both"],
)
def selector_looks_at_ports(right, mobile, router, fields, matching, other):
    registers(mobile, flow(4, [2], selector(**fields)))
    assert ways(right, *udp(*matching)) == [OTHER_CARE_OF] and ways(right, *udp(*other)) == [CARE_OF]


@case(must("RFC 6089 §5.3.6", "RFC 6089 §4.2"))
def first_flow_that_matches_by_priority_decides(right, mobile, router):
    registers(mobile, flow(4, [1], selector(protocol=17), priority=20), flow(5, [2], TO_PORT_7, priority=10))
    assert ways(right, *udp(dport=7)) == [OTHER_CARE_OF]
    registers(mobile, flow(4, [1], selector(protocol=17), priority=20), flow(5, priority=30, bids=None), seq=2)
    assert ways(right, *udp(dport=7)) == [CARE_OF]


@case(must("RFC 6089 §5.3.6"))
def copy_goes_to_each_binding_of_a_flow(right, mobile, router):
    registers(mobile, flow(4, [1, 2], TO_PORT_7))
    assert sorted(ways(right, *udp(dport=7))) == [CARE_OF, OTHER_CARE_OF]


@case(must("RFC 6089 §5.3.6", "RFC 6089 §4.3"))
def flow_without_a_registered_binding_is_skipped(right, mobile, router):
    registers(mobile, flow(4, [2], TO_PORT_7))
    sends(mobile, 2, bid(2), flow_summary(4), lifetime=0)
    assert ways(right, *udp(dport=7)) == [CARE_OF]
    sends(mobile, 3, SECOND, flow_summary(4))
    assert ways(right, *udp(dport=7)) == [OTHER_CARE_OF], "and active again"


@case(must("RFC 6089 §5.3.6"))
def flow_goes_to_those_of_its_bindings_that_are_left(right, mobile, router):
    registers(mobile, flow(4, [1, 2], TO_PORT_7))
    sends(mobile, 2, bid(1), flow_summary(4), lifetime=0)
    assert ways(right, *udp(dport=7)) == [OTHER_CARE_OF]


@case(should("RFC 6089 §5.3.6"))
def fragments_go_where_the_first_one_goes(right, mobile, router):
    registers(mobile, flow(4, [2], TO_PORT_7))
    first = IPv6ExtHdrFragment(nh=17, m=1, id=7), UDP(sport=4000, dport=7, len=24, chksum=0x9396), Raw(bytes(8))
    assert ways(right, *first) == [OTHER_CARE_OF]
    assert ways(right, IPv6ExtHdrFragment(nh=17, offset=2, id=7), Raw(bytes(8))) == [OTHER_CARE_OF]
    assert ways(right, IPv6ExtHdrFragment(nh=17, offset=2, id=8), Raw(bytes(8))) == [CARE_OF], "of another packet"


@case(must("RFC 6089 §4.3"))
def signalling_of_the_home_agent_is_no_matter_of_flows(right, mobile, router):
    registers(mobile, flow(4, [2], selector(protocol=135)))
    assert ends(sends(mobile, 2, FIRST, flow_summary(4))) == (HOME_AGENT, CARE_OF)


# --- Registration of flows ------------------------------------------------------------------------------------------------


@case(must("RFC 6089 §5.3.4", "RFC 6089 §5.2"))
def flow_that_an_update_does_not_refer_to_is_removed(right, mobile, router):
    registers(mobile, flow(4, [2], TO_PORT_7))
    registers(mobile, seq=2)
    assert ways(right, *udp(dport=7)) == [CARE_OF] and router.mobile_ip.flow_bindings().empty


@case(should("RFC 6089 §5.3.3"))
def flow_summary_refreshes_flows(right, mobile, router):
    registers(mobile, flow(4, [2], TO_PORT_7), flow(5, [2], selector(protocol=6)))
    ack = registers(mobile, flow_summary(4, 5, 4), seq=2)
    assert flows_of(ack) == [] and list(router.mobile_ip.flow_bindings().fid) == [4, 5]


@case(must("RFC 6089 §5.3.3"))
def unknown_flow_in_a_summary_is_reported(mobile, router):
    registers(mobile, flow(4, [2], TO_PORT_7))
    ack = registers(mobile, flow_summary(4, 9), seq=2)
    assert flow_statuses(ack) == {9: 132} and list(router.mobile_ip.flow_bindings().fid) == [4]


@case(must("RFC 6089 §5.3.2.1"))
@pytest.mark.parametrize(
    ("option", "status"),
    [
        (flow(4, [1], None), 130),
        (flow(4, None, TO_PORT_7), 130),
        (flow(4, [1, 9], TO_PORT_7), 131),
        (flow(4, [1], TO_PORT_7, ts_format=IPV4_SELECTOR), 133),
        (flow(4, [1], TO_PORT_7, ts_format=200), 133),
        (flow(4, [1], TO_PORT_7[:5]), 130),
        (flow(4, [1], TO_PORT_7, priority=0), 130),
        (flow(0, [1], TO_PORT_7, priority=3), 130),
        (flow(4, [1], TO_PORT_7, extra=b"\x02\x02\x00\x02"), 130),
        (flow(4, [1], TO_PORT_7, extra=b"\xfb\x09"), 130),
    ],
    ids=["no-selector", "no-bids", "unknown-bid", "ipv4", "unknown-format", "short-selector", "fid-pri-zero", "fid-zero",
         "bids-twice", "sub-option-too-long"],
)  # fmt: skip
def flow_that_cannot_be_made_is_refused(mobile, router, option, status):
    ack = registers(mobile, option)
    assert list(flow_statuses(ack).values()) == [status] and statuses(ack) == {1: 0, 2: 0}
    assert router.mobile_ip.flow_bindings().empty


@case(must("RFC 6089 §4.2.1"))
def unknown_sub_option_is_skipped(right, mobile, router):
    ack = registers(mobile, flow(4, [2], TO_PORT_7, extra=b"\xfb\x02\x01\x02\x00\x01\x01\x00"))
    assert flow_statuses(ack) == {4: 0} and ways(right, *udp(dport=7)) == [OTHER_CARE_OF]


@case(must("RFC 6089 §5.3.2.2"))
def known_flow_keeps_what_is_not_told_again(right, mobile, router):
    registers(mobile, flow(4, [2], TO_PORT_7))
    assert flow_statuses(registers(mobile, flow(4, None, selector(destination_port=9)), seq=2)) == {4: 0}
    assert ways(right, *udp(dport=9)) == [OTHER_CARE_OF] and ways(right, *udp(dport=7)) == [CARE_OF]
    assert flow_statuses(registers(mobile, flow(4, [1]), seq=3)) == {4: 0}
    assert ways(right, *udp(dport=9)) == [CARE_OF]


@case(must("RFC 6089 §5.3.2"))
def flow_that_is_there_twice_rejects_all(mobile, router):
    ack = registers(mobile, flow(4, [1], TO_PORT_7), flow(4, [2], TO_PORT_7, priority=9), flow(5, [1], TO_PORT_7))
    assert [option.status for option in flows_of(ack)] == [129, 129, 129] and router.mobile_ip.flow_bindings().empty


@case(must("RFC 6089 §4.2"))
def two_flows_have_not_the_same_priority(mobile, router):
    ack = registers(mobile, flow(4, [1], TO_PORT_7, priority=9), flow(5, [1], TO_PORT_7, priority=9))
    assert flow_statuses(ack) == {4: 0, 5: 129}


@case(may("RFC 6089 §5.3.5"))
def home_agent_may_prohibit_flow_bindings(lab):
    router = home_agent(lab, flow_bindings=False)
    right = lab.ports[1]
    ack = registers(away(right), flow(4, [1], TO_PORT_7))
    assert flow_statuses(ack) == {4: 128} and router.mobile_ip.flow_bindings().empty


@case(must("RFC 6089 §5.3.2"))
def bindings_of_the_same_update_count_for_its_flows(right, mobile, router):
    assert flow_statuses(sends(mobile, 1, flow(4, [2], TO_PORT_7), FIRST, SECOND)) == {4: 0}


@case(must("RFC 6089 §5.3.3"))
def plain_deregistration_deletes_flows_as_well(mobile, router):
    registers(mobile, flow(4, [2], TO_PORT_7))
    sends(mobile, 2, lifetime=0)
    assert router.mobile_ip.flow_bindings().empty


@case(must("RFC 6089 §5.3.5"))
def flow_options_are_copied_to_the_acknowledgement(mobile, router):
    (option,) = flows_of(registers(mobile, flow(4, [2], TO_PORT_7, priority=77)))
    assert (option.fid, option.priority, option.status) == (4, 77, 0)
    assert TO_PORT_7 in option.sub_options and b"\x02\x02\x00\x02" in option.sub_options
