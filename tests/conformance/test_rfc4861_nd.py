"""Neighbor Discovery (RFC 4861) between a node and its neighbours: validation, resolution, reachability."""

import pytest
from exchange import (
    ALL_NODES,
    NODE,
    NODE_RIGHT,
    TESTER,
    TESTER_RIGHT,
    dad_ns,
    echo_request,
    expect,
    expect_none,
    expect_silence,
    find,
    group_mac,
    ip,
    na,
    ns,
    options_of,
    payload_of,
    solicited_node,
)
from scapy.layers.inet6 import (
    ICMPv6DestUnreach,
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptSrcLLAddr,
    ICMPv6NDOptUnknown,
    ICMPv6Unknown,
    IPv6,
)

OTHER_MAC = "02:00:00:00:00:77"
NEIGHBOR = "2001:db8:1::77"  # an address that the tester does not answer for
DELAY_FIRST_PROBE_TIME, RETRANS_TIMER, MAX_SOLICIT = 5.0, 1.0, 3
MAX_REACHABLE_TIME = 45.0  # REACHABLE_TIME times MAX_RANDOM_FACTOR
MIN_REACHABLE_TIME = 15.0


def cut(packet, type, size, **fields):
    """The message cut off behind so many bytes, with a right checksum."""
    header = packet[IPv6]
    kept = payload_of(packet)[4:size]
    return ip(header.dst, source=header.src, hlim=255, **fields) / ICMPv6Unknown(type=type, msgbody=kept)


def option_of_length(units):
    """An option without content that says to be so many units of 8 bytes long."""
    return ICMPv6NDOptUnknown(type=200, len=units, data=bytes(6))


# --- Solicitations: which are valid (RFC 4861 §7.1.1) ------------------------------------------------------------------------

INVALID_SOLICITATIONS = {
    "hop limit is not 255": ("nd.bad_hop_limit", ns(hop_limit=254)),
    "wrong checksum": ("icmp6.bad_checksum", ns(cksum=0x1234)),
    "code is not 0": ("nd.bad_code", ns(code=1)),
    "shorter than 24 bytes": ("nd.truncated", cut(ns(lladdr=None), 135, 23)),
    "target is a group": ("nd.multicast_target", ns("ff02::1:ff00:1", destination=NODE.address)),
    "option of length 0": ("nd.option_zero_length", ns(NODE.address, option_of_length(0))),
    "option beyond the end": ("nd.option_truncated", ns(NODE.address, option_of_length(2))),
    "from :: to a unicast address": (
        "nd.unspecified_source_to_other",
        ns(source="::", lladdr=None, destination=NODE.address),
    ),
    "from :: to all nodes": ("nd.unspecified_source_to_other", ns(source="::", lladdr=None, destination=ALL_NODES)),
    "from :: with a link-layer address": ("nd.unspecified_source_with_address", ns(source="::")),
}


@pytest.mark.parametrize(("reason", "solicitation"), INVALID_SOLICITATIONS.values(), ids=INVALID_SOLICITATIONS)
def test_invalid_solicitation_is_silently_discarded(host, port, reason, solicitation):  # RFC 4861 §7.1.1
    port.send(solicitation)
    expect_silence(port)
    assert host.drops[reason] == 1


def test_reserved_field_and_unknown_options_are_ignored(host, port):  # RFC 4861 §7.1.1, §4.6
    port.send(ns(NODE.address, option_of_length(1), res=0xFFFFFFFF))
    expect(port, ICMPv6ND_NA, tgt=NODE.address)


# --- Solicitations: the answer (RFC 4861 §7.2.3, §7.2.4) -----------------------------------------------------------------------


@pytest.mark.parametrize("target", [NODE.address, NODE.link_local], ids=["global", "link-local"])
def test_solicitation_is_answered(host, port, target):  # RFC 4861 §7.2.4
    port.send(ns(target))
    answer = expect(port, ICMPv6ND_NA, tgt=target, S=1, O=1, R=0)
    assert (answer[IPv6].src, answer[IPv6].dst, answer[IPv6].hlim) == (target, TESTER.link_local, 255)
    assert answer.dst == TESTER.mac
    assert [option.lladdr for option in options_of(answer, ICMPv6NDOptDstLLAddr)] == [NODE.mac]


