"""Home agents that refuse a mobile router, and their discovery (RFC 3963 §5.3, §5.4, §7.1)."""

from __future__ import annotations

from typing import Any

import pytest
from scapy.layers.inet6 import (
    MIP6MH_BU,
    ICMPv6EchoRequest,
    ICMPv6HAADReply,
    ICMPv6HAADRequest,
    ICMPv6ND_RA,
    ICMPv6NDOptPrefixInfo,
    IPv6,
)
from scapy.packet import Packet

from kamesim.conformance.cases.mobility._mobile_router import (
    HOME_AGENT,
    NETWORK,
    SECOND_HOME_AGENT,
    Bus,
    told_prefixes,
)
from kamesim.conformance.exchange import case, expect, expect_none, must, options_of, should
from kamesim.conformance.mobility import home_address_of, no_message

ROLE = "router"
ANYCAST = "2001:db8:a:0:fdff:ffff:ffff:fffe"


def discovery(bus: Bus, within: float = 5.0) -> Packet:
    return expect(bus.port, ICMPv6HAADRequest, within=within)


def answer(bus: Bus, request: Packet, *home_agents: str, r: int = 1) -> None:
    reply = ICMPv6HAADReply(id=request[ICMPv6HAADRequest].id, R=r, addresses=list(home_agents))
    bus.send(home_agents[0] if home_agents else HOME_AGENT, reply)


def refused(bus: Bus, status: int, to: str = HOME_AGENT, within: float = 4.0) -> Packet:
    """The next Binding Update, which gets this status."""
    update = bus.update(within=within, to=to)
    bus.acknowledge(update, status=status, lifetime=0, flags="R" if status != 140 else "")
    return update


def roaming(lab: Any, **role: Any) -> Bus:
    bus = Bus(lab, **role)
    bus.move("visited")
    return bus


REFUSALS = [("implicit", 140), ("implicit", 143), ("explicit", 140), ("explicit", 141), ("explicit", 142)]
FATAL = [("implicit", 141), ("implicit", 142), ("explicit", 143)]


@case(must("RFC 3963 §5.4.1", "RFC 3963 §5.4.2"))
@pytest.mark.parametrize(["mode", "status"], REFUSALS)
def refusal_of_the_only_home_agent_ends_the_registrations(lab, mode, status):
    bus = roaming(lab, mode=mode)
    refused(bus, status)
    no_message(bus.port, MIP6MH_BU, 200.0)
    assert bus.node.mobile_ip.mobile_router_mode == "given up"


@case(must("RFC 3963 §5.4.1", "RFC 3963 §5.4.2"))
@pytest.mark.parametrize(["mode", "status"], REFUSALS)
def what_was_given_up_is_logged(lab, mode, status):
    bus = roaming(lab, mode=mode)
    refused(bus, status)
    bus.port.run(1.0)
    trace = bus.node.trace
    assert list(trace[trace.kind == "nemo.gave_up"].status) == [status]


@case(should("RFC 3963 §5.4.1", "RFC 3963 §5.4.2"))
@pytest.mark.parametrize(["mode", "status"], REFUSALS)
def another_home_agent_is_asked(lab, mode, status):
    bus = roaming(lab, mode=mode, discover_home_agents=True)
    refused(bus, status)
    answer(bus, discovery(bus), HOME_AGENT, SECOND_HOME_AGENT)
    update = bus.update(to=SECOND_HOME_AGENT)
    assert "R" in str(update[MIP6MH_BU].flags)
    assert told_prefixes(update) == ([(NETWORK, 64)] if mode == "explicit" else [])


@case(must("RFC 3963 §5.4.1", "RFC 3963 §5.4.2"))
@pytest.mark.parametrize(["mode", "status"], REFUSALS)
def refusal_of_all_home_agents_ends_the_registrations(lab, mode, status):
    bus = roaming(lab, mode=mode, discover_home_agents=True)
    refused(bus, status)
    answer(bus, discovery(bus), HOME_AGENT, SECOND_HOME_AGENT)
    refused(bus, status, to=SECOND_HOME_AGENT)
    answer(bus, discovery(bus), HOME_AGENT, SECOND_HOME_AGENT)
    no_message(bus.port, MIP6MH_BU, 100.0)


@case(must("RFC 3963 §5.4.1", "RFC 3963 §5.4.2"))
@pytest.mark.parametrize(["mode", "status"], FATAL)
def status_of_the_other_mode_is_fatal(lab, mode, status):
    bus = roaming(lab, mode=mode, discover_home_agents=True)
    refused(bus, status)
    expect_none(bus.port, ICMPv6HAADRequest, within=10.0)
    no_message(bus.port, MIP6MH_BU, 100.0)


@case(must("RFC 3963 §5.4"))
def nothing_is_registered_from_the_next_link_after_giving_up(lab):
    bus = roaming(lab)
    refused(bus, 140)
    bus.move("other")
    no_message(bus.port, MIP6MH_BU, 20.0)


@case(must("RFC 3963 §5.4"))
@pytest.mark.parametrize(["mode", "status"], REFUSALS)
def refused_registration_opens_no_tunnel(lab, mode, status):
    bus = roaming(lab, mode=mode)
    refused(bus, status)
    bus.from_inside()
    expect_none(bus.port, ICMPv6EchoRequest)


