"""Mobile nodes with several home addresses (RFC 6275 sections 3.2 and 11.4.3), on whole networks."""

import pytest

import kamesim as ks

RA = {"min_interval": 0.5, "max_interval": 1.5}
FIRST, SECOND = "2001:db8:1::100", "2001:db8:2::100"


class World:
    """Two home links, each with its home agent, a visited link, and a correspondent, around a core router."""

    def __init__(self):
        self.net = net = ks.Network(seed=3)
        core = net.router("core")
        self.links, self.agents = [], []
        for number in (1, 2, 3):
            lan = net.lan(f"lan{number}", f"2001:db8:{number}::/64")
            router = net.router(f"r{number}")
            lan.attach(router, address=f"2001:db8:{number}::1/64", advertise={**RA, "home_agent": number < 3})
            net.link(router, core, delay=0.005)
            self.links.append(lan)
            self.agents.append(router)
        self.visited = self.links.pop()
        self.agents.pop()
        self.correspondent = net.host("cn")
        net.link(self.correspondent, core, delay=0.005)
        net.shortest_path_routes()
        for agent in self.agents:
            agent.enable(ks.HomeAgent(interface=agent.interfaces[0]))
        self.correspondent.enable(ks.Correspondent())
        self.mobile = net.host("mn")
        self.links[0].attach(self.mobile)

    def enable(self, *homes):
        for home in homes:
            agent = self.agents[int(home.split(":")[2]) - 1].interfaces[0]
            address = next(a for a in agent.addresses if a.startswith("2001:"))
            self.mobile.enable(ks.MobileNode(home_address=home, home_agent=address))
        self.net.run(for_=10)

    def move(self, lan):
        self.mobile.move(lan)
        self.net.run(for_=8)

    def homes(self):
        return self.mobile.mobile_ip.home_addresses().set_index("home_address")

    def lost(self, home):
        ping = self.correspondent.ping(home, count=5, interval=0.2)
        self.net.run(for_=3)
        return ping.lost


@pytest.fixture
def world():
    return World()


def test_each_home_address_is_reached_wherever_the_node_is(world):
    world.enable(FIRST, SECOND)
    assert dict(world.homes().location) == {FIRST: "home", SECOND: "foreign"}
    assert (world.lost(FIRST), world.lost(SECOND)) == (0, 0)
    world.move(world.visited)
    assert list(world.homes().registered) == [True, True]
    assert (world.lost(FIRST), world.lost(SECOND)) == (0, 0)
    world.move(world.links[1])
    assert dict(world.homes().location) == {FIRST: "foreign", SECOND: "home"}
    assert (world.lost(FIRST), world.lost(SECOND)) == (0, 0)


def test_binding_update_list_agrees_with_the_binding_caches(world):  # RFC 6275 section 11.1
    world.enable(FIRST, SECOND)
    listed = world.mobile.mobile_ip.binding_update_list
    assert list(listed().home_address) == [SECOND]  # the other one is at home
    world.move(world.visited)
    world.lost(FIRST)
    world.net.run(for_=5)
    rows = {(row.destination, row.home_address): row for row in listed().itertuples()}
    held = 0
    for node in (*world.agents, world.correspondent):
        own = {address for interface in node.interfaces for address in interface.addresses}
        for binding in node.mobile_ip.binding_cache().itertuples():
            (row,) = [r for (destination, home), r in rows.items() if destination in own and home == binding.home_address]
            assert (row.care_of, row.sequence) == (binding.care_of, binding.sequence)
            assert (row.home_registration, row.state) == (binding.home_registration, "bound")
            # The home agent's begins when it has tested the address, a second after the update was sent.
            assert 0 <= binding.expires_s - row.expires_s < 1.1
            held += 1
    assert held == len(rows) == 3  # two home registrations, and FIRST's correspondent
    world.move(world.links[0])
    home = listed().query("home_address == @FIRST and home_registration")
    assert not home.state.isin(["registering", "bound"]).any()


def test_routes_are_optimized_for_each_home_address(world):
    world.enable(FIRST, SECOND)
    world.move(world.visited)
    world.lost(FIRST), world.lost(SECOND)
    world.net.run(for_=5)
    assert set(world.correspondent.mobile_ip.binding_cache().home_address) == {FIRST, SECOND}
    assert (world.lost(FIRST), world.lost(SECOND)) == (0, 0)


def test_all_are_registered_again_after_a_reboot(world):
    world.enable(FIRST, SECOND)
    world.move(world.visited)
    world.mobile.reboot()
    world.net.run(for_=15)
    assert list(world.homes().index) == [FIRST, SECOND] and list(world.homes().registered) == [True, True]


def test_new_prefix_of_the_home_link_gives_a_home_address_while_away(world):
    """Section 11.4.3: renumbering reaches the mobile node by a Mobile Prefix Advertisement."""
    world.enable(FIRST)
    world.move(world.visited)
    agent = world.agents[0]
    new = "2001:db8:f::/64"
    agent.add_address("2001:db8:f::1/64", interface=agent.interfaces[0])
    agent.advertise(world.links[0], **RA, home_agent=True, prefixes=["2001:db8:1::/64", new])
    world.net.run(for_=87000)  # MaxMobPfxAdvInterval is a day (section 10.6.2)
    homes = world.homes()
    assert len(homes) == 2 and homes.index[1].startswith("2001:db8:f:")
    assert list(homes.registered) == [True, True]


def test_home_address_is_enabled_once(world):
    world.enable(FIRST)
    with pytest.raises(ks.Error, match=f"home_address is {FIRST}, which it has already"):
        world.enable(FIRST)
    router = world.net.router("mr")
    world.visited.attach(router)
    router.enable(ks.MobileRouter(home_address=FIRST, prefixes="2001:db8:b::/64", egress="eth0"))
    with pytest.raises(ks.Error, match="is a mobile node already"):
        router.enable(ks.MobileNode(home_address=SECOND))


def test_what_a_role_was_enabled_with_is_not_set_afterwards():
    net = ks.Network(seed=1)
    host = net.host("cn")
    role = host.enable(ks.Correspondent())
    with pytest.raises(ks.Error, match="host 'cn': mobile_ip: lifetime cannot be set; roles have it as they are enabled"):
        role.lifetime = 100
    assert repr(role) == "<Mobile IPv6 of host 'cn': Correspondent>"
