"""Radio cells: association, hand-off, and what the network makes of it."""

import pytest

import kamesim as ks


@pytest.fixture
def walk():
    """A host that walks from one cell to the next, 200 m away, at 20 m/s from 10 s on; each cell a subnet."""
    net = ks.Network(seed=1)
    r1, r2, server = net.router("r1"), net.router("r2"), net.host("server")
    net.link(r1, r2, delay=0.005)
    net.link(server, r1)
    ra = {"min_interval": 0.03, "max_interval": 0.07}
    net.cell("one", (0, 0), router=r1, radius=150, advertise=ra)
    net.cell("two", (200, 0), router=r2, prefix="2001:db8:2::/64", radius=150, advertise=ra)
    walker = net.host("walker", position=(0, 0))
    walker.roam(handoff_delay=0.05)
    net.shortest_path_routes()
    walker.path([(0, 0), (200, 0)], speed=20, start=10)
    return net


def test_a_walker_changes_cells_with_hysteresis(walk):
    walker = walk["walker"]
    interface = walker.interface("wlan0")
    walk.run(until=9)
    assert interface.cell == "one"
    assert interface.medium is walk["one"]
    assert walk["one"].interfaces == [interface]
    walk.run(until=25)
    assert interface.cell == "two"
    events = walker.trace
    left = events[events["kind"] == "l2.disassociated"].iloc[-1]
    joined = events[events["kind"] == "l2.associated"].iloc[-1]
    assert (left["cell"], joined["cell"]) == ("one", "two")
    assert joined["time_s"] - left["time_s"] == pytest.approx(0.05)
    # 3 dB at exponent 3: where the distances are as 10^0.1 to 1, about 111.5 m from the first cell.
    assert 10 + 111.4 / 20 <= left["time_s"] <= 10 + 111.6 / 20 + 0.1


def test_a_walker_gets_an_address_in_each_subnet(walk):
    walker = walk["walker"]
    walk.run(until=9)
    first = walker.address
    assert walk.access_router("two") is walk["r2"]
    walk.run(until=25)
    usable = walker.addresses().query("state == 'preferred' and origin == 'autoconfigured'")
    assert any(address.startswith("2001:db8:2::") for address in usable["address"])
    assert not first.startswith("2001:db8:2::")
    ping = walker.ping("server", count=2)
    walk.run(for_=3)
    assert ping.received == 2


def test_signal_and_reach():
    net = ks.Network()
    cell = net.cell("cell", (10, 0), lan=net.lan("lan"), radius=100)
    assert cell.radius == pytest.approx(100)
    assert cell.signal((110, 0)) == pytest.approx(cell.radio.sensitivity)
    assert cell.signal((10, 0)) == cell.signal((11, 0)) == 20 - 40
    assert cell.prefixes == net["lan"].prefixes
    assert cell.position == (10, 0)


def test_cells_on_one_lan_are_one_subnet():
    net = ks.Network(seed=2)
    lan = net.lan("lan")
    lan.attach(net.router("router"), advertise={"max_interval": 4})
    net.cell("west", (0, 0), lan=lan)
    net.cell("east", (100, 0), lan=lan)
    walker = net.host("walker", position=(0, 0))
    walker.roam()
    net.run(until=8)
    before = walker.address
    walker.position = (100, 0)
    net.run(until=16)
    assert walker.interfaces[0].cell == "east"
    assert walker.address == before
    ping = walker.ping("router", count=1)
    net.run(for_=2)
    assert ping.received == 1


def test_out_of_reach_is_without_a_link():
    net = ks.Network()
    net.cell("cell", (0, 0), lan=net.lan("lan"), radius=50)
    walker = net.host("walker", position=(500, 0))
    interface = walker.roam(name="radio")
    net.run(until=1)
    assert interface.cell is None
    assert not interface.up
    walker.position = (10, 0)
    net.run(until=2)
    assert interface.cell == "cell"
    with pytest.raises(ks.Error, match="'walker:radio' roams by itself"):
        walker.move("lan")
    with pytest.raises(ks.Error, match="cell 'cell': up cannot be set"):
        net["cell"].up = False