@case(must("RFC 3963 §5.4"))
def refused_refresh_closes_the_tunnel(lab):
    bus = Bus(lab, mode="explicit")
    bus.register(lifetime=60)
    refused(bus, 142, within=60.0)
    bus.from_inside()
    expect_none(bus.port, ICMPv6EchoRequest)


@case(must("RFC 3963 §5.4.2"))
@pytest.mark.parametrize("status", [141, 142])
def refused_prefix_is_not_advertised_any_more(lab, status):
    bus = roaming(lab, mode="explicit")
    bus.node.advertise("inside", prefixes=[f"{NETWORK}/64"], min_interval=3.0, max_interval=4.0)
    first = expect(bus.inside, ICMPv6ND_RA, within=5.0)
    assert [o.prefix for o in options_of(first, ICMPv6NDOptPrefixInfo)] == [NETWORK]
    refused(bus, status)
    bus.port.run(1.0)
    bus.inside.inbox.clear()
    later = expect(bus.inside, ICMPv6ND_RA, within=5.0)
    assert options_of(later, ICMPv6NDOptPrefixInfo) == []


@case(must("RFC 3963 §5.4.1"))
def advertisements_go_on_after_status_140(lab):
    bus = roaming(lab)
    bus.node.advertise("inside", prefixes=[f"{NETWORK}/64"], min_interval=3.0, max_interval=4.0)
    refused(bus, 140)
    bus.port.run(1.0)
    bus.inside.inbox.clear()
    later = expect(bus.inside, ICMPv6ND_RA, within=5.0)
    assert [o.prefix for o in options_of(later, ICMPv6NDOptPrefixInfo)] == [NETWORK]


@case(should("RFC 3963 §5.4.1"))
def explicit_mode_may_follow_status_143(lab):
    bus = roaming(lab, try_other_mode=True)
    refused(bus, 143)
    assert told_prefixes(bus.update()) == [(NETWORK, 64)]


@case(should("RFC 3963 §5.4.2"))
@pytest.mark.parametrize("status", [141, 142])
def implicit_mode_may_follow_status_141_or_142(lab, status):
    bus = roaming(lab, mode="explicit", try_other_mode=True)
    refused(bus, status)
    assert told_prefixes(bus.update()) == []


@case(must("RFC 3963 §5.4"))
def registrations_end_when_both_modes_were_refused(lab):
    bus = roaming(lab, try_other_mode=True)
    refused(bus, 143)
    refused(bus, 142)
    no_message(bus.port, MIP6MH_BU, 100.0)


# --- Home agents that know mobile nodes only: §5.3 ------------------------------------------------------------------


@case(must("RFC 3963 §5.3"))
def acknowledgement_without_the_r_bit_opens_no_tunnel(lab):
    bus = Bus(lab)
    bus.register(flags="")
    bus.from_inside()
    expect_none(bus.port, ICMPv6EchoRequest)


@case(must("RFC 3963 §5.3"))
def home_agent_without_support_is_left_before_another_is_asked(lab):
    bus = Bus(lab, discover_home_agents=True)
    bus.register(flags="")
    withdrawal = bus.update()
    assert withdrawal[MIP6MH_BU].mhtime == 0 and home_address_of(withdrawal) is not None
    expect_none(bus.port, ICMPv6HAADRequest, within=0.5)
    bus.acknowledge(withdrawal, flags="", lifetime=0)
    request = discovery(bus)
    assert request[IPv6].dst == ANYCAST and request[ICMPv6HAADRequest].R == 1
    answer(bus, request, SECOND_HOME_AGENT)
    bus.update(to=SECOND_HOME_AGENT)


@case(must("RFC 3963 §5.3"))
def withdrawal_that_nobody_acknowledges_does_not_hold_it_up(lab):
    bus = Bus(lab, discover_home_agents=True)
    bus.register(flags="")
    discovery(bus, within=30.0)


@case(must("RFC 3963 §5.3"))
def second_home_agent_serves(lab):
    bus = Bus(lab, discover_home_agents=True)
    bus.register(flags="")
    bus.acknowledge(bus.update(), flags="", lifetime=0)
    answer(bus, discovery(bus), SECOND_HOME_AGENT)
    bus.acknowledge(bus.update(to=SECOND_HOME_AGENT))
    bus.home_agent = SECOND_HOME_AGENT
    bus.from_inside()
    bus.tunnels()


# --- Discovery: §7 --------------------------------------------------------------------------------------------------


@case(must("RFC 3963 §7.1"))
def discovery_asks_for_support_of_mobile_routers(lab):
    bus = roaming(lab, home_agent=None)
    request = discovery(bus)
    assert request[ICMPv6HAADRequest].R == 1 and request[ICMPv6HAADRequest].res == 0
    assert request[IPv6].dst == ANYCAST
    again = discovery(bus)
    assert again[ICMPv6HAADRequest].R == 1


@case(must("RFC 3963 §7.2"))
def home_agent_of_the_reply_is_asked(lab):
    bus = roaming(lab, home_agent=None)
    answer(bus, discovery(bus), SECOND_HOME_AGENT, HOME_AGENT)
    assert "R" in str(bus.update(to=SECOND_HOME_AGENT)[MIP6MH_BU].flags)


@case(must("RFC 3963 §7"))
def home_agents_without_support_are_not_asked(lab):
    bus = roaming(lab, home_agent=None)
    answer(bus, discovery(bus), SECOND_HOME_AGENT, r=0)
    no_message(bus.port, MIP6MH_BU, 30.0)
