"""A home agent that follows RFC 3775 where RFC 6275 differs (docs/protocols/mip6.md)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import MIP6MH_BA, ICMPv6ND_NS

from kamesim.conformance.cases.mobility._home_agent import (
    CARE_OF,
    HOME,
    away,
    home_agent,
    mobile,
    register,
    registration,
)
from kamesim.conformance.exchange import case, expect, ip, must
from kamesim.conformance.mobility import alternate_care_of, binding_update, message, no_message, routed_to

ROLE = "router"
OTHER_HOME = "2001:db8:1::200"
HOME_MAC = "02:00:00:00:01:00"  # of the mobile node when it is at home


@pytest.fixture
def router(lab):
    return home_agent(lab, specification="RFC 3775")


@case(must("RFC 3775 §9.5.1", "RFC 3775 §10.3.2"))
def care_of_address_that_is_the_home_address_asks_for_a_deletion(right, mobile, router):
    register(mobile)
    update = binding_update(2, alternate_care_of(HOME), flags="HA", lifetime=400)
    mobile.port.send(mobile.optimized(update))
    ack = message(mobile.port, MIP6MH_BA, seq=2)
    assert (ack[MIP6MH_BA].status, ack[MIP6MH_BA].mhtime) == (0, 0) and routed_to(ack) == HOME
    assert len(router.mobile_ip.binding_cache()) == 0


@case(must("RFC 3775 §10.3.2"))
def deleted_binding_is_forgotten_at_once(left, right, mobile, router):
    register(mobile, 5)
    left.answers[HOME] = HOME_MAC
    left.send(ip(source=HOME, from_mac=HOME_MAC) / binding_update(6, flags="HA", lifetime=0))
    message(left, MIP6MH_BA, within=3.0, seq=6, status=0)
    left.answers.clear()
    mobile.port.send(registration(mobile, 4))  # delayed on its way
    question = expect(left, ICMPv6ND_NS, within=2.0, tgt=HOME)
    assert question is not None
    assert message(mobile.port, MIP6MH_BA, within=3.0, seq=4)[MIP6MH_BA].status == 0


@case(must("RFC 3775 §6.1.7"))
def update_that_leads_back_to_its_home_address_is_discarded_silently(right, mobile, router):
    register(mobile)
    other = away(right, home=OTHER_HOME, care_of=CARE_OF)
    update = binding_update(1, alternate_care_of(HOME), flags="HA")
    other.port.send(other.optimized(update))
    message(other.port, MIP6MH_BA, within=3.0, seq=1, status=0)  # by HOME it leads on to CARE_OF
    mobile.port.send(mobile.optimized(binding_update(2, alternate_care_of(OTHER_HOME), flags="HA")))
    no_message(mobile.port, MIP6MH_BA, 2.0)
    assert set(router.mobile_ip.binding_cache().care_of) == {CARE_OF, HOME}
