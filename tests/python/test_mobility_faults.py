"""Mobile IPv6 when things go wrong: who was rebooted, what was lost, overtaken, repeated or forged, and the outcome that
RFC 6275 asks for. All nodes are whole ones, on a network of their own."""

import pytest
from scapy.layers.inet6 import (
    HAO,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6NDOptDstLLAddr,
    IPv6,
    IPv6ExtHdrDestOpt,
    MIP6MH_BA,
    MIP6MH_BU,
    MIP6MH_CoT,
    MIP6MH_HoT,
    MIP6OptAltCoA,
    MIP6OptBindingAuthData,
    MIP6OptNonceIndices,
)
from scapy.layers.l2 import Ether

import kamesim as ks

HOME = "2001:db8:1::100"
AGENT, SECOND_AGENT = "2001:db8:1::1", "2001:db8:1::2"
RA = {"min_interval": 0.05, "max_interval": 0.15}


class World:
    """A home link with a home agent, two visited links, and a correspondent, around a core router."""

    def __init__(self, *, agents=1, agent_of_node=AGENT, seed=1, **role):
        self.net = net = ks.Network(seed=seed)
        self.core = net.router("core")
        self.home = net.lan("home", "2001:db8:1::/64")
        self.home.attach(self.core, address="2001:db8:1::fe/64", advertise=False)
        self.agents, self.uplinks = [], {}
        for number in range(agents):
            agent = net.router(f"ha{number + 1}")
            self.home.attach(agent, address=f"2001:db8:1::{number + 1}/64", advertise={**RA, "home_agent": True})
            self.agents.append(agent)
        self.agent = self.agents[0]
        self.visited = {}
        for number, name in enumerate(("first", "second"), start=2):
            router = net.router(f"ar-{name}")
            lan = net.lan(name, f"2001:db8:{number}::/64")
            lan.attach(router, advertise=RA)
            self.uplinks[name] = net.link(router, self.core, delay=0.005)
            self.visited[name] = lan
        self.correspondent = net.host("cn")
        self.uplinks["cn"] = net.link(self.correspondent, self.core, delay=0.005)
        net.shortest_path_routes()
        for agent in self.agents:
            agent.enable(ks.HomeAgent(interface=agent.interfaces[0]))
        self.correspondent.enable(ks.Correspondent())
        self.mobile = net.host("mn")
        self.home.attach(self.mobile)
        self.mobile.enable(ks.MobileNode(home_address=HOME, home_agent=agent_of_node, **role))
        net.run(for_=10)

    def move(self, lan, seconds=8.0):
        self.mobile.move(lan)
        self.net.run(for_=seconds)

    def reached(self, count=5):
        """How many of some echo requests from the correspondent to the home address are answered."""
        ping = self.correspondent.ping(HOME, count=count, interval=0.2)
        self.net.run(for_=count * 0.2 + 2)
        return count - ping.lost

    def binding(self, node=None):
        """The care-of address that a node has for the home address; None if it has none."""
        rows = (node or self.agent).mobile_ip.binding_cache()
        found = rows[rows.home_address == HOME]
        return None if found.empty else found.care_of.iloc[0]

    def updates(self, since, to=AGENT):
        """The Binding Updates that the mobile node has sent: times and sequence numbers."""
        rows = self.mobile.trace
        rows = rows[(rows.kind == "mip6.binding_update_sent") & (rows.time_s >= since) & (rows.destination == to)]
        return [(row.time_s, int(row.sequence)) for row in rows.itertuples()]


@pytest.fixture
def world():
    return World()


@pytest.fixture
def away(world):
    world.move("first")
    assert world.mobile.mobile_ip.registered and world.reached() == 5
    return world


# --- Reboots ----------------------------------------------------------------------------------------------------------


def test_home_agent_that_rebooted_is_registered_with_again(away):
    """§10.4.5: what comes through the tunnel of no binding is discarded, until the refresh registers anew."""
    last = away.updates(0)[-1][0]
    away.agent.reboot()
    away.net.run(for_=5)
    assert away.binding() is None
    lost = away.mobile.ping(AGENT, source=HOME, count=3, interval=1.0)
    away.net.run(for_=8)
    assert away.binding() is None and lost.lost == 3 and away.agent.drops["tunnel.unknown_peer"] == 3
    away.net.run(until=last + 420 + 2)  # seconds: the binding's lifetime, and the home agent's Duplicate Address Detection
    assert away.binding() == away.mobile.mobile_ip.care_of and away.reached() == 5
    sent = away.updates(last + 1)
    assert sent[0][0] < last + 420 and len(sent) <= 2, "in time; the second during Duplicate Address Detection (§11.8)"


