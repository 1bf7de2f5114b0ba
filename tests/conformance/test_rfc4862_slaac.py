"""Stateless address autoconfiguration (RFC 4862): Duplicate Address Detection, and addresses from advertisements."""

import math

import pytest
from exchange import (
    ALL_NODES,
    INFINITY,
    NODE,
    TESTER,
    End,
    dad_ns,
    echo_request,
    expect,
    expect_none,
    expect_silence,
    find,
    group_mac,
    na,
    ns,
    options_of,
    prefix_information,
    ra,
    solicited_node,
)
from scapy.layers.inet6 import (
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
)

PREFIX = "2001:db8:5::"
FORMED = "2001:db8:5::ff:fe00:1"  # with the modified EUI-64 identifier of NODE.mac (RFC 2464 §4)
MAX_RTR_SOLICITATION_DELAY, RETRANS_TIMER = 1.0, 1.0
TWO_HOURS = 7200


def state(host, address):
    """tentative, preferred, ...; None if the host does not have the address."""
    rows = host.addresses()
    found = rows[rows["address"] == address]
    return None if found.empty else found["state"].iloc[0]


def lifetime(host, address, column="valid_until_s"):
    """What is left of it, in seconds."""
    rows = host.addresses()
    return rows[rows["address"] == address][column].iloc[0] - host.network.now


# --- Duplicate Address Detection (RFC 4862 §5.3, §5.4) ---------------------------------------------------------------------------


def test_link_local_address_is_the_prefix_and_the_interface_identifier(fresh_host, fresh_port):  # RFC 4862 §5.3
    fresh_port.run(3.0)
    assert fresh_host.interfaces[0].addresses == [NODE.link_local]


def test_address_is_tested_by_a_solicitation_from_nowhere(fresh_port):  # RFC 4862 §5.4.2
    question = expect(fresh_port, ICMPv6ND_NS, tgt=NODE.link_local)
    assert (question[IPv6].src, question[IPv6].hlim) == ("::", 255)
    group = solicited_node(NODE.link_local)
    assert (question[IPv6].dst, question.dst) == (group, group_mac(group))
    assert options_of(question, ICMPv6NDOptSrcLLAddr) == []


def test_first_test_is_delayed_at_random_for_up_to_a_second(lab):  # RFC 4862 §5.4.2: MAX_RTR_SOLICITATION_DELAY
    lan = lab.lan()
    port = lab.port(lan)
    for n in range(1, 31):
        end = End(f"02:00:00:00:01:{n:02x}", f"fe80::ff:fe00:1{n:02x}", "")
        lab.attach(lan, lab.net.host(f"host{n}"), end, address=False)
    times = [p.time for p in port.run(MAX_RTR_SOLICITATION_DELAY) if find(p, ICMPv6ND_NS)]
    assert len(times) == len(set(times)) == 30
    assert min(times) < 0.2 and max(times) > 0.8  # of 30 even draws, not once in ten thousand otherwise


def test_address_is_assigned_a_second_after_the_test(fresh_host, fresh_port):  # RFC 4862 §5.4: RetransTimer
    question = expect(fresh_port, ICMPv6ND_NS, tgt=NODE.link_local)
    assert state(fresh_host, NODE.link_local) == "tentative"
    fresh_port.run(question.time + RETRANS_TIMER - 1e-6 - fresh_port.now)
    assert state(fresh_host, NODE.link_local) == "tentative"
    fresh_port.run(2e-6)
    assert state(fresh_host, NODE.link_local) == "preferred"


@pytest.mark.parametrize("transmits", [1, 2, 5])
def test_address_is_tested_as_often_as_configured(lab, transmits):  # RFC 4862 §5.1: DupAddrDetectTransmits
    host = lab.host(address=False, settle=0.0, dup_addr_detect_transmits=transmits)
    port = lab.ports[0]
    times = [p.time for p in port.run(transmits + 0.99) if find(p, ICMPv6ND_NS)]
    assert len(times) == transmits
    assert [b - a for a, b in zip(times, times[1:])] == pytest.approx([RETRANS_TIMER] * (transmits - 1), abs=1e-6)
    port.run(1.0)
    assert state(host, NODE.link_local) == "preferred"


