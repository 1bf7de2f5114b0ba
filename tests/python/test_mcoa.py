"""Several care-of addresses and flow bindings (RFC 5648, RFC 6089) on whole networks, and the scenario as users run it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import kamesim as ks

sys.path.insert(0, str(Path(__file__).absolute().parents[2] / "scenarios"))

import mcoa_handoff  # noqa: E402
import tshark_check  # noqa: E402

HOME = "2001:db8:1::100"


class Bed:
    """A mobile node with two interfaces on two visited LANs, its home agent, and a correspondent."""

    def __init__(self, *, home_agent: dict | None = None, **role) -> None:
        self.net = net = ks.Network(seed=7)
        core, self.ha, self.cn = net.router("core"), net.router("ha"), net.host("cn")
        self.home = net.lan("home", "2001:db8:1::/64")
        net.link(core, self.ha, delay=0.005)
        net.link(core, self.cn, delay=0.005)
        self.home.attach(self.ha)
        self.lans = {}
        for name in ("left", "right", "third"):
            router = net.router(f"router-{name}")
            net.link(core, router, delay=0.005)
            self.lans[name] = net.lan(name, {"left": "2001:db8:a::/64", "right": "2001:db8:b::/64", "third": "2001:db8:c::/64"}[name])
            self.lans[name].attach(router, advertise={"min_interval": 1, "max_interval": 2})
        self.mn = net.host("mn")
        self.lans["left"].attach(self.mn, name="eth0")
        self.lans["right"].attach(self.mn, name="eth1")
        net.shortest_path_routes()
        self.ha.enable(ks.HomeAgent(interface=self.ha.interfaces[1], **(home_agent or {})))
        self.cn.enable(ks.Correspondent())
        self.mn.enable(ks.MultihomedMobileNode(HOME, self.home.address_of(self.ha), **role))
        net.run(until=10, progress=False)

    def run(self, seconds: float) -> None:
        self.net.run(until=self.net.now + seconds, progress=False)

    def frames(self) -> list:
        """(received, sent) of each interface of the mobile node."""
        counters = [self.mn.interface(name).counters for name in ("eth0", "eth1")]
        return [(c["received_frames"], c["sent_frames"]) for c in counters]

    def frames_since(self, before: list) -> list:
        return [(r - r0, s - s0) for (r, s), (r0, s0) in zip(self.frames(), before)]

    def held(self) -> dict:
        table = self.ha.mobile_ip.care_of_addresses()
        return dict(zip(table.bid, table.care_of))

    def down(self, **fields) -> ks.Flow:
        return self.net.udp_flow(self.cn, self.mn, destination_address=HOME, rate=100, size=100, **fields)


def test_correspondents_are_told_of_both_interfaces_and_of_the_loss_of_one():
    bed = Bed(route_optimization=True)
    flow = bed.down(start=11, stop=40)
    bed.run(5)
    peers = bed.mn.mobile_ip.correspondents()
    assert list(peers.interfaces) == [["eth0", "eth1"]] and peers.care_of[0].startswith("2001:db8:a:")
    held = bed.cn.mobile_ip.care_of_addresses()
    assert list(held.bid) == [1, 2]
    before = flow.received
    bed.mn.interface("eth0").enabled = False
    bed.run(5)
    assert list(bed.cn.mobile_ip.care_of_addresses().bid) == [2]
    assert flow.received - before > 480, "it goes on by the other"
    home_agent = bed.ha.interfaces[0].counters["sent_frames"]
    bed.run(5)
    assert bed.ha.interfaces[0].counters["sent_frames"] - home_agent < 50, "directly"


@pytest.mark.parametrize("bulk", [True, False])
def test_both_interfaces_are_registered(bulk):
    bed = Bed(bulk_registration=bulk)
    held = bed.held()
    assert list(held) == [1, 2] and held[1].startswith("2001:db8:a:") and held[2].startswith("2001:db8:b:")
    assert bed.mn.mobile_ip.ways == ["eth0", "eth1"] and bed.mn.mobile_ip.location == "foreign"
    table = bed.mn.mobile_ip.interfaces()
    assert list(table.interface) == ["eth0", "eth1"] and list(table.registered_care_of) == list(held.values())
    assert table.in_use.all() and list(table.priority) == [10, 20]


def test_the_priority_decides_in_both_directions():
    bed = Bed(interfaces={"eth0": 50, "eth1": 5})
    assert bed.mn.mobile_ip.ways == ["eth1", "eth0"]
    before = bed.frames()
    flow = bed.down(start=10, stop=12)
    ping = bed.mn.ping(bed.cn.address, source=HOME, count=100, interval=0.01)
    bed.run(4)
    assert flow.lost == 0 and ping.received == 100
    (received0, sent0), (received1, sent1) = bed.frames_since(before)
    assert received1 >= flow.sent + 100 and sent1 >= 100
    assert received0 < 20 and sent0 < 20


def test_the_other_interface_takes_over_at_once():
    bed = Bed()
    flow = bed.down(start=12, stop=20)
    bed.net.at(15, setattr, bed.mn.interface("eth0"), "enabled", False)
    bed.run(12)
    # A round trip to the home agent of 20 ms, and 10 ms in which the routers of the other way resolve each other.
    assert flow.lost <= 4
    assert bed.mn.mobile_ip.ways == ["eth1"] and list(bed.held()) == [2]


def test_an_interface_that_moves_keeps_its_bid():
    bed = Bed()
    flow = bed.down(start=12, stop=25)
    bed.net.at(15, bed.mn.move, "third", interface="eth0")
    bed.run(17)
    held = bed.held()
    assert set(held) == {1, 2} and held[1].startswith("2001:db8:c:")
    assert flow.lost <= 4 and bed.mn.mobile_ip.ways == ["eth0", "eth1"]


def test_flows_go_by_the_interface_they_are_bound_to():
    bed = Bed()
    fid = bed.mn.mobile_ip.bind_flow("eth1", protocol="udp", destination_port=(7000, 7010))
    bed.run(1)
    assert list(bed.mn.mobile_ip.flows().registered) == [True]
    assert list(bed.ha.mobile_ip.flow_bindings().bids) == [[2]]
    for port, (most, least) in {7005: (1, 0), 7011: (0, 1)}.items():
        before = bed.frames()
        flow = bed.down(port=port, start=bed.net.now, stop=bed.net.now + 2)
        bed.run(3)
        received = [r for r, _ in bed.frames_since(before)]
        assert flow.lost == 0 and received[most] >= flow.sent and received[least] < 20
    bed.mn.mobile_ip.unbind_flow(fid)
    bed.run(1)
    assert bed.ha.mobile_ip.flow_bindings().empty


def test_a_flow_goes_by_the_rest_while_its_interface_is_away_and_back_again():
    bed = Bed()
    bed.mn.mobile_ip.bind_flow("eth1", protocol="udp")
    bed.run(1)
    bed.mn.interface("eth1").enabled = False
    bed.run(1)
    assert list(bed.ha.mobile_ip.flow_bindings().active) == [False]
    flow = bed.down(start=bed.net.now, stop=bed.net.now + 1)
    bed.run(2)
    assert flow.lost == 0
    bed.mn.interface("eth1").enabled = True
    bed.run(6)
    assert list(bed.ha.mobile_ip.flow_bindings().active) == [True]


def test_a_flow_is_copied_to_several_interfaces():
    bed = Bed()
    bed.mn.mobile_ip.bind_flow("eth0", "eth1", source=bed.cn.address)
    bed.run(1)
    flow = bed.down(start=12, stop=14)
    bed.run(4)
    assert flow.lost == 0 and flow.duplicated == flow.sent


def test_returning_home_gives_all_bindings_up():
    bed = Bed()
    bed.mn.move(bed.home, interface="eth0")
    bed.run(6)
    assert bed.mn.mobile_ip.location == "home" and bed.held() == {}
    assert HOME in bed.mn.interface("eth0").addresses
    ping = bed.cn.ping(HOME, count=3)
    bed.run(5)
    assert ping.received == 3
    bed.mn.move("left", interface="eth0")
    bed.run(8)
    assert set(bed.held()) == {1, 2} and bed.mn.mobile_ip.ways == ["eth0", "eth1"]


@pytest.mark.parametrize("policy", ["prohibited", "ignored"])
def test_it_registers_one_address_where_no_more_are_taken(policy):
    bed = Bed(home_agent={"multiple_care_of": policy})
    assert bed.mn.mobile_ip.fallen_back and bed.mn.mobile_ip.ways == ["eth0"]
    bed.mn.interface("eth0").enabled = False
    bed.run(2)
    assert bed.mn.mobile_ip.ways == ["eth1"]
    ping = bed.cn.ping(HOME, count=2)
    bed.run(3)
    assert ping.received == 2


def test_it_registers_one_by_one_where_bulk_registration_is_prohibited():
    bed = Bed(home_agent={"bulk_registration": False})
    assert set(bed.held()) == {1, 2}


def test_bindings_are_refreshed():
    bed = Bed(lifetime=40)
    bed.run(120)
    assert set(bed.held()) == {1, 2} and bed.mn.mobile_ip.ways == ["eth0", "eth1"]


def test_a_reboot_registers_anew_with_its_flows():
    bed = Bed()
    bed.mn.mobile_ip.bind_flow("eth1", protocol="udp")
    bed.run(1)
    bed.mn.reboot()
    bed.run(10)
    assert set(bed.held()) == {1, 2} and list(bed.ha.mobile_ip.flow_bindings().fid) == [1]


def test_a_home_agent_that_reboots_is_told_again():
    bed = Bed(lifetime=40)
    bed.ha.reboot()
    bed.run(60)
    assert set(bed.held()) == {1, 2}


def test_mistakes_are_named():
    bed = Bed()
    for call, words in [
        (lambda: bed.mn.mobile_ip.bind_flow(), ["no interface"]),
        (lambda: bed.mn.mobile_ip.bind_flow("eth9"), ["eth9", "roams"]),
        (lambda: bed.mn.mobile_ip.bind_flow("eth0", destination_port=70000), ["destination_port", "70000"]),
        (lambda: bed.mn.mobile_ip.bind_flow("eth0", source=("2001:db8::2", "2001:db8::1")), ["source"]),
        (lambda: bed.mn.mobile_ip.bind_flow("eth0", protocol="sctp"), ["protocol", "sctp"]),
        (lambda: bed.mn.mobile_ip.unbind_flow(3), ["no flow 3"]),
        (lambda: bed.cn.mobile_ip.ways, ["multihomed"]),
        (lambda: bed.ha.enable(ks.MultihomedMobileNode(HOME, "2001:db8:1::1")), ["router"]),
    ]:
        with pytest.raises(ks.Error) as error:
            call()
        for word in words:
            assert word in str(error.value)


# --- The scenario -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    out = tmp_path_factory.mktemp("mcoa") / "out"
    assert mcoa_handoff.main(["--rate", "100", "--out", str(out)]) == 0
    return out


def test_two_radios_make_before_they_break():
    outcomes = {way: mcoa_handoff.measure(mcoa_handoff.build(way), way) for way in mcoa_handoff.WAYS}
    one, two, late, copied = (outcomes[way] for way in mcoa_handoff.WAYS)
    assert one.gap_down > 1.0 and one.lost_down > 400, "Duplicate Address Detection alone takes a second"
    for outcome in (two, late):
        # RTT(MN, HA) is 40 ms; packets come every 5 ms.
        assert outcome.gap_down < 0.055 and outcome.gap_up < 0.02
    assert copied.lost_down == copied.lost_up == 0 and copied.duplicates > 0


@pytest.mark.parametrize("way", ["two radios", "late preferred", "copied"])
def test_one_step_costs_what_the_formula_says(way):
    h = mcoa_handoff.measure_step(mcoa_handoff.step(way, seed=2, link_delay=0.02))
    expected = mcoa_handoff.expected_outage(way, 0.02, 200.0)
    assert (h.origin, h.target) == ("a", "b")
    assert h.downlink.outage == pytest.approx(expected, abs=0.005)
    assert h.uplink.lost == 0, "the other radio is used at once"
    assert (h.downlink.lost == 0) == (way == "copied")


def test_its_captures_are_clean_and_name_the_option(written):
    for capture in written.glob("*.pcapng"):
        tshark_check.assert_clean(capture)
    bids = tshark_check.fields(written / "two-radios.pcapng", "mip6.bi.bid", display_filter="mip6.mhtype == 5")
    assert {"1", "2"} <= {number for row in bids for number in row[0].split(",")}
