"""Home registrations authenticated by options in place of IPsec, at a home agent (RFC 4283, RFC 4285)."""

from __future__ import annotations

from typing import Any

import pytest
from scapy.layers.inet6 import MIP6MH_BA, MIP6MH_BU, MIP6OptReplayProtection, MIP6OptUnknown
from scapy.packet import Packet

import kamesim as ks
from kamesim.conformance.cases.mobility._authentication import (
    AAA_KEY,
    IDENTIFIER,
    KEY,
    MN_AAA,
    MN_HA,
    SPI,
    authenticated,
    is_authentic,
    ntp,
    of_subtype,
    options,
)
from kamesim.conformance.cases.mobility._home_agent import (
    CARE_OF,
    HOME,
    OTHER_CARE_OF,
    away,
    home_agent,
    registration,
)
from kamesim.conformance.exchange import Lab, case, expect_none, must, should
from kamesim.conformance.mobility import Mobile, binding_update, message, no_message, option

ROLE = "router"


def authenticating(lab: Lab, required: bool = False, **association: Any) -> Mobile:
    """A home agent that authenticates HOME, and its mobile node."""
    how = ks.AuthenticationOption(**{"identifier": IDENTIFIER, "key": KEY, "spi": SPI, **association})
    home_agent(lab, authentication={HOME: how}, authentication_required=required)
    return away(lab.ports[1])


def update(mobile: Mobile, seq: int = 1, *subtypes: int, lifetime: int = 420, **fields: Any) -> Packet:
    header = binding_update(seq, *options(*(subtypes or (MN_HA,)), **fields), flags="HA", lifetime=lifetime)
    return mobile.optimized(header)


def sent(mobile: Mobile, packet: Packet, **keys: bytes) -> None:
    mobile.port.send(authenticated(packet, mobile.care_of, mobile.home, **keys))


def discarded(mobile: Mobile, packet: Packet) -> None:
    mobile.port.send(packet)
    no_message(mobile.port, MIP6MH_BA, 3.0)


@case(must("RFC 4285 §5.1", "RFC 4285 §5.1.1"))
def authenticated_registration_is_acknowledged_with_the_option(lab):
    mobile = authenticating(lab)
    sent(mobile, update(mobile))
    ack = message(mobile.port, MIP6MH_BA, within=3.0, status=0)
    assert is_authentic(ack, CARE_OF, HOME) and of_subtype(ack, MN_AAA) is None


@case(should("RFC 4285 §5"))
def registration_without_the_option_is_discarded_silently(lab):
    mobile = authenticating(lab)
    discarded(mobile, registration(mobile))


@case(must("RFC 4285 §5.1.1", "RFC 4285 §5.3"))
@pytest.mark.parametrize("mistake", ["data", "key", "home address", "care-of address"])
def wrong_authentication_data_is_status_146_authenticated(lab, mistake):
    mobile = authenticating(lab)
    packet = update(mobile)
    home, care_of = (HOME if mistake != "home address" else "2001:db8:1::101"), mobile.care_of
    if mistake == "care-of address":
        care_of = OTHER_CARE_OF
    authenticated(packet, care_of, home, key=bytes(16) if mistake == "key" else KEY)
    if mistake == "data":
        last = packet.lastlayer().options[-1]
        last.authdata = bytes([last.authdata[0] ^ 1]) + last.authdata[1:]
    mobile.port.send(packet)
    ack = message(mobile.port, MIP6MH_BA, within=3.0)
    assert ack[MIP6MH_BA].status == 146 and is_authentic(ack, CARE_OF, HOME)


@case(must("RFC 4285 §5.1"))
@pytest.mark.parametrize("field", ["seq", "mhtime", "flags"])
def authentication_data_covers_the_fields_of_the_update(lab, field):
    mobile = authenticating(lab)
    packet = authenticated(update(mobile), CARE_OF, HOME)
    setattr(packet[MIP6MH_BU], field, {"seq": 9, "mhtime": 1, "flags": "HAL"}[field])
    mobile.port.send(packet)
    message(mobile.port, MIP6MH_BA, within=3.0, status=146)


@case(must("RFC 4285 §5.1.1"))
def association_that_is_not_known_is_discarded_silently(lab):
    mobile = authenticating(lab)
    discarded(mobile, authenticated(update(mobile, spi=SPI + 1), CARE_OF, HOME))


@case(must("RFC 4285 §4", "RFC 4283 §3.1"))
@pytest.mark.parametrize("identifier", [None, "mallory@example.com", "alice@example.co"])
def identifier_of_another_or_none_is_discarded_silently(lab, identifier):
    mobile = authenticating(lab)
    discarded(mobile, authenticated(update(mobile, identifier=identifier), CARE_OF, HOME))


@case(must("RFC 4285 §5.1"))
def option_that_is_not_the_last_is_discarded(lab):
    mobile = authenticating(lab)
    packet = authenticated(update(mobile), CARE_OF, HOME)
    packet[MIP6MH_BU].options.append(MIP6OptUnknown(otype=200, odata=b"123456"))
    discarded(mobile, packet)


@case(must("RFC 4285 §5"))
@pytest.mark.parametrize("subtypes", [(MN_HA, MN_HA), (MN_AAA, MN_HA), (MN_AAA, MN_AAA)])
def options_twice_or_in_the_wrong_order_are_discarded(lab, subtypes):
    mobile = authenticating(lab, aaa_key=AAA_KEY)
    discarded(mobile, authenticated(update(mobile, 1, *subtypes), CARE_OF, HOME))