def test_address_is_not_tested_where_that_is_off(lab):  # RFC 4862 §5.1: DupAddrDetectTransmits 0
    host = lab.host(address=False, settle=0.0, dup_addr_detect_transmits=0)
    expect_none(lab.ports[0], ICMPv6ND_NS, within=3.0)
    assert state(host, NODE.link_local) == "preferred"


def test_manual_addresses_are_tested_too(lab):  # RFC 4862 §5.4: "on all unicast addresses"
    lab.host(settle=0.0)
    asked = {p[ICMPv6ND_NS].tgt for p in lab.ports[0].run(2.0) if find(p, ICMPv6ND_NS)}
    assert asked == {NODE.address, NODE.link_local}


def test_anycast_address_is_not_tested(host, port):  # RFC 4862 §5.4
    host.add_address("2001:db8:1::a/64", anycast=True)
    expect_none(port, ICMPv6ND_NS, within=3.0)


def test_tentative_address_is_not_used(fresh_host, fresh_port):  # RFC 4862 §5.4: no packets to it are accepted
    expect(fresh_port, ICMPv6ND_NS, tgt=NODE.link_local)
    fresh_port.send(echo_request(NODE.link_local, source=TESTER.link_local))
    fresh_port.send(ns(NODE.link_local))  # somebody resolves it: ignored (§5.4.3)
    expect_silence(fresh_port, within=0.9)
    assert fresh_host.drops["nd.tentative_target"] == 1
    fresh_port.run(0.5)
    assert state(fresh_host, NODE.link_local) == "preferred"


CONFLICTS = {
    "another node tests it": dad_ns(NODE.link_local),
    "its owner defends it": na(NODE.link_local, destination=ALL_NODES, solicited=0),
    "its owner defends it without saying where it is": na(
        NODE.link_local, destination=ALL_NODES, solicited=0, lladdr=None
    ),
}


@pytest.mark.parametrize("conflict", CONFLICTS.values(), ids=CONFLICTS)
def test_address_of_another_is_not_assigned(fresh_host, fresh_port, conflict):  # RFC 4862 §5.4.3, §5.4.4
    expect(fresh_port, ICMPv6ND_NS, tgt=NODE.link_local)
    fresh_port.send(conflict)
    expect_silence(fresh_port, within=5.0)
    assert state(fresh_host, NODE.link_local) == "duplicated"


def test_conflict_counts_before_the_own_test_has_begun(fresh_host, fresh_port):  # RFC 4862 §5.4.3
    fresh_port.send(dad_ns(NODE.link_local))
    expect_none(fresh_port, ICMPv6ND_NS, within=5.0)
    assert state(fresh_host, NODE.link_local) == "duplicated"


def test_invalid_messages_do_not_fail_the_test(fresh_host, fresh_port):  # RFC 4862 §5.4.3; RFC 4861 §7.1
    expect(fresh_port, ICMPv6ND_NS, tgt=NODE.link_local)
    fresh_port.send(ns(NODE.link_local, source="::", lladdr=None, hop_limit=254))
    fresh_port.send(na(NODE.link_local, destination=ALL_NODES, solicited=0, hop_limit=254))
    fresh_port.run(1.5)
    assert state(fresh_host, NODE.link_local) == "preferred"


def test_interface_with_a_duplicate_hardware_address_is_disabled(lab):  # RFC 4862 §5.4.5
    host = lab.host(settle=0.0)
    port = lab.ports[0]
    expect(port, ICMPv6ND_NS, tgt=NODE.link_local)
    port.run(0.0)  # the test of the other address comes at the same time
    port.send(dad_ns(NODE.link_local))
    assert port.run(30.0) == []  # it sends nothing any more
    port.send(ns(), echo_request())  # and drops what comes
    assert port.run(5.0) == []
    assert state(host, NODE.link_local) == "duplicated"


def test_duplicate_global_address_leaves_the_interface_alone(host, port):  # RFC 4862 §5.4.5: link-local ones only
    host.add_address("2001:db8:1::42/64")
    expect(port, ICMPv6ND_NS, tgt="2001:db8:1::42")
    port.send(dad_ns("2001:db8:1::42"))
    port.run(3.0)
    assert state(host, "2001:db8:1::42") == "duplicated"
    port.send(echo_request("2001:db8:1::42", to_mac=NODE.mac))
    expect_silence(port)
    port.send(echo_request())
    expect(port, ICMPv6EchoReply)


