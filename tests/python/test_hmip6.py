"""Hierarchical Mobile IPv6 (RFC 5380) from Python: roles, what routers advertise, what a script can look at."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tshark_check import findings

import kamesim as ks

SCENARIOS = Path(__file__).absolute().parents[2] / "scenarios"
sys.path.insert(0, str(SCENARIOS))

import handoff_bed as bed  # noqa: E402
import hmip6_handoff  # noqa: E402
import hmip6_walk  # noqa: E402

MAP = "2001:db8:5::1"


@pytest.fixture
def router():
    net = ks.Network(seed=1)
    lan = net.lan("lan", "2001:db8:5::/64")
    router = net.router("r")
    lan.attach(router)
    return router


def test_a_hand_off_within_the_domain_is_not_told_to_the_home_agent():
    made = hmip6_handoff.build(seed=3)
    mobile, net = made.mobile, made.net
    net.run(until=made.moves[1] - 1)
    region = mobile.mobile_ip.region
    assert region.lcoa == mobile.mobile_ip.on_link_care_of
    assert mobile.mobile_ip.care_of == region.rcoa
    bindings = made.home_agent.mobile_ip.binding_cache()
    assert list(bindings["care_of"]) == [region.rcoa]
    net.run(until=made.end)
    moved = mobile.mobile_ip.region
    assert (moved.map, moved.rcoa) == (region.map, region.rcoa) and moved.lcoa != region.lcoa
    assert list(made.home_agent.mobile_ip.binding_cache()["sequence"]) == list(bindings["sequence"])
    anchored = net.router_named("map").mobile_ip.anchored()
    assert list(anchored["rcoa"]) == [region.rcoa] and list(anchored["lcoa"]) == [moved.lcoa]


@pytest.mark.parametrize("dad", ["full", "none"])
def test_the_outage_within_the_domain_is_that_of_the_formula(dad):
    """L2 + movement detection + address configuration + RTT(MN, MAP), of the phases that this seed had."""
    made = hmip6_handoff.build(seed=5, dad=dad)
    handoffs, down, _ = bed.measure(made, packets_per_second=hmip6_handoff.PACKETS_PER_SECOND)
    h = handoffs[1]
    phases = h.l2.duration + h.movement_detection.duration + (h.dad.duration or 0.0)
    expected = phases + 2 * bed.LINK_DELAY
    step = 1 / hmip6_handoff.PACKETS_PER_SECOND
    assert expected - step <= h.downlink.outage <= expected + 2 * step + 0.002
    assert h.home_registration.duration is None, "the home agent has heard nothing"


def test_the_second_hand_off_is_longer_without_the_map():
    outages = []
    for hierarchical in (True, False):
        made = hmip6_handoff.build(seed=7, hierarchical=hierarchical, dad="none")
        handoffs, _, _ = bed.measure(made)
        outages.append(handoffs[1].downlink.outage)
    assert outages[1] - outages[0] == pytest.approx(2 * (hmip6_handoff.HOME_DELAY + bed.LINK_DELAY), abs=0.012)


def test_route_optimization_goes_by_the_rcoa():
    made = hmip6_handoff.build(seed=2, route_optimization=True)
    bed.measure(made)
    cache = made.correspondent.mobile_ip.binding_cache()
    assert list(cache["care_of"]) == [made.mobile.mobile_ip.region.rcoa]


def test_captures_are_clean(tmp_path):
    made = hmip6_handoff.build(seed=1, route_optimization=True)
    with made.net.capture(tmp_path / "hmip6.pcapng"):
        bed.measure(made)
    assert findings(tmp_path / "hmip6.pcapng") == []


def test_runs_are_the_same_bit_for_bit():
    runs = []
    for _ in range(2):
        made = hmip6_handoff.build(seed=4)
        _, down, up = bed.measure(made)
        runs.append((down.frame(), up.frame(), made.net.drops()))
    for one, other in zip(*runs):
        assert one.equals(other)


def test_a_reboot_of_the_map_is_survived():
    made = hmip6_handoff.build(seed=6)
    made.net.run(until=made.moves[0] + 10)
    made.net.router_named("map").reboot()
    made.net.run(until=made.end)
    assert len(made.net.router_named("map").mobile_ip.anchored()) == 1, "the next local Binding Update has bound it again"


def test_scenarios_keep_the_roles(tmp_path):
    made = hmip6_handoff.build(seed=1)
    path = tmp_path / "s.pb"
    for scheduled in made.net._scheduler.waiting():  # Python code, which a file cannot hold
        scheduled.cancel()
    made.net.save_scenario(path, duration=10)
    again = ks.Network.load_scenario(path)
    assert again.router_named("map").mobile_ip.roles[-1].max_lifetime == ks.MobilityAnchorPoint().max_lifetime
    assert any(isinstance(role, ks.HierarchicalMobileNode) for role in again.host_named("mn").mobile_ip.roles)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"distance": 0}, "distance"),
        ({"distance": 16}, "distance"),
        ({"preference": 16}, "preference"),
        ({"lifetime": -1.0}, "lifetime"),
        ({"address": "fe80::1"}, "global unicast"),
        ({"address": "ff02::1"}, "global unicast"),
    ],
)
def test_mistakes_in_advertised_maps_are_named(router, change, named):
    with pytest.raises(ks.Error, match=named):
        router.advertise("lan", mobility_anchor_points=[ks.AdvertisedMap(**{"address": MAP, **change})])


def test_each_map_is_advertised_once(router):
    with pytest.raises(ks.Error, match="each MAP once"):
        router.advertise("lan", mobility_anchor_points=[ks.AdvertisedMap(address=MAP)] * 2)


def test_a_map_is_a_router_with_a_prefix():
    net = ks.Network(seed=1)
    host = net.host("h")
    net.lan("lan").attach(host)
    with pytest.raises(ks.Error, match="is a host; use a router"):
        host.enable(ks.MobilityAnchorPoint())
    lonely = net.router("r")
    with pytest.raises(ks.Error, match="on LANs; name one"):
        lonely.enable(ks.MobilityAnchorPoint())


def test_mistakes_in_roles_are_named(router):
    with pytest.raises(ks.Error, match="on_link_prefixes"):
        router.enable(ks.MobilityAnchorPoint(on_link_prefixes=["2001:db8::1/64"]))
    host = router.network.host("mn")
    router.network.medium("lan").attach(host)
    with pytest.raises(ks.Error, match="multiple of 4"):
        host.enable(ks.HierarchicalMobileNode(lifetime=5))
    with pytest.raises(ks.Error, match="selection"):
        host.enable(ks.HierarchicalMobileNode(selection="nearest"))
    with pytest.raises(ks.Error, match="is a router"):
        router.enable(ks.HierarchicalMobileNode())
    host.enable(ks.HierarchicalMobileNode())
    with pytest.raises(ks.Error, match="before HierarchicalMobileNode"):
        host.enable(ks.MobileNode(home_address="2001:db8:1::100"))


def test_advertised_maps_are_listed_in_the_order_of_selection(router):
    net = router.network
    maps = [
        ks.AdvertisedMap(address="2001:db8:7::1", distance=2),
        ks.AdvertisedMap(address="2001:db8:8::1", distance=5, lifetime=600),
    ]
    router.advertise("lan", max_interval=10, mobility_anchor_points=maps)
    host = net.host("mn")
    net.medium("lan").attach(host)
    host.enable(ks.HierarchicalMobileNode())
    net.run(until=20)
    table = host.mobile_ip.mobility_anchor_points()
    assert list(table["address"]) == ["2001:db8:8::1", "2001:db8:7::1"]
    assert table["valid_until_s"][0] < 700 and table["valid_until_s"][1] == float("inf")


def test_the_walk_has_the_round_trips_of_its_links(capsys):
    plain, hierarchical, optimized = (hmip6_walk.walk(way, seed=1) for way in hmip6_walk.WAYS)
    for o in (plain, hierarchical, optimized):
        assert o.sent == 7200 and len(o.handoffs) == 4
        assert [h.target.split()[0] for h in o.handoffs] == ["ar", "ar2", "ar", "ar2"]
        assert o.least == pytest.approx(0.040, abs=5e-4), "two links of 10 ms each way, at home"
    # Away: by the home agent 10 + 10 + 10 + 20 ms each way; directly 10 + 20 ms.
    assert plain.mean == pytest.approx(0.098, abs=1e-3) and hierarchical.mean == pytest.approx(plain.mean, abs=1e-3)
    assert optimized.mean == pytest.approx(0.0595, abs=1e-3)
    # On a second visit the neighbours are known: RTT(MN, MAP).
    assert all(h.local_registration.duration == pytest.approx(0.04, abs=1e-3) for h in hierarchical.handoffs[2:])
    assert all(h.home_registration.duration is None for h in hierarchical.handoffs[1:3])
    assert hmip6_walk.main(["--handoffs"]) == 0
    assert "HMIPv6, route optimization    7200" in capsys.readouterr().out
