"""A power cycle: what a node forgets, what it keeps, and that nothing dangles."""

import gc

import pytest
from scapy.layers.inet6 import ICMPv6ND_NS, ICMPv6ND_RA, ICMPv6ND_RS, IPv6
from scapy.layers.l2 import Ether

import kamesim as ks

ROUTER_LINK_LOCAL = "fe80::200:ff:fe00:aaaa"


def frames(port, seconds):
    """What comes within so many seconds: (time, packet)."""
    net, end = port.network, port.network.now + seconds
    while (received := port.recv_with_time(timeout=end - net.now)) is not None:
        yield received[0], Ether(received[1])


@pytest.fixture
def lan(net):
    return net.lan("lan", "2001:db8:1::/64")


@pytest.fixture
def host(net, lan):
    """A host that has settled, with a router on its LAN."""
    router, host = net.router("router"), net.host("host")
    lan.attach(router)
    lan.attach(host, mac="02:00:00:00:00:01")
    host.add_address("2001:db8:1::77/64")
    host.settle()
    host.ping(router, count=1)
    net.run(for_=2)
    return host


def test_what_was_learned_is_lost(net, host):
    assert len(host.neighbors()) and len(host.default_routers()) and len(host.prefixes())
    assert "2001:db8:1::1" in set(host.destination_cache()["destination"])
    host.reboot()
    assert host.boots == 2
    for table in (host.neighbors(), host.default_routers(), host.prefixes(), host.destination_cache()):
        assert len(table) == 0
    origins = set(host.addresses()["origin"])
    assert origins == {"link-local", "manual"}
    assert set(host.addresses()["state"]) == {"tentative"}
    assert "::/0" not in set(host.routes["prefix"])


def test_it_returns_at_once_or_when_it_is_up_and_quiet(net, host):
    before = net.now
    host.reboot()
    assert net.now == before
    host.reboot(wait=True)
    assert before + 1 < net.now < before + 10
    assert set(host.addresses()["state"]) == {"preferred"}
    assert set(host.addresses()["origin"]) == {"link-local", "manual", "autoconfigured"}
    assert host.settle() == 0


def test_addresses_are_tested_and_routers_solicited_anew(net, lan, host):  # RFC 4862 5.4, RFC 4861 6.3.7
    with lan.tester() as port:
        host.reboot()
        came = [p for _, p in frames(port, 10) if p.src == host.interfaces[0].mac]
    tested = [p[ICMPv6ND_NS].tgt for p in came if ICMPv6ND_NS in p and p[IPv6].src == "::"]
    assert set(tested) == set(host.interfaces[0].addresses)
    assert any(ICMPv6ND_RS in p for p in came)


def test_what_was_given_by_hand_is_kept(net, lan, host):
    lan.tester()
    host.add_route("2001:db8:99::/64", via="2001:db8:1::1", metric=3)
    host.add_route("2001:db8:98::/64", kind="reject", interface="eth0")
    host.add_neighbor("2001:db8:1::5", "02:00:00:00:00:05")
    host.add_address("2001:db8:1::a/64", anycast=True)
    host.add_address("2001:db8:1::b/64", dad=False, preferred_lifetime=50, valid_lifetime=100)
    host.interfaces[0].mtu = 1300
    names = [(i.name, i.mac) for i in host.interfaces]
    until = host.addresses().set_index("address").loc["2001:db8:1::b", "valid_until_s"]
    static = host.routes[host.routes["origin"] == "static"]
    host.reboot(wait=True)
    assert [(i.name, i.mac) for i in host.interfaces] == names
    assert host.routes[host.routes["origin"] == "static"].equals(static)
    assert host.interfaces[0].mtu == 1300
    neighbor = host.neighbors().set_index("address").loc["2001:db8:1::5"]
    assert neighbor["permanent"] and neighbor["mac"] == "02:00:00:00:00:05"
    addresses = host.addresses().set_index("address")
    assert {"2001:db8:1::77", "2001:db8:1::a", "2001:db8:1::b"} <= set(addresses.index)
    assert addresses.loc["2001:db8:1::b", "valid_until_s"] == until
    net.run(until=until + 1)
    assert "2001:db8:1::b" not in set(host.addresses()["address"])


def test_a_router_forwards_and_advertises_as_before(net, lan, host):
    router = net.node("router")
    other = net.lan("other", "2001:db8:2::/64")
    other.attach(router)
    peer = net.host("peer")
    other.attach(peer)
    net.run(for_=10)
    with lan.tester() as port:
        router.reboot(wait=True)
        net.run(for_=20)
        said = [Ether(f) for f in iter(lambda: port.recv(), None)]
    assert router.forwarding
    assert any(ICMPv6ND_RA in p and p[ICMPv6ND_RA].routerlifetime == 1800 for p in said)
    ping = host.ping(peer, count=3)
    net.run(for_=5)
    assert ping.received == 3


def test_random_choices_differ_from_boot_to_boot(net, lan, host):
    firsts = []
    for _ in range(4):
        with lan.tester() as port:
            start = net.now
            host.reboot()
            firsts.append(next(t for t, p in frames(port, 5) if p.src == host.interfaces[0].mac) - start)
        net.run(for_=10)
    assert len(set(firsts)) > 1