def test_assigned_address_is_defended(host, port):  # RFC 4862 §5.4; RFC 4861 §7.2.4
    port.send(dad_ns(NODE.address))
    expect(port, ICMPv6ND_NA, tgt=NODE.address)
    assert state(host, NODE.address) == "preferred"


# --- Addresses from prefixes (RFC 4862 §5.5.3) -----------------------------------------------------------------------------------


def test_address_is_formed_from_a_prefix(host, port):  # RFC 4862 §5.5.3 d
    port.send(ra(prefix_information(PREFIX, valid=1000, preferred=500)))
    sent = port.now
    question = expect(port, ICMPv6ND_NS, tgt=FORMED)
    assert question[IPv6].src == "::" and question.time <= sent + MAX_RTR_SOLICITATION_DELAY
    port.run(RETRANS_TIMER + 0.001)
    assert state(host, FORMED) == "preferred"
    assert lifetime(host, FORMED) == pytest.approx(1000 - (port.now - sent), abs=1e-6)
    assert lifetime(host, FORMED, "preferred_until_s") == pytest.approx(500 - (port.now - sent), abs=1e-6)
    port.send(echo_request(FORMED))
    assert expect(port, ICMPv6EchoReply)[IPv6].src == FORMED


def test_address_is_formed_from_each_prefix(host, port):  # RFC 4862 §5.5.3
    port.send(ra(prefix_information(PREFIX), prefix_information("2001:db8:6::")))
    port.run(3.0)
    assert state(host, FORMED) == state(host, "2001:db8:6::ff:fe00:1") == "preferred"


def test_address_is_formed_once(host, port):  # RFC 4862 §5.5.3 d: if not yet in the list
    port.send(ra(prefix_information(PREFIX)))
    port.run(3.0)
    before = list(host.interfaces[0].addresses)
    port.send(ra(prefix_information(PREFIX)))
    expect_none(port, ICMPv6ND_NS, within=3.0)
    assert list(host.interfaces[0].addresses) == before


def test_address_is_formed_by_a_router_that_is_no_default(host, port):  # RFC 4862 §5.5.3
    port.send(ra(prefix_information(PREFIX), lifetime=0))
    port.run(3.0)
    assert state(host, FORMED) == "preferred"


def test_on_link_flag_does_not_matter(host, port):  # RFC 4862 §5.5.3: only the autonomous flag does
    port.send(ra(prefix_information(PREFIX, on_link=0)))
    port.run(3.0)
    assert state(host, FORMED) == "preferred"


UNUSABLE = {
    "a: not autonomous": prefix_information(PREFIX, autonomous=0),
    "b: the link-local prefix": prefix_information("fe80::"),
    "c: preferred for longer than valid": prefix_information(PREFIX, valid=100, preferred=101),
    "d: valid for no time": prefix_information(PREFIX, valid=0, preferred=0),
    "d: 48 bits": prefix_information(PREFIX, length=48),
    "d: 63 bits": prefix_information(PREFIX, length=63),
    "d: 65 bits": prefix_information(PREFIX, length=65),
    "d: 128 bits": prefix_information(PREFIX, length=128),
}


@pytest.mark.parametrize("option", UNUSABLE.values(), ids=UNUSABLE)
def test_no_address_is_formed_from_an_unusable_prefix(host, port, option):  # RFC 4862 §5.5.3 a to d
    before = list(host.interfaces[0].addresses)
    port.send(ra(option))
    expect_none(port, ICMPv6ND_NS, within=3.0)
    assert list(host.interfaces[0].addresses) == before


def test_prefix_beside_an_unusable_one_is_used(host, port):  # RFC 4862 §5.5.3: for each option
    port.send(ra(prefix_information("2001:db8:6::", length=65), prefix_information(PREFIX)))
    port.run(3.0)
    assert state(host, FORMED) == "preferred"


def test_duplicate_of_a_formed_address_is_not_used(host, port):  # RFC 4862 §5.4.5
    port.send(ra(prefix_information(PREFIX)))
    expect(port, ICMPv6ND_NS, tgt=FORMED)
    port.send(na(FORMED, destination=ALL_NODES, solicited=0))
    port.run(3.0)
    assert state(host, FORMED) in ("duplicated", None)
    port.send(echo_request(FORMED, to_mac=NODE.mac))
    expect_silence(port)


# --- Lifetimes (RFC 4862 §5.5.3 e, §5.5.4) -------------------------------------------------------------------------------------------