def test_router_says_that_it_is_one(router, left):  # RFC 4861 §4.4: R
    left.send(ns())
    expect(left, ICMPv6ND_NA, tgt=NODE.address, R=1, S=1, O=1)


def test_unicast_solicitation_is_answered(host, port):  # RFC 4861 §7.2.4, as a probe of unreachability detection
    port.send(ns(destination=NODE.address, lladdr=None, source=TESTER.address))
    answer = expect(port, ICMPv6ND_NA, tgt=NODE.address, S=1)
    assert answer[IPv6].dst == TESTER.address


def test_solicitation_from_the_unspecified_address_is_answered_to_all_nodes(host, port):  # RFC 4861 §7.2.4
    port.send(dad_ns(NODE.address))
    answer = expect(port, ICMPv6ND_NA, tgt=NODE.address, S=0, O=1)
    assert (answer[IPv6].dst, answer.dst) == (ALL_NODES, group_mac(ALL_NODES))
    assert [option.lladdr for option in options_of(answer, ICMPv6NDOptDstLLAddr)] == [NODE.mac]


def test_advertisement_of_an_anycast_address_does_not_override(host, port):  # RFC 4861 §7.2.7
    host.add_address("2001:db8:1::a/64", anycast=True)
    port.run(3.0)
    port.send(ns("2001:db8:1::a"))
    expect(port, ICMPv6ND_NA, within=1.0, tgt="2001:db8:1::a", S=1, O=0)  # MAX_ANYCAST_DELAY_TIME


def test_solicitation_for_an_address_of_others_is_ignored(host, port):  # RFC 4861 §7.2.3
    # In the group of NODE.address, so that it is heard.
    port.send(ns("2001:db8:1::9900:1", destination=solicited_node(NODE.address)))
    expect_silence(port)
    assert host.drops["nd.not_our_target"] == 1


def test_solicitation_tells_the_link_layer_address_of_its_source(host, port):  # RFC 4861 §7.2.3
    port.send(ns(source=NEIGHBOR))
    expect(port, ICMPv6ND_NA)
    port.send(echo_request(source=NEIGHBOR))
    assert expect(port, ICMPv6EchoReply, within=0.0).dst == TESTER.mac


def test_solicitation_updates_the_link_layer_address_of_its_source(host, port):  # RFC 4861 §7.2.3
    port.send(ns(source=NEIGHBOR))
    expect(port, ICMPv6ND_NA)
    port.send(ns(source=NEIGHBOR, lladdr=OTHER_MAC))
    assert expect(port, ICMPv6ND_NA).dst == OTHER_MAC


def test_solicitation_without_link_layer_address_makes_no_entry(host, port):  # RFC 4861 §7.2.3
    port.send(ns(source=NEIGHBOR, lladdr=None))
    expect(port, ICMPv6ND_NS, within=0.1, tgt=NEIGHBOR)  # so that the answer can be sent
    expect_none(port, ICMPv6ND_NA, within=0.5)


# --- Address resolution (RFC 4861 §7.2.2) -----------------------------------------------------------------------------------


@pytest.mark.parametrize("source", [NODE.address, NODE.link_local], ids=["global", "link-local"])
def test_address_is_asked_for_in_its_solicited_node_group(host, port, source):  # RFC 4861 §7.2.2
    host.ping(NEIGHBOR, count=1, source=source)
    question = expect(port, ICMPv6ND_NS, tgt=NEIGHBOR)
    assert question[IPv6].dst == "ff02::1:ff00:77" and question.dst == "33:33:ff:00:00:77"
    assert question[IPv6].hlim == 255
    assert question[IPv6].src == source  # that of the packet that prompts it
    assert [option.lladdr for option in options_of(question, ICMPv6NDOptSrcLLAddr)] == [NODE.mac]


def test_address_is_asked_for_three_times_a_second_apart(host, port):  # RFC 4861 §7.2.2; §10
    host.ping(NEIGHBOR, count=1)
    questions = [expect(port, ICMPv6ND_NS, within=1.1, tgt=NEIGHBOR) for _ in range(MAX_SOLICIT)]
    start = questions[0].time
    assert [q.time - start for q in questions] == pytest.approx([0.0, RETRANS_TIMER, 2 * RETRANS_TIMER], abs=1e-6)
    expect_silence(port, within=30.0)
    assert host.drops["nd.address_unreachable"] == 1


