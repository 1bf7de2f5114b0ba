"""Fast handovers (RFC 5568) from Python: predictive, reactive, over a Mobility Anchor Point, and mistakes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tshark_check import findings, tshark

import kamesim as ks

SCENARIOS = Path(__file__).absolute().parents[2] / "scenarios"
sys.path.insert(0, str(SCENARIOS))

import fmip6_handoff  # noqa: E402
import handoff_bed as bed  # noqa: E402

STEP = 1 / fmip6_handoff.PACKETS_PER_SECOND


def measured(**options):
    made = fmip6_handoff.build(seed=3, **options)
    handoffs, down, up = bed.measure(made, packets_per_second=fmip6_handoff.PACKETS_PER_SECOND)
    return made, handoffs, down, up


def test_nothing_is_lost_in_a_predictive_hand_off():
    made, handoffs, down, _ = measured(mode="predictive")
    h = handoffs[1]
    assert h.downlink.lost == 0
    quiet = fmip6_handoff.silence(down, h, made.end)
    assert quiet == pytest.approx(fmip6_handoff.expected_outage("predictive"), abs=2 * STEP)


def test_a_predictive_hand_off_waits_for_the_link_layer_alone():
    """L2: from the loss of the link until packets come again."""
    made, handoffs, down, _ = measured(mode="predictive", l2_delay=0.3)
    h = handoffs[1]
    frame = down.frame()
    arrived = (frame["time_s"] + frame["delay_s"]).dropna()
    first = arrived[arrived > h.l2.end].min()
    assert first - h.l2.end < 0.01


def test_the_outage_of_a_reactive_hand_off_is_a_round_trip_to_the_former_router():
    _, handoffs, _, _ = measured(mode="reactive", home_delay=0.04, route_optimization=False)
    expected = fmip6_handoff.expected_outage("reactive", home_delay=0.04)
    assert handoffs[1].downlink.outage == pytest.approx(expected, abs=STEP)


def test_a_home_agent_that_is_nearer_than_the_former_router_ends_it_sooner():
    _, handoffs, _, _ = measured(mode="reactive", route_optimization=False)
    expected = fmip6_handoff.expected_outage("reactive")
    assert expected < fmip6_handoff.expected_outage("reactive", home_delay=0.04) - 0.015
    assert handoffs[1].downlink.outage == pytest.approx(expected, abs=STEP)


def test_without_fast_handovers_it_takes_longer():
    _, plain, _, _ = measured(mode="none")
    _, reactive, _, _ = measured(mode="reactive")
    assert plain[1].downlink.outage > reactive[1].downlink.outage + 1.0, "movement detection and DAD"


def test_it_goes_on_within_the_domain_of_a_mobility_anchor_point():
    made, handoffs, _, _ = measured(mode="predictive", hierarchical=True)
    assert handoffs[1].downlink.lost == 0
    assert handoffs[1].home_registration.duration is None, "the home agent has heard nothing"
    region = made.mobile.mobile_ip.region
    assert made.mobile.mobile_ip.care_of == region.rcoa and region.lcoa == made.mobile.mobile_ip.on_link_care_of


def test_tshark_names_every_message(tmp_path):
    made = fmip6_handoff.build(seed=1)
    with made.net.capture(tmp_path / "fmip6.pcapng"):
        bed.measure(made)
    assert findings(tmp_path / "fmip6.pcapng") == []
    text = tshark("-r", tmp_path / "fmip6.pcapng", "-Y", "mipv6 or icmpv6.type == 154")
    for name in ("Fast Binding Update", "Fast Binding Acknowledgment", "Handover Initiate", "Handover Acknowledge"):
        assert name in text, name
    assert "FMIPv6" in text


def test_access_routers_and_mobile_nodes_show_what_they_know():
    made = fmip6_handoff.build(seed=2)
    made.net.run(until=made.moves[1] - 1)
    known = made.mobile.mobile_ip.neighborhood()
    assert sorted(known["prefix"]) == sorted(made.net.medium(cell).prefixes[0] for cell in ("home", "b"))
    made.net.run(until=made.moves[1] + 1)
    redirected = made.net.access_router("a").mobile_ip.redirected()
    assert list(redirected["ncoa"]) == [made.mobile.mobile_ip.care_of] and bool(redirected["bound"][0])
    made.net.run(until=made.moves[1] + 25)
    assert len(made.net.access_router("a").mobile_ip.redirected()) == 0


def test_signals_foretell_the_next_cell():
    net = ks.Network(seed=1)
    core = net.router("core")
    cells = {"home": 0, "a": 300, "b": 600}
    for name, x in cells.items():
        router = net.router(f"r-{name}")
        net.link(core, router, delay=0.001)
        net.cell(name, (x, 0), router=router, radius=250, advertise={"max_interval": 1, "router_address": True})
    mobile = net.host("mn", position=(0, 0))
    mobile.roam(handoff_delay=0.05)
    net.shortest_path_routes()
    home = net.medium("home")
    net.router_named("r-home").enable(ks.HomeAgent())
    for name in cells:
        others = [other for other in cells if other != name]
        net.router_named(f"r-{name}").enable(ks.FastHandoverRouter(neighbors=others))
    address = home.address_of("r-home")
    mobile.enable(ks.MobileNode(home_address=address.rsplit(":", 1)[0] + ":77", home_agent=address))
    mobile.enable(ks.FastMobileNode())
    mobile.path([(0, 0), (600, 0)], speed=10, start=10)
    net.run(until=75)
    kinds = list(mobile.trace["kind"])
    assert "fmip6.attached" in kinds
    first = next(row for row in mobile.trace.to_dict("records") if row["kind"] == "fmip6.attached")
    assert first["confirmed"] == 1, "it was prepared before the link was lost"


def test_the_network_can_ask_for_the_hand_off():
    made = fmip6_handoff.build(seed=3, mode="none")
    net, mobile = made.net, made.mobile
    for cell in ("a", "b"):
        others = [other for other in ("a", "b") if other != cell]
        net.access_router(cell).enable(ks.FastHandoverRouter(neighbors=others, interface=fmip6_handoff._interface(net, cell)))
    mobile.enable(ks.FastMobileNode(anticipation=None))
    net.at(made.moves[1] - 0.1, net.access_router("a").mobile_ip.hand_over, mobile, "b")
    handoffs, _, _ = bed.measure(made)
    assert handoffs[1].downlink.lost == 0
    attached = [row for row in mobile.trace.to_dict("records") if row["kind"] == "fmip6.attached"]
    assert attached[-1]["confirmed"] == 1
    with pytest.raises(ks.Error, match="none of the neighbors"):
        net.access_router("a").mobile_ip.hand_over("2001:db8::1", "home")
    with pytest.raises(ks.Error, match="FastHandoverRouter before"):
        made.home_agent.mobile_ip.hand_over(mobile, "b")


def test_scenarios_keep_the_roles(tmp_path):
    made = fmip6_handoff.build(seed=1)
    path = tmp_path / "s.pb"
    for scheduled in made.net._scheduler.waiting():  # Python code, which a file cannot hold
        scheduled.cancel()
    made.net.save_scenario(path, duration=10)
    again = ks.Network.load_scenario(path)
    for node in ("mn", "router-a"):
        roles = again.node(node).mobile_ip.roles
        assert roles[-1] == made.net.node(node).mobile_ip.roles[-1] or roles[-1].interface is not None
    assert sorted(again.node("router-a").mobile_ip.roles[-1].neighbors) == ["b", "home"]


def test_scenarios_keep_keys(tmp_path):
    made = fmip6_handoff.build(seed=1, mode="none")
    for scheduled in made.net._scheduler.waiting():
        scheduled.cancel()
    made.mobile.enable(ks.FastMobileNode(key=b"a key of twenty byte"))
    made.net.save_scenario(tmp_path / "s.pb", duration=10)
    again = ks.Network.load_scenario(tmp_path / "s.pb")
    assert again.node("mn").mobile_ip.roles[-1].key == b"a key of twenty byte"


def test_runs_are_the_same_bit_for_bit():
    runs = []
    for _ in range(2):
        made, _, down, up = measured(mode="predictive")
        runs.append((down.frame(), up.frame(), made.net.drops()))
    for one, other in zip(*runs):
        assert one.equals(other)


def test_mistakes_are_named():
    net = ks.Network(seed=1)
    router, host = net.router("r"), net.host("h")
    lan = net.lan("lan", "2001:db8:1::/64")
    lan.attach(router)
    lan.attach(host)
    router.advertise("lan", router_address=False)
    with pytest.raises(ks.Error, match="router_address=True"):
        router.enable(ks.FastHandoverRouter())
    router.advertise("lan", router_address=True)
    with pytest.raises(ks.Error, match="20 bytes"):
        router.enable(ks.FastHandoverRouter(key=b"short"))
    with pytest.raises(ks.Error, match="one access router"):
        net.lan("empty", "2001:db8:2::/64")
        router.enable(ks.FastHandoverRouter(neighbors=["empty"]))
    with pytest.raises(ks.Error, match="use a router"):
        host.enable(ks.FastHandoverRouter())
    with pytest.raises(ks.Error, match="MobileNode before it"):
        host.enable(ks.FastMobileNode())