RENEWALS = [
    # left      advertised  then left
    (86400, 100000, 100000),  # 1: longer than what is left
    (3600, 4000, 4000),
    (60, INFINITY, math.inf),
    (86400, TWO_HOURS + 1, TWO_HOURS + 1),  # 1: longer than two hours
    (INFINITY, 10000, 10000),
    (3600, 60, 3600),  # 2: two hours or less are left: ignored
    (TWO_HOURS, 0, TWO_HOURS),
    (86400, 60, TWO_HOURS),  # 3
    (86400, 0, TWO_HOURS),
    (86400, TWO_HOURS, TWO_HOURS),
    (INFINITY, 60, TWO_HOURS),
]


@pytest.mark.parametrize(("left", "advertised", "then_left"), RENEWALS)
def test_valid_lifetime_is_not_shortened_to_less_than_two_hours(host, port, left, advertised, then_left):  # §5.5.3 e
    port.send(ra(prefix_information(PREFIX, valid=left + 3 if left != INFINITY else left, preferred=0)))
    port.run(3.0)
    port.send(ra(prefix_information(PREFIX, valid=advertised, preferred=0)))
    assert lifetime(host, FORMED) == pytest.approx(then_left, abs=1e-3)


def test_preferred_lifetime_is_always_the_advertised_one(host, port):  # RFC 4862 §5.5.3 e
    port.send(ra(prefix_information(PREFIX, valid=3600, preferred=3600)))
    port.run(3.0)
    port.send(ra(prefix_information(PREFIX, valid=60, preferred=30)))  # the valid lifetime is ignored
    assert lifetime(host, FORMED, "preferred_until_s") == pytest.approx(30, abs=1e-6)
    assert lifetime(host, FORMED) == pytest.approx(3597, abs=1e-6)


def test_address_becomes_deprecated_when_its_preferred_lifetime_is_over(host, port):  # RFC 4862 §5.5.4
    port.send(ra(prefix_information(PREFIX, valid=100, preferred=30)))
    port.run(29.999)
    assert state(host, FORMED) == "preferred"
    port.run(0.002)
    assert state(host, FORMED) == "deprecated"


def test_deprecated_address_still_receives_and_answers(host, port):  # RFC 4862 §5.5.4
    port.send(ra(prefix_information(PREFIX, valid=100, preferred=10)))
    port.run(20.0)
    port.send(echo_request(FORMED))
    assert expect(port, ICMPv6EchoReply)[IPv6].src == FORMED


def test_deprecated_address_is_not_used_for_what_is_new(host, port):  # RFC 4862 §5.5.4
    port.send(ra(prefix_information(PREFIX, valid=100, preferred=10)))
    port.run(20.0)
    host.ping("2001:db8:5::77", count=1)  # whose prefix is that of the deprecated address
    port.answers["2001:db8:5::77"] = TESTER.mac
    assert expect(port, ICMPv6EchoRequest)[IPv6].src == NODE.address


def test_deprecated_address_becomes_preferred_again(host, port):  # RFC 4862 §5.5.3 e
    port.send(ra(prefix_information(PREFIX, valid=100, preferred=10)))
    port.run(20.0)
    port.send(ra(prefix_information(PREFIX, valid=100, preferred=50)))
    assert state(host, FORMED) == "preferred"


def test_address_is_removed_when_its_valid_lifetime_is_over(host, port):  # RFC 4862 §5.5.4
    port.send(ra(prefix_information(PREFIX, valid=60, preferred=30)))
    port.run(59.9)
    port.send(ns(FORMED))
    expect(port, ICMPv6ND_NA, within=0.0, tgt=FORMED)
    port.run(0.2)
    assert state(host, FORMED) is None
    port.send(ns(FORMED), echo_request(FORMED))
    expect_silence(port)


def test_advertisement_renews_the_lifetime(host, port):  # RFC 4862 §5.5.3 e.1
    for _ in range(5):
        port.send(ra(prefix_information(PREFIX, valid=60, preferred=60)))
        port.run(50.0)
    assert state(host, FORMED) == "preferred"


def test_infinite_lifetimes_never_end(host, port):  # RFC 4861 §4.6.2
    port.send(ra(prefix_information(PREFIX, valid=INFINITY, preferred=INFINITY)))
    port.run(100 * 86400.0)
    assert state(host, FORMED) == "preferred"
