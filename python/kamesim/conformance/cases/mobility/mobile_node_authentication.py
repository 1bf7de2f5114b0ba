"""Home registrations authenticated by options in place of IPsec, at a mobile node (RFC 4283, RFC 4285)."""

from __future__ import annotations

from typing import Any

import pytest
from scapy.layers.inet6 import MIP6MH_BU, MIP6OptMNID, MIP6OptMsgAuth, MIP6OptReplayProtection
from scapy.packet import Packet

import kamesim as ks
from kamesim.conformance.cases.mobility._authentication import (
    AAA_KEY,
    HMAC_SHA1_SPI,
    IDENTIFIER,
    KEY,
    MN_AAA,
    MN_HA,
    SPI,
    authenticated,
    authenticator,
    is_authentic,
    ntp,
    of_subtype,
    options,
)
from kamesim.conformance.cases.mobility._mobile_node import CARE_OF, HOME, HOME_AGENT, OTHER_CARE_OF, Journey
from kamesim.conformance.exchange import Lab, case, must, should
from kamesim.conformance.mobility import binding_ack, ends, message, no_message, option, type2_route

ROLE = "host"


def authenticating(lab: Lab, clock_offset: float = 0.0, **association: Any) -> Journey:
    how = ks.AuthenticationOption(**{"identifier": IDENTIFIER, "key": KEY, "spi": SPI, **association})
    return Journey(lab, authentication=how, clock_offset=clock_offset)


def acknowledge(journey: Journey, update: Packet, *, key: bytes = KEY, care_of: str = CARE_OF, **fields: Any) -> None:
    """The acknowledgement with its options; its timestamp is that of the update unless another is given."""
    stamp = option(update, MIP6OptReplayProtection)
    given = {"timestamp": None if stamp is None else stamp.timestamp, **fields.pop("given", {})}
    ack = binding_ack(update[MIP6MH_BU].seq, *options(MN_HA, **given), **fields)
    packet = journey.packet(HOME_AGENT, type2_route(HOME), ack)
    journey.port.send(authenticated(packet, care_of, HOME, key=key))


@case(must("RFC 4285 §5.1", "RFC 4285 §5.1.1", "RFC 4285 §4"))
def update_bears_identifier_and_authentication_data(lab):
    update = authenticating(lab).leave()
    assert ends(update) == (CARE_OF, HOME_AGENT) and is_authentic(update, CARE_OF, HOME)
    kinds = [type(o) for o in update[MIP6MH_BU].options]
    assert kinds.index(MIP6OptMNID) < kinds.index(MIP6OptMsgAuth), "RFC 4283 §3.2"


@case(must("RFC 4285 §5"))
def authentication_option_is_aligned_and_ends_the_message(lab):
    header = authenticating(lab).leave()[MIP6MH_BU]
    raw = header.original
    assert len(raw) == 8 * (header.len + 1)
    start = len(raw) - 19
    assert raw[start : start + 3] == bytes([9, 17, MN_HA]) and start % 4 == 1


@case(must("RFC 4285 §5.1.1"))
def authenticated_acknowledgement_registers(lab):
    journey = authenticating(lab)
    acknowledge(journey, journey.leave())
    assert journey.node.mobile_ip.registered


@case(must("RFC 4285 §5.1.1"), should("RFC 4285 §5"))
@pytest.mark.parametrize("mistake", ["no option", "key", "care-of address", "spi"])
def acknowledgement_that_is_not_authenticated_is_ignored(lab, mistake):
    journey = authenticating(lab)
    update = journey.leave()
    if mistake == "no option":
        journey.send(HOME_AGENT, type2_route(HOME), binding_ack(update[MIP6MH_BU].seq))
    elif mistake == "key":
        acknowledge(journey, update, key=bytes(16))
    elif mistake == "care-of address":
        acknowledge(journey, update, care_of=OTHER_CARE_OF)
    else:
        acknowledge(journey, update, given={"spi": SPI + 1})
    message(journey.port, MIP6MH_BU, within=2.0, to=HOME_AGENT)
    assert not journey.node.mobile_ip.registered


@case(should("RFC 4285 §5.3"))
def failed_authentication_ends_the_updates(lab):
    journey = authenticating(lab)
    acknowledge(journey, journey.leave(), status=146, lifetime=0)
    no_message(journey.port, MIP6MH_BU, 200.0)


@case(must("RFC 4285 §5.2"))
def aaa_option_stands_behind_the_mn_ha_option(lab):
    update = authenticating(lab, aaa_key=AAA_KEY).leave()
    mn_ha, mn_aaa = of_subtype(update, MN_HA), of_subtype(update, MN_AAA)
    header = update[MIP6MH_BU]
    assert header.options.index(mn_ha) < header.options.index(mn_aaa) == len(header.options) - 1
    raw = header.original
    assert mn_aaa.mspi == HMAC_SHA1_SPI
    assert mn_aaa.authdata == authenticator(MN_AAA, AAA_KEY, CARE_OF, HOME, raw[:-20])
    end = raw.index(mn_ha.authdata)
    assert mn_ha.authdata == authenticator(MN_HA, KEY, CARE_OF, HOME, raw[:end])


@case(must("RFC 4285 §6"))
def timestamp_is_the_time_of_day_and_grows(lab):
    journey = authenticating(lab, timestamps=True)
    first = journey.leave()
    second = message(journey.port, MIP6MH_BU, within=2.0, to=HOME_AGENT)
    stamps = [option(update, MIP6OptReplayProtection).timestamp for update in (first, second)]
    assert stamps[0] < stamps[1]
    for stamp, update in zip(stamps, (first, second)):
        assert abs(stamp - ntp(float(update.time))) < 2**32 // 100


@case(must("RFC 4285 §6"))
def acknowledgement_with_another_timestamp_is_ignored(lab):
    journey = authenticating(lab, timestamps=True)
    update = journey.leave()
    stamp = option(update, MIP6OptReplayProtection).timestamp
    acknowledge(journey, update, given={"timestamp": stamp + 1})
    assert not journey.node.mobile_ip.registered
    acknowledge(journey, update)
    assert journey.node.mobile_ip.registered


@case(must("RFC 4285 §6"))
@pytest.mark.parametrize("off", [-1000.0, 1000.0], ids=["behind", "ahead"])
def mismatch_of_timestamps_sets_the_clock(lab, off):
    journey = authenticating(lab, clock_offset=off, timestamps=True)
    update = journey.leave()
    stamp = option(update, MIP6OptReplayProtection).timestamp
    assert abs(stamp - ntp(float(update.time) + off)) < 2**32 // 100
    told = ntp(journey.port.now) >> 32 << 32 | stamp & 0xFFFFFFFF
    acknowledge(journey, update, status=144, lifetime=0, given={"timestamp": told})
    again = message(journey.port, MIP6MH_BU, within=1.4, to=HOME_AGENT)
    corrected = option(again, MIP6OptReplayProtection).timestamp
    assert abs(corrected - ntp(float(again.time))) < 2 * 2**32, "within the 7 s that are close enough"
    acknowledge(journey, again)
    assert journey.node.mobile_ip.registered


@case(must("RFC 4285 §6"))
def mismatch_that_is_not_authenticated_does_not_set_the_clock(lab):
    journey = authenticating(lab, timestamps=True)
    update = journey.leave()
    acknowledge(journey, update, key=bytes(16), status=144, lifetime=0, given={"timestamp": 1 << 32})
    again = message(journey.port, MIP6MH_BU, within=2.0, to=HOME_AGENT)
    assert abs(option(again, MIP6OptReplayProtection).timestamp - ntp(float(again.time))) < 2**32 // 100