def test_each_waiting_packet_is_answered_by_address_unreachable(router, left, right):  # RFC 4861 §7.2.2
    left.send(echo_request("2001:db8:2::77", seq=1), echo_request("2001:db8:2::77", seq=2))
    errors = [expect(left, ICMPv6DestUnreach, within=3.1, code=3) for _ in range(2)]
    assert [error[ICMPv6EchoRequest].seq for error in errors] == [1, 2]


def test_resolution_starts_anew_after_it_failed(host, port):  # RFC 4861 §7.3.3
    host.ping(NEIGHBOR, count=1)
    port.run(5.0)
    port.answers[NEIGHBOR] = OTHER_MAC
    host.ping(NEIGHBOR, count=1)
    assert expect(port, ICMPv6EchoRequest).dst == OTHER_MAC


def test_waiting_packets_are_sent_in_their_order(host, port):  # RFC 4861 §7.2.2
    port.send(*[echo_request(source=NEIGHBOR, seq=n) for n in (1, 2, 3)])
    expect(port, ICMPv6ND_NS, tgt=NEIGHBOR)
    port.send(na(NEIGHBOR, lladdr=OTHER_MAC))
    replies = [expect(port, ICMPv6EchoReply) for _ in range(3)]
    assert [(r[ICMPv6EchoReply].seq, r.dst) for r in replies] == [(n, OTHER_MAC) for n in (1, 2, 3)]


def test_new_packets_displace_the_oldest_that_wait(host, port):  # RFC 4861 §7.2.2
    port.send(*[echo_request(source=NEIGHBOR, seq=n) for n in range(1, 7)])
    expect(port, ICMPv6ND_NS, tgt=NEIGHBOR)
    port.send(na(NEIGHBOR, lladdr=OTHER_MAC))
    replies = [p[ICMPv6EchoReply].seq for p in port.run(1.0) if ICMPv6EchoReply in p]
    assert replies == [4, 5, 6]
    assert host.drops["nd.queue_overflow"] == 3


def test_late_answer_still_resolves(host, port):  # RFC 4861 §7.2.5: while the entry is there
    port.send(echo_request(source=NEIGHBOR))
    port.run(2.9)
    port.send(na(NEIGHBOR, lladdr=OTHER_MAC))
    assert expect(port, ICMPv6EchoReply).dst == OTHER_MAC


# --- Advertisements: which are valid (RFC 4861 §7.1.2) --------------------------------------------------------------------------

ANSWER = {"target": NEIGHBOR, "lladdr": OTHER_MAC}
INVALID_ADVERTISEMENTS = {
    "hop limit is not 255": ("nd.bad_hop_limit", na(**ANSWER, hop_limit=64)),
    "wrong checksum": ("icmp6.bad_checksum", na(**ANSWER, cksum=0x1234)),
    "code is not 0": ("nd.bad_code", na(**ANSWER, code=1)),
    "shorter than 24 bytes": ("nd.truncated", cut(na(NEIGHBOR, lladdr=None), 136, 20)),
    "target is a group": ("nd.multicast_target", na("ff02::1:ff00:77", source=NEIGHBOR, lladdr=OTHER_MAC)),
    "solicited, but to a group": ("nd.multicast_solicited", na(**ANSWER, destination=ALL_NODES)),
    "option of length 0": ("nd.option_zero_length", na(NEIGHBOR, option_of_length(0), lladdr=OTHER_MAC)),
}


@pytest.mark.parametrize(("reason", "advertisement"), INVALID_ADVERTISEMENTS.values(), ids=INVALID_ADVERTISEMENTS)
def test_invalid_advertisement_is_silently_discarded(host, port, reason, advertisement):  # RFC 4861 §7.1.2
    port.send(echo_request(source=NEIGHBOR))
    expect(port, ICMPv6ND_NS, tgt=NEIGHBOR)
    port.send(advertisement)
    expect_none(port, ICMPv6EchoReply, within=0.5)
    assert host.drops[reason] == 1
    port.send(na(**ANSWER))
    expect(port, ICMPv6EchoReply)


# --- Advertisements: what they change (RFC 4861 §7.2.5, Appendix C) ----------------------------------------------------------------


def known_as(state, host, port):
    """The host knows NEIGHBOR under OTHER_MAC, in this state."""
    port.answers[NEIGHBOR] = OTHER_MAC
    port.send(echo_request(source=NEIGHBOR))
    expect(port, ICMPv6EchoReply)
    if state == "STALE":
        port.run(MAX_REACHABLE_TIME + 1)
    port.answers.clear()