def test_route_optimization_outlives_the_home_agents_reboot(away):
    """The correspondent's binding is its own: packets go directly, and none is lost."""
    away.agent.reboot()
    ping = away.mobile.ping(away.correspondent, source=HOME, count=60, interval=1.0)
    away.net.run(for_=65)
    assert away.binding() is None and ping.lost == 0


def test_correspondent_that_rebooted_is_told_anew(away):
    """§9.3.1, §11.3.6: packets by the lost binding are answered by Binding Errors, and no more are sent by it."""
    assert away.binding(away.correspondent) is not None
    away.correspondent.reboot()
    away.net.run(for_=5)
    assert away.binding(away.correspondent) is None
    ping = away.mobile.ping(away.correspondent, source=HOME, count=20, interval=0.5)
    away.net.run(for_=15)
    assert ping.lost <= 3, "through the home agent at once"
    assert away.binding(away.correspondent) == away.mobile.mobile_ip.care_of


def test_mobile_node_that_rebooted_away_registers_with_whatever_sequence_number(away):
    """§9.5.1, §11.7.3: its numbers begin at random; status 135 tells it where to go on."""
    away.mobile.reboot()
    away.net.run(for_=15)
    assert away.mobile.mobile_ip.registered and away.binding() == away.mobile.mobile_ip.care_of
    assert away.reached() == 5


@pytest.mark.parametrize("seed", range(2, 8))
def test_rebooted_mobile_node_comes_back_with_any_seed(seed):
    world = World(seed=seed)
    world.move("first")
    world.mobile.reboot()
    world.net.run(for_=15)
    assert world.mobile.mobile_ip.registered and world.reached() == 5


# --- Lost, overtaken and repeated signalling --------------------------------------------------------------------------


def test_lost_updates_are_repeated_until_one_arrives(world):
    """§11.8: 1.5 s, then doubled; sequence numbers grow."""
    world.uplinks["first"].configure(loss=1.0)
    start = world.net.now
    world.move("first", seconds=8.0)
    assert not world.mobile.mobile_ip.registered
    world.uplinks["first"].configure(loss=0.0)
    world.net.run(for_=20)
    sent = world.updates(start)
    waits = [b[0] - a[0] for a, b in zip(sent, sent[1:])]
    assert waits[:3] == pytest.approx([1.5, 3.0, 6.0], abs=0.01)
    assert [b[1] - a[1] & 0xFFFF for a, b in zip(sent, sent[1:])] == [1] * len(waits)
    assert world.mobile.mobile_ip.registered and world.reached() == 5


@pytest.mark.parametrize("loss", [0.2, 0.4])
def test_hand_overs_succeed_over_a_lossy_link(world, loss):
    for name in ("first", "second"):
        world.uplinks[name].configure(loss=loss)
    for name in ("first", "second", "first", "second"):
        world.move(name, seconds=60.0)
        assert world.binding() == world.mobile.mobile_ip.care_of
    for name in ("first", "second"):
        world.uplinks[name].configure(loss=0.0)
    assert world.reached() == 5


def test_reordered_signalling_ends_with_the_last_place(world):
    """§9.5.1: an update that a later one overtook is out of window and changes nothing."""
    for name in ("first", "second"):
        world.uplinks[name].configure(jitter=1.0)
    for _ in range(4):
        world.move("first", seconds=2.5)
        world.move("second", seconds=2.5)
    world.net.run(for_=90)
    assert world.binding() == world.mobile.mobile_ip.care_of
    assert world.mobile.mobile_ip.care_of.startswith("2001:db8:3:")


def test_duplicated_update_is_out_of_window(away):
    """A copy of the accepted update is answered by status 135 and the last number, and does not move anything."""
    care_of, before = away.binding(), away.agent.mobile_ip.binding_cache()
    sequence = int(before.sequence.iloc[0])
    with away.visited["second"].tester() as port:
        seen = forge(away, port, sequence, source="2001:db8:3::bad", alternate=care_of)
    assert seen.status == 135 and seen.seq == sequence
    assert away.binding() == care_of
    after = away.agent.mobile_ip.binding_cache()
    assert after.expires_s.iloc[0] == before.expires_s.iloc[0]


