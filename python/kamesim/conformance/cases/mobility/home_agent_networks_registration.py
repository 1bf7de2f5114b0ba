"""Registration of mobile routers with a home agent (RFC 3963 §6.1, §6.2, §6.6, §6.7)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import MIP6MH_BA, ICMPv6EchoRequest, ICMPv6ND_NA, ICMPv6ND_NS, IPv6, MIP6OptAltCoA

from kamesim.conformance.cases.mobility._home_agent import CARE_OF, HOME, HOME_AGENT, OTHER_CARE_OF, away, home_agent
from kamesim.conformance.cases.mobility._home_agent_networks import (
    FOREIGN_NETWORK,
    INSIDER,
    NETWORK,
    OTHER_HOME,
    OTHER_NETWORK,
    SECOND_NETWORK,
    UNLISTED,
    answer_to,
    from_world,
    has_r,
    mnp,
    mobile_router,
    networks,
    register,
    registration,
    status_of,
)
from kamesim.conformance.exchange import ALL_NODES, case, expect, expect_none, must, ns
from kamesim.conformance.mobility import binding_update, ends, message, no_message, routed_to

ROLE = "router"
IN_NETWORK = "2001:db8:e::100"  # a home address in the Mobile Network


@case(must("RFC 3963 §6.2", "RFC 3963 §6.6", "RFC 3963 §4.2"))
def implicit_mode_is_accepted_with_the_r_bit(networks, mobile_router):
    ack = register(mobile_router)
    assert has_r(ack) and ack[MIP6MH_BA].mhtime == 105
    assert ends(ack) == (HOME_AGENT, CARE_OF) and routed_to(ack) == HOME


@case(must("RFC 3963 §6", "RFC 3963 §6.2"))
@pytest.mark.parametrize("prefixes", [(NETWORK,), (NETWORK, SECOND_NETWORK)])
def explicit_mode_is_accepted_with_the_r_bit(networks, mobile_router, prefixes):
    assert has_r(register(mobile_router, 1, *prefixes))


@case(must("RFC 3963 §4.2"))
def mobile_host_gets_no_r_bit(networks, mobile_router):
    assert not has_r(register(mobile_router, flags="AH"))


@case(must("RFC 3963 §6.2"))
def home_address_is_tested_first(left, networks, mobile_router):
    mobile_router.port.send(registration(mobile_router))
    probe = expect(left, ICMPv6ND_NS, tgt=HOME)
    ack = message(mobile_router.port, MIP6MH_BA, within=3.0, status=0)
    assert ack.time - probe.time >= 1.0


@case(must("RFC 3963 §6.2"))
def home_address_is_defended_with_the_r_bit(left, networks, mobile_router):
    register(mobile_router)
    news = expect(left, ICMPv6ND_NA, tgt=HOME)
    assert (news[ICMPv6ND_NA].R, news[ICMPv6ND_NA].O, news[ICMPv6ND_NA].S) == (1, 1, 0)
    assert news[IPv6].dst == ALL_NODES
    left.send(ns(HOME))
    assert expect(left, ICMPv6ND_NA, tgt=HOME, S=1)[ICMPv6ND_NA].R == 1


@case(must("RFC 3963 §6.2", "RFC 6275 §10.4.1"))
def home_address_of_a_mobile_host_is_defended_without_it(left, networks, mobile_router):
    register(mobile_router, flags="AH")
    assert expect(left, ICMPv6ND_NA, tgt=HOME)[ICMPv6ND_NA].R == 0
    left.send(ns(HOME))
    assert expect(left, ICMPv6ND_NA, tgt=HOME, S=1)[ICMPv6ND_NA].R == 0


@case(must("RFC 3963 §6.2"))
def r_bit_without_the_h_bit_is_refused(networks, mobile_router):
    ack = answer_to(mobile_router, flags="AR")
    assert ack[MIP6MH_BA].status == 140
    assert status_of(mobile_router, 2, NETWORK, flags="AR") == 140


@case(must("RFC 3963 §6.6"))
@pytest.mark.parametrize("prefixes", [(), (NETWORK,)])
def home_agent_without_support_refuses(lab, right, prefixes):
    home_agent(lab)
    ack = answer_to(away(lab.ports[1]), 1, *prefixes)
    assert ack[MIP6MH_BA].status == 140 and not has_r(ack)


@case(must("RFC 3963 §1", "RFC 3963 §6"))
def home_agent_serves_mobile_hosts_beside_mobile_routers(networks, right, mobile_router):
    register(mobile_router)
    register(away(right, UNLISTED, OTHER_CARE_OF), flags="AH")


@case(must("RFC 3963 §6.2"))
def refusal_makes_no_binding(left, networks, mobile_router):
    assert status_of(mobile_router, 1, FOREIGN_NETWORK) == 142
    expect_none(left, ICMPv6ND_NA, tgt=HOME)
    assert len(networks.mobile_ip.binding_cache()) == 0
    register(mobile_router, 2)


# --- Prefixes: §6.1.2, §6.2, §6.6 -------------------------------------------------------------------------------------


@case(must("RFC 3963 §6.2", "RFC 3963 §6.6"))
def implicit_mode_without_an_entry_is_refused(networks, right):
    assert status_of(away(right, UNLISTED)) == 143


@case(must("RFC 3963 §6.2", "RFC 3963 §6.6"))
@pytest.mark.parametrize("prefix", [FOREIGN_NETWORK, OTHER_NETWORK, "2001:db8:e::/63", "2001:db8::/32"])
def prefix_of_nobody_or_another_is_refused(networks, mobile_router, prefix):
    ack = answer_to(mobile_router, 1, prefix)
    assert ack[MIP6MH_BA].status == 142


@case(must("RFC 3963 §6.2"))
def one_prefix_too_many_refuses_all(right, networks, mobile_router):
    assert status_of(mobile_router, 1, NETWORK, FOREIGN_NETWORK) == 142
    right.send(from_world(INSIDER))
    expect_none(right, ICMPv6EchoRequest)


@case(must("RFC 3963 §6.2", "RFC 3963 §6.6"))
@pytest.mark.parametrize("length", [0, 129, 200, 255])
def impossible_prefix_length_is_invalid(networks, mobile_router, length):
    assert status_of(mobile_router, 1, mnp(NETWORK, plen=length)) == 141


@case(must("RFC 3963 §6.2", "RFC 3963 §6.6"))
@pytest.mark.parametrize("prefix", ["ff05::/64", "fe80::/64", "::1/128"])
def prefix_that_is_none_of_unicast_is_invalid(networks, mobile_router, prefix):
    assert status_of(mobile_router, 1, prefix) == 141


@case(must("RFC 3963 §6.2"))
def one_invalid_prefix_refuses_all(networks, mobile_router):
    assert status_of(mobile_router, 1, NETWORK, "ff05::/64") == 141


@case(must("RFC 3963 §6.1.2"))
def prefix_without_a_table_is_granted_once(lab, right):
    home_agent(lab, mobile_networks={}, verify_prefixes=False)
    first, second = (away(lab.ports[1], home, care) for home, care in ((HOME, CARE_OF), (OTHER_HOME, OTHER_CARE_OF)))
    register(first, 1, NETWORK)
    assert status_of(second, 1, NETWORK) == 142
    register(second, 2, SECOND_NETWORK)


@case(must("RFC 3963 §4.3"))
def reserved_field_of_the_option_is_ignored(networks, mobile_router):
    register(mobile_router, 1, mnp(NETWORK, reserved=0xFF))


@case(must("RFC 3963 §4.3"))
def bits_behind_the_prefix_length_are_ignored(right, networks, mobile_router):
    register(mobile_router, 1, mnp("2001:db8:e::1234/64"))
    right.send(from_world(INSIDER))
    expect(right, ICMPv6EchoRequest)


@case(must("RFC 3963 §4.3", "RFC 6275 §9.2"))
@pytest.mark.parametrize("length", [17, 19, 2])
def option_of_another_length_is_discarded(networks, mobile_router, length):
    mobile_router.port.send(registration(mobile_router, 1, mnp(NETWORK, olen=length)))
    no_message(mobile_router.port, MIP6MH_BA, 3.0)


# --- Bindings that live: §6.2 -----------------------------------------------------------------------------------------


@case(must("RFC 3963 §6.2"))
def mobile_router_does_not_become_a_mobile_host(networks, mobile_router):
    register(mobile_router)
    assert status_of(mobile_router, 2, flags="AH") == 139


@case(must("RFC 3963 §6.2"))
def mobile_host_does_not_become_a_mobile_router(right, networks, mobile_router):
    register(mobile_router, flags="AH")
    assert status_of(mobile_router, 2) == 139
    right.send(from_world(INSIDER))
    expect_none(right, ICMPv6EchoRequest)


@case(must("RFC 3963 §6.2"))
def kind_may_change_after_a_deregistration(networks, mobile_router):
    register(mobile_router)
    register(mobile_router, 2, lifetime=0)
    register(mobile_router, 3, flags="AH")


@case(must("RFC 3963 §6.2", "RFC 3963 §6.1.1"))
def binding_has_the_r_bit_and_the_prefixes(networks, mobile_router):
    register(mobile_router, 1, NETWORK)
    row = networks.mobile_ip.binding_cache().iloc[0]
    assert bool(row.mobile_router) and list(row.prefixes) == [NETWORK]


@case(must("RFC 6275 §9.5.1"))
def sequence_numbers_count(networks, mobile_router):
    register(mobile_router, 10)
    mobile_router.port.send(registration(mobile_router, 9))
    assert message(mobile_router.port, MIP6MH_BA, status=135)[MIP6MH_BA].seq == 10


# --- The end of a binding: §6.2, §6.7 ---------------------------------------------------------------------------------


@case(must("RFC 3963 §6.7"))
def deregistration_is_acknowledged(networks, mobile_router):
    register(mobile_router)
    ack = register(mobile_router, 2, lifetime=0)
    assert ack[MIP6MH_BA].mhtime == 0
    assert len(networks.mobile_ip.binding_cache()) == 0


@case(must("RFC 3963 §6.2"))
@pytest.mark.parametrize("flags", ["AH", "AHR"])
def deregistration_does_not_depend_on_the_r_bit(networks, mobile_router, flags):
    register(mobile_router)
    register(mobile_router, 2, flags=flags, lifetime=0)


@case(must("RFC 3963 §6.7"))
@pytest.mark.parametrize("prefix", [NETWORK, FOREIGN_NETWORK, "ff05::/64"])
def prefixes_in_a_deregistration_are_ignored(networks, mobile_router, prefix):
    register(mobile_router)
    register(mobile_router, 2, prefix, lifetime=0)


@case(must("RFC 3963 §6.2"))
def care_of_address_that_is_the_home_address_deregisters(networks, mobile_router):
    register(mobile_router)
    update = binding_update(2, MIP6OptAltCoA(acoa=HOME), flags="AHR")
    mobile_router.port.send(mobile_router.optimized(update))
    message(mobile_router.port, MIP6MH_BA, within=2.0, seq=2, status=0)
    assert len(networks.mobile_ip.binding_cache()) == 0


@case(must("RFC 3963 §6.7", "RFC 6275 §10.3.2"))
def home_address_is_not_defended_any_more(left, networks, mobile_router):
    register(mobile_router)
    register(mobile_router, 2, lifetime=0)
    left.send(ns(HOME))
    expect_none(left, ICMPv6ND_NA, tgt=HOME, S=1)


# --- Home addresses: §6.2 ---------------------------------------------------------------------------------------------


@case(must("RFC 3963 §6.2"))
def home_address_in_the_mobile_network_is_served(lab, right):
    home_agent(lab, mobile_networks={IN_NETWORK: [NETWORK]})
    mobile = away(lab.ports[1], IN_NETWORK)
    ack = register(mobile)
    assert routed_to(ack) == IN_NETWORK and has_r(ack)
    mobile.port.send(from_world(IN_NETWORK), from_world(INSIDER))
    for _ in range(2):
        assert ends(expect(mobile.port, ICMPv6EchoRequest)) == (HOME_AGENT, CARE_OF)


@case(must("RFC 3963 §6.2", "RFC 6275 §10.3.1"))
def home_address_that_is_not_served_is_refused(networks, right):
    assert status_of(away(right, "2001:db8:77::1")) == 132