def reply_and_probe(port):
    """Where the answer to a request from NEIGHBOR goes, and whether a probe follows: it does unless REACHABLE."""
    port.send(echo_request(source=NEIGHBOR))
    mac = expect(port, ICMPv6EchoReply).dst
    probes = [p for p in port.run(DELAY_FIRST_PROBE_TIME + 0.1) if find(p, ICMPv6ND_NS)]
    assert all(p.dst == mac for p in probes)
    return mac, bool(probes)


THIRD_MAC = "02:00:00:00:00:66"
NOTHING_NEW, REACHED, DOUBTED, TAKEN_OVER, TAKEN_ON = (
    (OTHER_MAC, None),
    (OTHER_MAC, False),
    (OTHER_MAC, True),
    (THIRD_MAC, False),
    (THIRD_MAC, True),
)
ADVERTISEMENT_RULES = [
    # state      solicited override lladdr     what is believed then
    ("REACHABLE", 1, 0, OTHER_MAC, REACHED),
    ("REACHABLE", 0, 0, OTHER_MAC, REACHED),
    ("REACHABLE", 0, 1, OTHER_MAC, REACHED),
    ("REACHABLE", 1, 1, None, REACHED),
    ("REACHABLE", 1, 0, THIRD_MAC, DOUBTED),
    ("REACHABLE", 0, 0, THIRD_MAC, DOUBTED),
    ("REACHABLE", 1, 1, THIRD_MAC, TAKEN_OVER),
    ("REACHABLE", 0, 1, THIRD_MAC, TAKEN_ON),
    ("STALE", 1, 0, OTHER_MAC, REACHED),
    ("STALE", 1, 1, OTHER_MAC, REACHED),
    ("STALE", 1, 1, None, REACHED),
    ("STALE", 1, 0, None, REACHED),
    ("STALE", 0, 0, OTHER_MAC, DOUBTED),
    ("STALE", 0, 1, OTHER_MAC, DOUBTED),
    ("STALE", 1, 0, THIRD_MAC, DOUBTED),
    ("STALE", 0, 0, THIRD_MAC, DOUBTED),
    ("STALE", 1, 1, THIRD_MAC, TAKEN_OVER),
    ("STALE", 0, 1, THIRD_MAC, TAKEN_ON),
]


@pytest.mark.parametrize(
    ("state", "solicited", "override", "lladdr", "believed"),
    ADVERTISEMENT_RULES,
    ids=lambda v: {OTHER_MAC: "same", THIRD_MAC: "other", None: "none"}.get(v, str(v)) if not isinstance(v, tuple) else "",
)
def test_advertisement_changes_an_entry(host, port, state, solicited, override, lladdr, believed):  # RFC 4861 §7.2.5
    known_as(state, host, port)
    destination = NODE.address if solicited else ALL_NODES
    port.send(na(NEIGHBOR, destination=destination, solicited=solicited, override=override, lladdr=lladdr))
    assert reply_and_probe(port) == believed


@pytest.mark.parametrize(("solicited", "probed"), [(1, False), (0, True)], ids=["solicited", "unsolicited"])
def test_advertisement_completes_an_incomplete_entry(host, port, solicited, probed):  # RFC 4861 §7.2.5
    port.send(echo_request(source=NEIGHBOR))
    expect(port, ICMPv6ND_NS, tgt=NEIGHBOR)
    destination = NODE.address if solicited else ALL_NODES
    port.send(na(NEIGHBOR, destination=destination, solicited=solicited, override=0, lladdr=OTHER_MAC))
    expect(port, ICMPv6EchoReply)
    assert reply_and_probe(port) == (OTHER_MAC, probed)


def test_advertisement_without_link_layer_address_completes_nothing(host, port):  # RFC 4861 §7.2.5
    port.send(echo_request(source=NEIGHBOR))
    expect(port, ICMPv6ND_NS, tgt=NEIGHBOR)
    port.send(na(NEIGHBOR, lladdr=None))
    expect_none(port, ICMPv6EchoReply, within=0.5)
    assert host.drops["nd.no_link_layer_address"] == 1