def test_update_that_is_delivered_twice_is_answered_twice_and_bound_once(world):
    """§9.5.1: the copy has no newer number, whether the home agent is still in Duplicate Address Detection or not."""
    with world.visited["first"].tester() as port:
        world.mobile.move("first")
        update = None
        while (frame := port.recv(timeout=5.0)) is not None and update is None:
            packet = Ether(frame)
            if packet.haslayer(MIP6MH_BU) and packet[MIP6MH_BU].flags.H:
                update = frame
        assert update is not None
        port.send(update)  # during Duplicate Address Detection for the home address
        world.net.run(for_=5)
        assert world.mobile.mobile_ip.registered and world.binding() == world.mobile.mobile_ip.care_of
        before = world.agent.mobile_ip.binding_cache()
        port.send(update)
        world.net.run(for_=5)
    acks = world.mobile.trace
    acks = acks[acks.kind == "mip6.binding_ack_received"]
    after = world.agent.mobile_ip.binding_cache()
    assert 0 in set(acks.status) and set(acks.status) <= {0, 135}
    assert list(after.care_of) == list(before.care_of) and len(after) == 1
    assert world.mobile.mobile_ip.registered and world.reached() == 5


def test_node_that_turns_round_in_the_middle_of_a_registration(world):
    """It leaves a link before its update is acknowledged, and the acknowledgement finds nobody there."""
    for _ in range(5):
        world.mobile.move("first")
        world.net.run(for_=1.7)  # between the update and the end of the home agent's Duplicate Address Detection
        world.mobile.move("second")
        world.net.run(for_=1.7)
    world.net.run(for_=20)
    assert world.binding() == world.mobile.mobile_ip.care_of and world.reached() == 5


def test_node_that_turns_back_home_in_the_middle_of_a_registration(world):
    """§10.3.2: what is left at the home agent is deleted; nobody stands in for the node any more."""
    world.mobile.move("first")
    world.net.run(for_=2.0)
    world.move("home", seconds=30.0)
    assert world.mobile.mobile_ip.location == "home" and world.binding() is None
    assert world.reached() == 5
    rows = world.mobile.addresses()
    assert list(rows[rows.address == HOME].state) == ["preferred"]


# --- Two with one address ---------------------------------------------------------------------------------------------


def test_second_node_with_the_home_address_of_one_at_home_is_refused(world):
    """§10.3.1: Duplicate Address Detection on the home link finds the first; status 134 (§11.7.1: never again)."""
    other = world.net.host("other")
    world.visited["first"].attach(other)
    other.enable(ks.MobileNode(home_address=HOME, home_agent=AGENT))
    world.net.run(for_=60)
    assert world.binding() is None and not other.mobile_ip.registered
    acks = other.trace
    acks = acks[acks.kind == "mip6.binding_ack_received"]
    assert list(acks.status) == [134]
    assert world.reached() == 5, "the first one is not harmed"


def test_two_mobile_nodes_away_with_one_home_address_take_it_from_each_other(away):
    """Without IPsec whoever has the newer sequence number has the binding: there is one for a home address, always."""
    other = away.net.host("other")
    away.visited["second"].attach(other)
    other.enable(ks.MobileNode(home_address=HOME, home_agent=AGENT))
    away.net.run(for_=30)
    rows = away.agent.mobile_ip.binding_cache()
    assert len(rows) == 1 and away.binding() in (away.mobile.mobile_ip.care_of, other.mobile_ip.care_of)


# --- Forgeries --------------------------------------------------------------------------------------------------------


