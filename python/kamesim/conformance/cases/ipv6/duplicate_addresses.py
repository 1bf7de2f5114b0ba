"""Duplicate Address Detection (RFC 4862 §5.3, §5.4)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6NDOptSrcLLAddr, ICMPv6ND_NA, ICMPv6ND_NS, IPv6

from kamesim.conformance.cases.ipv6._autoconfiguration import MAX_RTR_SOLICITATION_DELAY, RETRANS_TIMER, state
from kamesim.conformance.exchange import (
    ALL_NODES,
    NODE,
    TESTER,
    End,
    case,
    dad_ns,
    echo_request,
    expect,
    expect_dropped,
    expect_none,
    expect_silence,
    find,
    group_mac,
    must,
    na,
    ns,
    options_of,
    solicited_node,
)


@case(must("RFC 4862 §5.3"))
def link_local_address_is_the_prefix_and_the_interface_identifier(fresh_host, fresh_port):
    fresh_port.run(3.0)
    assert fresh_host.interfaces[0].addresses == [NODE.link_local]


@case(must("RFC 4862 §5.4.2"), logo="v6LC.3.1.1")
def address_is_tested_by_a_solicitation_from_nowhere(fresh_port):
    question = expect(fresh_port, ICMPv6ND_NS, tgt=NODE.link_local)
    assert (question[IPv6].src, question[IPv6].hlim) == ("::", 255)
    group = solicited_node(NODE.link_local)
    assert (question[IPv6].dst, question.dst) == (group, group_mac(group))
    assert options_of(question, ICMPv6NDOptSrcLLAddr) == []


@case(must("RFC 4862 §5.4.2"), role="host")
def first_test_is_delayed_at_random_for_up_to_a_second(lab):
    # MAX_RTR_SOLICITATION_DELAY.
    lan, port = lab.link()
    for n in range(1, 31):
        end = End(f"02:00:00:00:01:{n:02x}", f"fe80::ff:fe00:1{n:02x}", "")
        lab.attach(lan, lab.net.host(f"host{n}"), end, address=False)
    times = [p.time for p in port.run(MAX_RTR_SOLICITATION_DELAY) if find(p, ICMPv6ND_NS)]
    assert len(times) == len(set(times)) == 30
    assert min(times) < 0.2 and max(times) > 0.8  # of 30 even draws, not once in ten thousand otherwise


@case(must("RFC 4862 §5.4"))
def address_is_assigned_a_second_after_the_test(fresh_host, fresh_port):
    # RetransTimer.
    question = expect(fresh_port, ICMPv6ND_NS, tgt=NODE.link_local)
    assert state(fresh_host, NODE.link_local) == "tentative"
    fresh_port.run(question.time + RETRANS_TIMER - 1e-6 - fresh_port.now)
    assert state(fresh_host, NODE.link_local) == "tentative"
    fresh_port.run(2e-6)
    assert state(fresh_host, NODE.link_local) == "preferred"


@case(must("RFC 4862 §5.1"), role="host")
@pytest.mark.parametrize("transmits", [1, 2, 5])
def address_is_tested_as_often_as_configured(lab, transmits):
    # DupAddrDetectTransmits.
    host = lab.host(address=False, settle=0.0, dup_addr_detect_transmits=transmits)
    port = lab.ports[0]
    times = [p.time for p in port.run(transmits + 0.99) if find(p, ICMPv6ND_NS)]
    assert len(times) == transmits
    assert [b - a for a, b in zip(times, times[1:])] == pytest.approx([RETRANS_TIMER] * (transmits - 1), abs=1e-6)
    port.run(1.0)
    assert state(host, NODE.link_local) == "preferred"


@case(must("RFC 4862 §5.1"), role="host")
def address_is_not_tested_where_that_is_off(lab):
    # DupAddrDetectTransmits 0.
    host = lab.host(address=False, settle=0.0, dup_addr_detect_transmits=0)
    expect_none(lab.ports[0], ICMPv6ND_NS, within=3.0)
    assert state(host, NODE.link_local) == "preferred"


@case(must("RFC 4862 §5.4"), role="host")
def manual_addresses_are_tested_too(lab):
    # "on all unicast addresses".
    lab.host(settle=0.0)
    asked = {p[ICMPv6ND_NS].tgt for p in lab.ports[0].run(2.0) if find(p, ICMPv6ND_NS)}
    assert asked == {NODE.address, NODE.link_local}


@case(must("RFC 4862 §5.4"))
def anycast_address_is_not_tested(host, port):
    host.add_address("2001:db8:1::a/64", anycast=True)
    expect_none(port, ICMPv6ND_NS, within=3.0)


@case(must("RFC 4862 §5.4"))
def tentative_address_is_not_used(fresh_host, fresh_port):
    # No packets to it are accepted.
    expect(fresh_port, ICMPv6ND_NS, tgt=NODE.link_local)
    fresh_port.send(echo_request(NODE.link_local, source=TESTER.link_local))
    fresh_port.send(ns(NODE.link_local))  # somebody resolves it: ignored (§5.4.3)
    expect_silence(fresh_port, within=0.9)
    expect_dropped(fresh_host, "nd.tentative_target")
    fresh_port.run(0.5)
    assert state(fresh_host, NODE.link_local) == "preferred"

CONFLICTS = {
    "another node tests it": dad_ns(NODE.link_local),
    "its owner defends it": na(NODE.link_local, destination=ALL_NODES, solicited=0),
    "its owner defends it without saying where it is": na(
        NODE.link_local, destination=ALL_NODES, solicited=0, lladdr=None
    ),
}


@case(must("RFC 4862 §5.4.3", "RFC 4862 §5.4.4"))
@pytest.mark.parametrize("conflict", CONFLICTS.values(), ids=CONFLICTS)
def address_of_another_is_not_assigned(fresh_host, fresh_port, conflict):
    expect(fresh_port, ICMPv6ND_NS, tgt=NODE.link_local)
    fresh_port.send(conflict)
    expect_silence(fresh_port, within=5.0)
    assert state(fresh_host, NODE.link_local) == "duplicated"


@case(must("RFC 4862 §5.4.3"))
def conflict_counts_before_the_own_test_has_begun(fresh_host, fresh_port):
    fresh_port.send(dad_ns(NODE.link_local))
    expect_none(fresh_port, ICMPv6ND_NS, within=5.0)
    assert state(fresh_host, NODE.link_local) == "duplicated"


@case(must("RFC 4862 §5.4.3", "RFC 4861 §7.1"))
def invalid_messages_do_not_fail_the_test(fresh_host, fresh_port):
    expect(fresh_port, ICMPv6ND_NS, tgt=NODE.link_local)
    fresh_port.send(ns(NODE.link_local, source="::", lladdr=None, hop_limit=254))
    fresh_port.send(na(NODE.link_local, destination=ALL_NODES, solicited=0, hop_limit=254))
    fresh_port.run(1.5)
    assert state(fresh_host, NODE.link_local) == "preferred"


@case(must("RFC 4862 §5.4.5"), role="host")
def interface_with_a_duplicate_hardware_address_is_disabled(lab):
    host = lab.host(settle=0.0)
    port = lab.ports[0]
    expect(port, ICMPv6ND_NS, tgt=NODE.link_local)
    port.run(0.0)  # the test of the other address comes at the same time
    port.send(dad_ns(NODE.link_local))
    assert port.run(30.0) == []  # it sends nothing any more
    port.send(ns(), echo_request())  # and drops what comes
    assert port.run(5.0) == []
    assert state(host, NODE.link_local) == "duplicated"


@case(must("RFC 4862 §5.4.5"), role="host")
def duplicate_hardware_address_found_late_silences_all_addresses(host, port):
    # The other addresses have passed their tests, but come from the same hardware.
    port.send(echo_request())
    expect(port, ICMPv6EchoReply)
    host.remove_address(NODE.link_local)
    host.add_address(f"{NODE.link_local}/64")
    expect(port, ICMPv6ND_NS, tgt=NODE.link_local)
    port.send(dad_ns(NODE.link_local))
    port.run(3.0)
    assert state(host, NODE.link_local) == "duplicated"
    port.send(echo_request())
    assert port.run(5.0) == []


@case(must("RFC 4862 §5.4.5"))
def duplicate_global_address_leaves_the_interface_alone(host, port):
    # Link-local ones only.
    host.add_address("2001:db8:1::42/64")
    expect(port, ICMPv6ND_NS, tgt="2001:db8:1::42")
    port.send(dad_ns("2001:db8:1::42"))
    port.run(3.0)
    assert state(host, "2001:db8:1::42") == "duplicated"
    port.send(echo_request("2001:db8:1::42", to_mac=NODE.mac))
    expect_silence(port)
    port.send(echo_request())
    expect(port, ICMPv6EchoReply)


@case(must("RFC 4862 §5.4", "RFC 4861 §7.2.4"))
def assigned_address_is_defended(host, port):
    port.send(dad_ns(NODE.address))
    defence = expect(port, ICMPv6ND_NA, tgt=NODE.address, S=0, O=1)
    assert (defence.dst, defence[IPv6].dst) == (group_mac(ALL_NODES), ALL_NODES)
    assert state(host, NODE.address) == "preferred"