@case(must("RFC 4285 §5.2"))
@pytest.mark.parametrize("subtypes", [(MN_HA, MN_AAA), (MN_AAA,)], ids=["both", "MN-AAA alone"])
def aaa_option_is_answered_by_the_mn_ha_option_alone(lab, subtypes):
    mobile = authenticating(lab, aaa_key=AAA_KEY)
    sent(mobile, update(mobile, 1, *subtypes))
    ack = message(mobile.port, MIP6MH_BA, within=3.0, status=0)
    assert is_authentic(ack, CARE_OF, HOME) and of_subtype(ack, MN_AAA) is None


@case(must("RFC 4285 §5.2", "RFC 4285 §5.3"))
def wrong_aaa_option_is_status_146(lab):
    mobile = authenticating(lab, aaa_key=AAA_KEY)
    sent(mobile, update(mobile, 1, MN_HA, MN_AAA), aaa_key=bytes(16))
    ack = message(mobile.port, MIP6MH_BA, within=3.0, status=146)
    assert is_authentic(ack, CARE_OF, HOME)


@case(must("RFC 4285 §5.1.1"))
def deregistration_is_authenticated_too(lab):
    mobile = authenticating(lab)
    sent(mobile, update(mobile))
    message(mobile.port, MIP6MH_BA, within=3.0, status=0)
    discarded(mobile, registration(mobile, 2, lifetime=0))
    sent(mobile, update(mobile, 3, lifetime=0))
    ack = message(mobile.port, MIP6MH_BA, status=0, seq=3, mhtime=0)
    assert is_authentic(ack, CARE_OF, HOME)


@case(must("RFC 4285 §5.1.1", "RFC 6275 §9.5.1"))
def refusal_for_another_reason_is_authenticated(lab):
    mobile = authenticating(lab)
    sent(mobile, update(mobile, 10))
    message(mobile.port, MIP6MH_BA, within=3.0, status=0)
    sent(mobile, update(mobile, 9))
    ack = message(mobile.port, MIP6MH_BA, status=135, seq=10)
    assert is_authentic(ack, CARE_OF, HOME)


@case(should("RFC 4285 §5"))
@pytest.mark.parametrize("required", [False, True])
def switch_says_whether_others_are_accepted_without(lab, required):
    mobile = authenticating(lab, required)
    other = Mobile(mobile.port, "2001:db8:1::200", CARE_OF, **mobile._frame)
    other.port.send(registration(other))
    if required:
        expect_none(other.port, MIP6MH_BA, within=3.0)
    else:
        message(other.port, MIP6MH_BA, within=3.0, status=0)


# --- Replay protection: §6 --------------------------------------------------------------------------------------------


@case(must("RFC 4285 §6"))
def timestamp_is_returned(lab):
    mobile = authenticating(lab, timestamps=True)
    stamp = ntp(mobile.port.now)
    sent(mobile, update(mobile, timestamp=stamp))
    ack = message(mobile.port, MIP6MH_BA, within=3.0, status=0)
    assert option(ack, MIP6OptReplayProtection).timestamp == stamp and is_authentic(ack, CARE_OF, HOME)


@case(must("RFC 4285 §6"))
def update_without_a_timestamp_is_status_145_where_policy_asks_for_it(lab):
    mobile = authenticating(lab, timestamps=True)
    sent(mobile, update(mobile))
    ack = message(mobile.port, MIP6MH_BA, within=3.0, status=145)
    assert is_authentic(ack, CARE_OF, HOME)


@case(must("RFC 4285 §6"))
@pytest.mark.parametrize("off", [-6.9, 6.9], ids=["behind", "ahead"])
def timestamp_that_is_close_enough_is_accepted(lab, off):
    mobile = authenticating(lab, timestamps=True)
    sent(mobile, update(mobile, timestamp=ntp(mobile.port.now + off)))
    message(mobile.port, MIP6MH_BA, within=3.0, status=0)


@case(must("RFC 4285 §6"))
@pytest.mark.parametrize("off", [-3600.0, -8.0, 8.0, 3600.0], ids=["old", "late", "early", "future"])
def timestamp_that_is_not_close_enough_is_status_144_with_the_home_agents_time(lab, off):
    mobile = authenticating(lab, timestamps=True)
    stamp = ntp(mobile.port.now + off)
    sent(mobile, update(mobile, timestamp=stamp))
    ack = message(mobile.port, MIP6MH_BA, within=3.0, status=144)
    told = option(ack, MIP6OptReplayProtection).timestamp
    assert told & 0xFFFFFFFF == stamp & 0xFFFFFFFF and told >> 32 == ntp(mobile.port.now) >> 32
    assert is_authentic(ack, CARE_OF, HOME)


@case(must("RFC 4285 §6"))
def replayed_update_is_status_144(lab):
    mobile = authenticating(lab, timestamps=True)
    packet = authenticated(update(mobile, 5, timestamp=ntp(mobile.port.now)), CARE_OF, HOME)
    mobile.port.send(packet.copy())
    message(mobile.port, MIP6MH_BA, within=3.0, status=0)
    mobile.port.send(packet.copy())
    message(mobile.port, MIP6MH_BA, within=3.0, status=144)


@case(must("RFC 4285 §6"))
def timestamp_of_a_forged_update_does_not_count(lab):
    mobile = authenticating(lab, timestamps=True)
    now = mobile.port.now
    sent(mobile, update(mobile, 1, timestamp=ntp(now + 5.0)), key=bytes(16))
    message(mobile.port, MIP6MH_BA, within=3.0, status=146)
    sent(mobile, update(mobile, 2, timestamp=ntp(now)))
    message(mobile.port, MIP6MH_BA, within=3.0, status=0)
