"""kamesim.handoff: which record of a trace belongs to which hand-off."""

from __future__ import annotations

import sys
from pathlib import Path

from kamesim import handoff

SCENARIOS = Path(__file__).absolute().parents[2] / "scenarios"
sys.path.insert(0, str(SCENARIOS))

import hmip6_handoff  # noqa: E402

AGENT, PEER = "2001:db8:1::1", "2001:db8:9::9"
FIRST, SECOND = "2001:db8:2::5", "2001:db8:3::5"


def left(time):
    return {"kind": "l2.disassociated", "time_s": time, "cell": "x"}


def update(time, care_of, to=AGENT, home=1):
    row = {"kind": "mip6.binding_update_sent", "time_s": time, "destination": to, "care_of": care_of}
    return row | {"home_registration": home}


def ack(time, source=AGENT, status=0):
    return {"kind": "mip6.binding_ack_received", "time_s": time, "source": source, "status": status}


def registrations(*rows):
    phases = [h.home_registration for h in handoff.phases_of("mn", rows)]
    return [(phase.start, phase.end) for phase in phases]


def test_a_refresh_is_not_the_registration_of_the_hand_off_before_it():
    rows = [left(1), update(2, FIRST), ack(3), left(10), update(200, FIRST), ack(201)]
    assert registrations(*rows) == [(2, 3), (None, None)]


def test_the_first_update_with_another_care_of_address_is():
    rows = [left(1), update(2, FIRST), ack(3), left(10), update(11, SECOND), update(12.5, SECOND), ack(13)]
    assert registrations(*rows) == [(2, 3), (11, 13)]


def test_a_node_that_turned_round_before_it_was_acknowledged_registers_anew():
    rows = [left(1), update(2, FIRST), ack(3), left(10), update(11, SECOND), left(12), update(13, FIRST), ack(14)]
    assert registrations(*rows) == [(2, 3), (11, None), (13, 14)]


def test_an_update_that_was_refused_is_no_binding_to_refresh():
    rows = [left(1), update(2, FIRST), ack(3, status=130), left(10), update(11, FIRST), ack(12)]
    assert registrations(*rows) == [(2, None), (11, 12)]


def test_acknowledgements_of_correspondents_end_no_home_registration():
    rows = [left(1), update(2, FIRST), update(2.5, FIRST, to=PEER, home=0), ack(3, source=PEER), ack(4)]
    assert registrations(*rows) == [(2, 4)]


def test_within_a_domain_a_hand_off_has_no_home_registration_even_if_a_refresh_follows():
    made = hmip6_handoff.build(seed=3, dad="none")
    made.net.run(until=made.end + 420, progress=False)  # seconds: the longest lifetime (RFC 6275 section 12)
    trace = made.mobile.trace
    sent = trace[(trace["kind"] == "mip6.binding_update_sent") & (trace["home_registration"] == 1)]
    first, second = handoff.analyse(made.mobile)
    assert (sent["time_s"] > second.start).any(), "the home agent has been told again"
    assert first.home_registration.duration is not None and second.home_registration.duration is None
    assert second.local_registration.duration is not None