def forge(world, port, sequence, *, source, alternate=None, home=HOME, to=AGENT, flags="HA", options=()):
    """Sends a Binding Update by the second link's router; returns the acknowledgement, or None."""
    router = world.net.router_named("ar-second").interfaces[0]
    given = [MIP6OptAltCoA(acoa=alternate)] if alternate else []
    update = MIP6MH_BU(seq=sequence, flags=flags, mhtime=105, options=[*given, *options])
    packet = IPv6(src=source, dst=to) / IPv6ExtHdrDestOpt(options=[HAO(hoa=home)]) / update
    port.send(bytes(Ether(src="02:00:00:00:00:77", dst=router.mac) / packet))
    end = world.net.now + 3
    while (frame := port.recv(timeout=max(0.0, end - world.net.now))) is not None:
        packet = Ether(frame)
        if packet.haslayer(ICMPv6ND_NS) and packet[ICMPv6ND_NS].tgt == source:
            answer = IPv6(src=source, dst=packet[IPv6].src) / ICMPv6ND_NA(tgt=source, S=1, O=1, R=0)
            answer /= ICMPv6NDOptDstLLAddr(lladdr="02:00:00:00:00:77")
            port.send(bytes(Ether(src="02:00:00:00:00:77", dst=packet.src) / answer))
        if packet.haslayer(MIP6MH_BA):
            return packet[MIP6MH_BA]
    return None


def test_forged_update_to_a_correspondent_changes_nothing(away):
    """§9.5.1: without the tokens there is no authenticator; it is discarded silently."""
    before = away.binding(away.correspondent)
    tokens = [MIP6OptNonceIndices(olen=4, hni=1, coni=1), MIP6OptBindingAuthData(olen=12, authenticator=1 << 90)]
    with away.visited["second"].tester() as port:
        answer = forge(
            away, port, 1, source="2001:db8:3::bad", to=away.correspondent.address, flags="A", options=tokens
        )
    assert answer is None or answer.status in (136, 137, 138)
    assert away.binding(away.correspondent) == before and away.reached() == 5


@pytest.mark.parametrize("message", [MIP6MH_HoT, MIP6MH_CoT])
def test_forged_test_is_not_believed(away, message):
    """§11.6.2: the cookie is not that of an init; no update goes out with its token."""
    node, start = away.mobile, away.net.now
    with away.visited["first"].tester() as port:
        fake = message(cookie=b"\x00" * 8, token=b"\xff" * 8, index=7)
        target = node.mobile_ip.care_of if message is MIP6MH_CoT else HOME
        packet = IPv6(src=away.correspondent.address, dst=target) / fake
        port.send(bytes(Ether(src="02:00:00:00:00:77", dst=node.interfaces[0].mac) / packet))
        away.net.run(for_=2)
    assert not away.updates(start, to=away.correspondent.address)
    assert away.reached() == 5


def test_nonces_that_expire_between_test_and_update_are_tested_anew(away):
    """Long after return routability the refresh of the binding needs new tokens, and gets them."""
    ping = away.correspondent.ping(HOME, count=1300, interval=1.0)
    away.net.run(for_=1310)
    assert ping.lost == 0
    assert away.binding(away.correspondent) == away.mobile.mobile_ip.care_of


# --- Discovery --------------------------------------------------------------------------------------------------------


def die(agent, dead=True):
    """Takes the home agent off its link, so that others still list it; or puts it back."""
    agent.interfaces[0].enabled = not dead


def test_discovery_with_a_dead_home_agent_finds_the_living_one():
    """§11.4.1: an agent that does not answer is given up for the next of the list."""
    world = World(agents=2, agent_of_node=None)
    die(world.agents[0])
    world.move("first", seconds=90.0)
    assert world.mobile.mobile_ip.registered
    assert world.mobile.mobile_ip.home_agent == SECOND_AGENT
    assert world.binding(world.agents[1]) == world.mobile.mobile_ip.care_of
    assert world.reached() == 5


def test_discovery_goes_on_until_some_home_agent_lives():
    world = World(agents=1, agent_of_node=None)
    die(world.agent)
    world.move("first", seconds=120.0)
    assert not world.mobile.mobile_ip.registered
    die(world.agent, dead=False)
    world.net.run(for_=120)
    assert world.mobile.mobile_ip.registered and world.reached() == 5


def test_home_agent_that_died_is_left_for_another():
    """§11.4.1, §11.7.1: its updates go unanswered, so that the next of the list is tried."""
    world = World(agents=2, agent_of_node=None)
    world.move("first", seconds=20.0)
    first = world.mobile.mobile_ip.home_agent
    die(world.agents[0 if first == AGENT else 1])
    world.move("second", seconds=120.0)
    assert world.mobile.mobile_ip.registered and world.mobile.mobile_ip.home_agent != first
    assert world.reached() == 5