def test_advertisement_nobody_asked_for_makes_no_entry(host, port):  # RFC 4861 §7.2.5
    port.send(na(NEIGHBOR, lladdr=OTHER_MAC, destination=ALL_NODES, solicited=0))
    assert port.run(0.5) == []
    assert host.drops["nd.no_entry"] == 1
    port.send(echo_request(source=NEIGHBOR))
    expect(port, ICMPv6ND_NS, tgt=NEIGHBOR)


# --- Neighbor Unreachability Detection (RFC 4861 §7.3) -------------------------------------------------------------------------------


def test_stale_neighbor_is_probed_five_seconds_after_a_packet_to_it(host, port):  # RFC 4861 §7.3.3
    known_as("STALE", host, port)
    port.send(echo_request(source=NEIGHBOR))
    start = expect(port, ICMPv6EchoReply).time  # packets go on to the address that is known
    probes = [expect(port, ICMPv6ND_NS, within=5.1, tgt=NEIGHBOR) for _ in range(MAX_SOLICIT)]
    assert [p.time - start for p in probes] == pytest.approx([5.0, 6.0, 7.0], abs=1e-6)
    assert {(p[IPv6].dst, p.dst, p[IPv6].hlim) for p in probes} == {(NEIGHBOR, OTHER_MAC, 255)}


def test_neighbor_that_does_not_answer_probes_is_forgotten(host, port):  # RFC 4861 §7.3.3
    known_as("STALE", host, port)
    port.send(echo_request(source=NEIGHBOR))
    port.run(DELAY_FIRST_PROBE_TIME + MAX_SOLICIT * RETRANS_TIMER + 0.1)
    port.send(echo_request(source=NEIGHBOR))
    question = expect(port, ICMPv6ND_NS, within=0.1, tgt=NEIGHBOR)
    assert question[IPv6].dst == solicited_node(NEIGHBOR)  # by multicast: resolution begins anew


def test_neighbor_that_is_probed_still_gets_its_packets(host, port):  # RFC 4861 §7.3.3
    known_as("STALE", host, port)
    port.send(echo_request(source=NEIGHBOR))
    port.run(6.5)
    port.send(echo_request(source=NEIGHBOR, seq=2))
    assert expect(port, ICMPv6EchoReply, within=0.1, seq=2).dst == OTHER_MAC


def test_answer_to_a_probe_ends_probing(host, port):  # RFC 4861 §7.3.3
    known_as("STALE", host, port)
    port.send(echo_request(source=NEIGHBOR))
    expect(port, ICMPv6ND_NS, within=5.1, tgt=NEIGHBOR)
    port.send(na(NEIGHBOR, lladdr=OTHER_MAC))
    expect_silence(port, within=10.0)
    assert reply_and_probe(port) == (OTHER_MAC, False)


def test_reachable_neighbor_is_not_probed(host, port):  # RFC 4861 §7.3.3
    known_as("REACHABLE", host, port)
    for seq in range(int(MIN_REACHABLE_TIME) - 1):
        port.send(echo_request(source=NEIGHBOR, seq=seq))
        expect(port, ICMPv6EchoReply, seq=seq)
        expect_none(port, ICMPv6ND_NS, within=0.99)


def test_neighbor_is_not_reachable_for_longer_than_the_reachable_time(host, port):  # RFC 4861 §6.3.2: 15 s to 45 s
    known_as("REACHABLE", host, port)
    port.run(MAX_REACHABLE_TIME)
    assert reply_and_probe(port) == (OTHER_MAC, True)


def test_stale_neighbor_without_traffic_is_left_alone(host, port):  # RFC 4861 §7.3.3
    known_as("STALE", host, port)
    expect_silence(port, within=600.0)


def test_router_detects_unreachable_neighbors_too(router, left, right):  # RFC 4861 §7.3
    left.send(echo_request(TESTER_RIGHT.address))
    expect(right, ICMPv6EchoRequest)
    right.answers.clear()
    left.run(MAX_REACHABLE_TIME + 1)
    left.send(echo_request(TESTER_RIGHT.address, seq=2))
    expect(right, ICMPv6EchoRequest, seq=2)
    probe = expect(right, ICMPv6ND_NS, within=5.1, tgt=TESTER_RIGHT.address)
    assert probe[IPv6].dst == TESTER_RIGHT.address and probe.src == NODE_RIGHT.mac
    left.run(3.0)
    left.send(echo_request(TESTER_RIGHT.address, seq=3))
    expect(left, ICMPv6DestUnreach, within=3.1, code=3)