def test_the_same_seed_gives_the_same_run_over_reboots():
    def run():
        net = ks.Network(seed=8, trace_hash=True)
        lan, router, host = net.lan("lan"), net.router("router"), net.host("host")
        lan.attach(router)
        lan.attach(host)
        net.at(5, host.reboot)
        net.at(9, router.reboot)
        net.run(until=40)
        return net.trace_hash

    assert run() == run()


def test_objects_held_by_the_user_follow(net, lan, host):
    interface = host.interfaces[0]
    ping = host.ping("2001:db8:1::1", count=100, interval=0.1)
    flow = net.udp_flow(host, "router", rate=10, start=net.now)
    net.run(for_=1)
    answered, sent = ping.received, flow.sent
    assert answered > 0 and sent > 0
    with lan.tester() as port:
        host.reboot(wait=True)
        net.run(for_=5)
        assert port.pending > 0
    assert ping.done and ping.received == answered  # a command that died with the machine; what it found stays
    assert "addr" not in repr(ping) and ping.rtts[0] is not None
    assert flow.sent > sent  # a service, which starts at boot
    net.run(for_=5)
    before = flow.received
    net.run(for_=1)
    assert flow.received - before >= 9
    assert interface.addresses == host.interfaces[0].addresses and interface.up
    interface.enabled = False
    assert not host.interfaces[0].up
    interface.enabled = True
    ping = host.ping("2001:db8:1::1", count=1)
    net.run(for_=5)
    assert ping.received == 1


def test_the_receiver_of_a_flow_reboots(net, lan, host):
    router = net.node("router")
    flow = net.udp_flow(router, host, rate=10, start=net.now)
    net.run(for_=1)
    host.reboot(wait=True)
    net.run(for_=3)
    before = flow.received
    net.run(for_=1)
    assert flow.received - before >= 9


def test_records_of_the_simulation_go_on(tmp_path, net, lan, host):
    counted, traced, seen = host.counters["sent"], len(host.trace), host.interfaces[0].counters["sent_frames"]
    with net.capture(tmp_path / "x.pcapng") as capture:
        host.reboot(wait=True)
        assert capture.frames > 0
    assert host.counters["sent"] > counted
    assert len(host.trace) > traced
    assert host.interfaces[0].counters["sent_frames"] > seen


def test_groups_are_joined_once(net, host):
    groups = host.groups()
    for _ in range(3):
        host.reboot(wait=True)
    assert host.groups().equals(groups)


def test_an_interface_that_is_down_stays_down(net, lan, host):
    host.interfaces[0].enabled = False
    host.reboot(wait=True)
    assert host.interfaces[0].addresses == ["2001:db8:1::77"] or not host.interfaces[0].up
    assert not host.interfaces[0].enabled
    host.interfaces[0].enabled = True
    host.settle()
    assert host.address is not None


def test_mobile_ipv6_registers_again(net):
    home, visited = net.lan("home", "2001:db8:1::/64"), net.lan("visited", "2001:db8:2::/64")
    agent, access, mobile = net.router("agent"), net.router("access"), net.host("mobile")
    home.attach(agent, advertise={"max_interval": 2, "home_agent": True, "router_address": True})
    visited.attach(access, advertise={"max_interval": 2})
    net.link(agent, access)
    visited.attach(mobile)
    net.shortest_path_routes()
    agent.enable(ks.HomeAgent(interface="eth0"))
    roles = mobile.enable(
        ks.MobileNode(home_address="2001:db8:1::100", home_agent="2001:db8:1::1", home_prefix_length=64)
    )
    net.run(until=20)
    assert roles.registered and len(agent.mobile_ip.binding_cache()) == 1
    agent.reboot()
    assert len(agent.mobile_ip.binding_cache()) == 0
    mobile.reboot()
    assert not roles.registered
    net.run(for_=30)
    assert roles.registered and roles.location == "foreign"
    assert len(agent.mobile_ip.binding_cache()) == 1

    with pytest.raises(ks.Error, match="it has this role already"):
        agent.enable(ks.HomeAgent(interface="eth0"))


def test_it_may_be_scheduled_but_then_does_not_wait(net, host):
    net.at(net.now + 1, host.reboot)
    net.run(for_=2)
    assert host.boots == 2
    net.at(net.now + 1, host.reboot, wait=True)
    with pytest.raises(ks.Error, match="lets virtual time pass, which a scheduled callable cannot do"):
        net.run(for_=2)


def test_a_node_that_cannot_settle_says_why(net):
    lan, host = net.lan("lan"), net.host("host")
    lan.attach(host)
    with pytest.raises(ks.Error, match="host 'host': settle: after 0.1 s it is not quiet: it tests fe80::"):
        host.settle(timeout=0.1)
    with pytest.raises(ks.Error, match="it looks for routers"):
        host.settle(timeout=4)
    assert host.settle() < 20
    with pytest.raises(ks.Error, match="wait is 'yes'"):
        host.reboot(wait="yes")
    with pytest.raises(ks.Error, match="timeout is -1"):
        host.reboot(wait=True, timeout=-1)


def test_reboots_amid_traffic_and_collection(net, lan, host):
    router = net.node("router")
    net.udp_flow(host, router, rate=200, start=net.now)
    net.udp_flow(router, host, rate=200, start=net.now)
    for _ in range(10):
        host.ping(router, count=5, interval=0.01)
        net.run(for_=0.037)
        host.reboot()
        gc.collect()
        net.run(for_=0.011)
        router.reboot()
    net.run(for_=30)
    assert host.ping(router, count=1) is not None
    net.run(for_=2)
