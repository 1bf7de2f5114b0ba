"""The controls of a node, as they show on the wire: Scapy speaks for the other nodes of the link."""

import math

import pytest
from scapy.layers.inet6 import (
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_RA,
    ICMPv6ND_RS,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptSrcLLAddr,
    ICMPv6NDOptPrefixInfo,
    ICMPv6PacketTooBig,
    ICMPv6TimeExceeded,
    IPv6,
    IPv6ExtHdrFragment,
)
from scapy.layers.l2 import Ether
from scapy.packet import Raw

import kamesim as ks

MAC, NODE, NODE_LINK_LOCAL = "02:00:00:00:00:01", "2001:db8:1::1", "fe80::ff:fe00:1"
PEER_MAC, PEER, PEER_LINK_LOCAL = "02:00:00:00:00:99", "2001:db8:1::99", "fe80::99"
FAR = "2001:db8:9::9"


class Wire:
    """A tester port and what came by it."""

    def __init__(self, lan):
        self.net = lan.network
        self.port = lan.tester(mac=PEER_MAC)

    def send(self, packet):
        self.port.send(bytes(packet))
        self.net.run(for_=0)

    def run(self, seconds, layer=None):
        """The packets that come within so many seconds, or those with the layer."""
        end, came = self.net.now + seconds, []
        while (received := self.port.recv_with_time(timeout=end - self.net.now)) is not None:
            packet = Ether(received[1])
            packet.time = received[0]
            if layer is None or layer in packet:
                came.append(packet)
        return came

    def advertise(self, source=PEER_LINK_LOCAL, lifetime=1800, *options):
        packet = Ether(src=PEER_MAC, dst="33:33:00:00:00:01") / IPv6(src=source, dst="ff02::1", hlim=255)
        packet = packet / ICMPv6ND_RA(routerlifetime=lifetime) / ICMPv6NDOptSrcLLAddr(lladdr=PEER_MAC)
        for option in options:
            packet = packet / option
        self.send(packet)

    def answer(self, solicitation, router=0):
        self.send(
            Ether(src=PEER_MAC, dst=solicitation.src)
            / IPv6(src=solicitation[ICMPv6ND_NS].tgt, dst=solicitation[IPv6].src, hlim=255)
            / ICMPv6ND_NA(tgt=solicitation[ICMPv6ND_NS].tgt, S=1, O=1, R=router)
            / ICMPv6NDOptDstLLAddr(lladdr=PEER_MAC)
        )

    def echo(self, to, source=PEER, data=b"x", **ip):
        self.send(
            Ether(src=PEER_MAC, dst=MAC) / IPv6(src=source, dst=to, **ip) / ICMPv6EchoRequest(data=data)
        )


@pytest.fixture
def lan(net):
    return net.lan("lan", False)


@pytest.fixture
def wire(lan):
    return Wire(lan)


@pytest.fixture
def host(lan, wire):
    """A host with an address by hand, settled, alone with the tester."""
    host = lan.network.host("host")
    lan.attach(host, mac=MAC, address=f"{NODE}/64")
    host.settle()
    wire.port.clear()
    return host


# --- Neighbours -----------------------------------------------------------------------------------------------------------


def test_a_permanent_neighbor_is_used_and_never_asked_for(host, wire):
    host.add_neighbor(PEER, PEER_MAC)
    host.ping(PEER, count=3)
    came = wire.run(60)
    assert len([p for p in came if ICMPv6EchoRequest in p and p.dst == PEER_MAC]) == 3
    assert not [p for p in came if ICMPv6ND_NS in p]
    row = host.neighbors().set_index("address").loc[PEER]
    assert (row["mac"], row["state"], row["permanent"], row["interface"]) == (PEER_MAC, "reachable", True, "eth0")


def test_nothing_heard_changes_a_permanent_neighbor(host, wire):
    host.add_neighbor(PEER, "02:00:00:00:00:55")
    wire.send(
        Ether(src=PEER_MAC, dst="33:33:00:00:00:01")
        / IPv6(src=PEER, dst="ff02::1", hlim=255)
        / ICMPv6ND_NA(tgt=PEER, O=1, R=0)
        / ICMPv6NDOptDstLLAddr(lladdr=PEER_MAC)
    )
    assert host.neighbors().set_index("address").loc[PEER, "mac"] == "02:00:00:00:00:55"
    host.clear_neighbors()
    assert list(host.neighbors()["address"]) == [PEER]
    host.remove_neighbor(PEER)
    assert len(host.neighbors()) == 0
    host.ping(PEER, count=1)
    assert wire.run(0.5, ICMPv6ND_NS)[0][ICMPv6ND_NS].tgt == PEER


def test_cleared_neighbors_are_asked_for_anew(host, wire):
    wire.echo(NODE)
    solicitation = wire.run(0.5, ICMPv6ND_NS)[0]
    assert host.neighbors().iloc[0]["queued"] == 1
    wire.answer(solicitation)
    assert wire.run(1, ICMPv6EchoReply)
    assert host.neighbors().iloc[0]["state"] == "reachable"
    wire.echo(NODE)
    assert not wire.run(1, ICMPv6ND_NS)
    host.clear_neighbors()
    wire.echo(NODE)
    assert wire.run(0.5, ICMPv6ND_NS)


def test_bad_neighbors(host):
    for call, right in [
        (lambda: host.add_neighbor("ff02::5", PEER_MAC), "must be the address of another node"),
        (lambda: host.add_neighbor("::", PEER_MAC), "must be the address of another node"),
        (lambda: host.add_neighbor(PEER, "33:33:00:00:00:01"), "the address of one station"),
        (lambda: host.add_neighbor(PEER, None), "mac is None; it must be a MAC address"),
        (lambda: host.add_neighbor(NODE, PEER_MAC), "is an address of 'host:eth0' itself"),
        (lambda: host.add_neighbor(PEER, PEER_MAC, interface="eth9"), "interface 'eth9' is not known"),
        (lambda: host.add_neighbor(PEER, PEER_MAC, is_router=1), "is_router is 1"),
        (lambda: host.remove_neighbor(PEER), f"address '{PEER}' is not known; there are none yet"),
    ]:
        with pytest.raises(ks.Error, match=right):
            call()


# --- Default routers ------------------------------------------------------------------------------------------------------


def test_a_default_router_by_hand(host, wire):  # RFC 4861 5.1, 6.3.4
    host.add_default_router(PEER_LINK_LOCAL, lifetime=30)
    row = host.default_routers().iloc[0]
    assert tuple(row) == ("eth0", PEER_LINK_LOCAL, "medium", pytest.approx(wire.net.now + 30), True, True)
    host.add_neighbor(PEER_LINK_LOCAL, PEER_MAC, is_router=True)
    host.ping(FAR, count=1)
    assert wire.run(1, ICMPv6EchoRequest)[0][IPv6].dst == FAR
    wire.run(30)
    assert len(host.default_routers()) == 0
    host.ping(FAR, count=1)
    assert not wire.run(2, ICMPv6EchoRequest)


def test_default_routers_by_preference_and_removed(host):  # RFC 4191 3.2
    host.add_default_router("fe80::a")
    host.add_default_router("fe80::b", preference="high", lifetime=math.inf)
    table = host.default_routers().set_index("address")
    assert table.loc["fe80::b", "selected"] and not table.loc["fe80::a", "selected"]
    assert table["expires_s"].eq(math.inf).all()
    host.remove_default_router("fe80::b")
    assert host.default_routers()["selected"].tolist() == [True]
    with pytest.raises(ks.Error, match="address 'fe80::b' is not known; did you mean 'fe80::a'"):
        host.remove_default_router("fe80::b")
    with pytest.raises(ks.Error, match="lifetime is 0; it must be a number of seconds, above 0"):
        host.add_default_router("fe80::c", lifetime=0)
    with pytest.raises(ks.Error, match="preference is 'best'"):
        host.add_default_router("fe80::c", preference="best")
    with pytest.raises(ks.Error, match=f"{NODE} is an address of"):
        host.add_default_router(NODE)
    with pytest.raises(ks.Error, match="is full"):
        for n in range(40):
            host.add_default_router(f"fe80::1:{n:x}")


def test_an_advertised_router_and_its_prefix_show(host, wire):
    prefix = ICMPv6NDOptPrefixInfo(prefix="2001:db8:5::", prefixlen=64, validlifetime=600, preferredlifetime=300)
    wire.advertise(PEER_LINK_LOCAL, 1800, prefix)
    now = wire.net.now
    assert host.default_routers().iloc[0]["expires_s"] == pytest.approx(now + 1800)
    row = host.prefixes().iloc[0]
    assert row["prefix"] == "2001:db8:5::/64" and row["routers"] == [PEER_LINK_LOCAL] and not row["detached"]
    assert row["on_link_until_s"] == row["addresses_until_s"] == pytest.approx(now + 600)
    assert "2001:db8:5::ff:fe00:1" in set(host.addresses()["address"])


def test_cleared_prefixes_are_off_the_link_and_their_addresses_gone(host, wire):
    prefix = ICMPv6NDOptPrefixInfo(prefix="2001:db8:5::", prefixlen=64, validlifetime=600, preferredlifetime=300)
    host.nd.temporary_addresses = True
    host.add_address("2001:db8:5::77/64", dad=False)  # by hand: it stays
    before = set(host.addresses()["address"])
    wire.advertise(PEER_LINK_LOCAL, 1800, prefix)
    wire.run(3)
    formed = set(host.addresses()["address"]) - before
    assert len(formed) == 2 and all(a.startswith("2001:db8:5:") for a in formed)
    host.clear_prefixes()
    assert len(host.prefixes()) == 0
    assert set(host.addresses()["address"]) == before
    assert "ra" not in set(host.routes.query("prefix == '2001:db8:5::/64'")["origin"])
    wire.run(100)  # nor do temporary ones come back
    assert set(host.addresses()["address"]) == before
    wire.advertise(PEER_LINK_LOCAL, 1800, prefix)  # is learned anew
    wire.run(3)
    assert len(set(host.addresses()["address"]) - before) == 2


# --- Addresses ------------------------------------------------------------------------------------------------------------


def test_lifetimes_of_an_address_by_hand(net, host):  # RFC 4862 5.5.4
    host.add_address("2001:db8:1::5/64", dad=False, preferred_lifetime=10, valid_lifetime=20)
    state = lambda: dict(zip(host.addresses()["address"], host.addresses()["state"])).get("2001:db8:1::5")
    assert state() == "preferred"
    net.run(for_=10.5)
    assert state() == "deprecated"
    host.set_address_lifetimes("2001:db8:1::5", preferred_lifetime=5, valid_lifetime=5)
    net.run(for_=0.1)
    assert state() == "preferred"
    net.run(for_=5)
    assert state() is None
    with pytest.raises(ks.Error, match="address '2001:db8:1::5' is not known"):
        host.set_address_lifetimes("2001:db8:1::5")
    with pytest.raises(ks.Error, match="preferred_lifetime is 9; it must be valid_lifetime, 5 s, or less"):
        host.add_address("2001:db8:1::6", preferred_lifetime=9, valid_lifetime=5)
    with pytest.raises(ks.Error, match="valid_lifetime is -1"):
        host.add_address("2001:db8:1::6", valid_lifetime=-1)


def test_an_anycast_address_answers_but_does_not_speak(host, wire):  # RFC 4291 2.6, RFC 4861 7.2.7
    host.add_address("2001:db8:1::a/64", anycast=True)
    host.add_neighbor(PEER, PEER_MAC)
    wire.send(
        Ether(src=PEER_MAC, dst="33:33:ff:00:00:0a")
        / IPv6(src=PEER, dst="ff02::1:ff00:a", hlim=255)
        / ICMPv6ND_NS(tgt="2001:db8:1::a")
        / ICMPv6NDOptSrcLLAddr(lladdr=PEER_MAC)
    )
    advertisement = wire.run(2, ICMPv6ND_NA)[0][ICMPv6ND_NA]
    assert (advertisement.tgt, advertisement.O) == ("2001:db8:1::a", 0)
    wire.echo("2001:db8:1::a")
    assert wire.run(1, ICMPv6EchoReply)[0][IPv6].src == NODE
    host.remove_address("2001:db8:1::a")
    wire.echo("2001:db8:1::a")
    assert not wire.run(1, ICMPv6EchoReply)


# --- MTU ------------------------------------------------------------------------------------------------------------------


def test_the_mtu_of_an_interface(host, wire):
    interface = host.interfaces[0]
    host.add_neighbor(PEER, PEER_MAC)
    interface.mtu = 1280
    host.ping(PEER, count=1, size=1400)
    assert max(len(p[IPv6]) for p in wire.run(1, IPv6)) == 1280
    interface.mtu = None
    host.ping(PEER, count=1, size=1400)
    assert max(len(p[IPv6]) for p in wire.run(1, IPv6)) == 1448
    for value in (1279, 1501, 1400.5, True, "1400"):
        with pytest.raises(ks.Error, match="it must be a whole number of bytes from 1280 to the link's MTU, 1500"):
            interface.mtu = value


def test_the_mtu_of_the_link(host, lan, wire):
    host.add_neighbor(PEER, PEER_MAC)
    host.ping(PEER, count=1, size=1400)
    assert len(wire.run(1, IPv6)) == 1
    lan.configure(mtu=1300)
    assert host.interfaces[0].mtu == 1300
    host.ping(PEER, count=1, size=1400)
    assert [len(p[IPv6]) <= 1300 for p in wire.run(1, IPv6)] == [True, True]


# --- Forwarding -----------------------------------------------------------------------------------------------------------


def test_a_host_becomes_a_router_and_a_host_again(net, host, wire):
    other = net.lan("other", False)
    other.attach(host, address="2001:db8:2::1/64")
    far = Wire(other)
    host.settle()
    host.add_neighbor("2001:db8:2::99", PEER_MAC, interface="eth1")
    far.port.clear()
    wire.echo("2001:db8:2::99")
    assert not far.run(1, ICMPv6EchoRequest)
    assert "ff02::2" not in set(host.groups()["group"])
    host.forwarding = True
    assert host.forwarding
    wire.echo("2001:db8:2::99")
    assert far.run(1, ICMPv6EchoRequest)[0][IPv6].hlim == 63
    assert set(host.groups()[host.groups()["group"] == "ff02::2"]["interface"]) == {"eth0", "eth1"}
    wire.send(
        Ether(src=PEER_MAC, dst="33:33:ff:00:00:01")
        / IPv6(src=PEER, dst="ff02::1:ff00:1", hlim=255)
        / ICMPv6ND_NS(tgt=NODE)
        / ICMPv6NDOptSrcLLAddr(lladdr=PEER_MAC)
    )
    assert wire.run(1, ICMPv6ND_NA)[0][ICMPv6ND_NA].R == 1
    wire.advertise()
    assert len(host.default_routers()) == 0
    host.forwarding = False
    assert wire.run(1.5, ICMPv6ND_RS)  # RFC 4861 6.3.7
    wire.advertise()
    assert list(host.default_routers()["address"]) == [PEER_LINK_LOCAL]
    wire.echo("2001:db8:2::99")
    assert not far.run(1, ICMPv6EchoRequest)
    with pytest.raises(ks.Error, match="forwarding is 'on'; it must be True or False"):
        host.forwarding = "on"


def test_a_router_that_becomes_a_host_says_so(net, lan, wire):  # RFC 4861 6.2.5
    router = net.router("router")
    lan.attach(router, mac=MAC, address=f"{NODE}/64")
    router.advertise(lan, max_interval=10, prefixes=["2001:db8:1::/64"])
    assert wire.run(60, ICMPv6ND_RA)[-1][ICMPv6ND_RA].routerlifetime == 30
    router.forwarding = False
    came = wire.run(60, ICMPv6ND_RA)
    assert came[0].time <= net.now - 60 + 3.5  # MIN_DELAY_BETWEEN_RAS and MAX_RA_DELAY_TIME
    assert {p[ICMPv6ND_RA].routerlifetime for p in came} == {0}
    assert all(ICMPv6NDOptPrefixInfo in p for p in came)
    router.forwarding = True
    assert {p[ICMPv6ND_RA].routerlifetime for p in wire.run(60, ICMPv6ND_RA)} == {30}


# --- The destination cache ------------------------------------------------------------------------------------------------


def test_the_destination_cache_shows_and_clears(host, wire):
    host.add_default_router(PEER_LINK_LOCAL)
    host.add_neighbor(PEER_LINK_LOCAL, PEER_MAC, is_router=True)
    host.ping(FAR, count=1)
    wire.run(1)
    row = host.destination_cache().set_index("destination").loc[FAR]
    assert (row["interface"], row["next_hop"], row["mtu"], row["local"]) == ("eth0", PEER_LINK_LOCAL, 1500, False)
    host.clear_destination_cache()
    assert len(host.destination_cache()) == 0


# --- Path MTUs and fragments ----------------------------------------------------------------------------------------------


def test_path_mtus_show_and_clear(host, wire):
    host.add_neighbor(PEER, PEER_MAC)
    wire.echo(NODE, data=bytes(1400))
    whole = wire.run(0.5, ICMPv6EchoReply)[0]
    wire.send(
        Ether(src=PEER_MAC, dst=MAC)
        / IPv6(src=PEER, dst=NODE)
        / ICMPv6PacketTooBig(mtu=1300)
        / Raw(bytes(whole[IPv6])[:1200])
    )
    row = host.path_mtus().set_index("destination").loc[PEER]
    assert (row["mtu"], row["expires_s"]) == (1300, pytest.approx(host.network.now + 600))
    wire.echo(NODE, data=bytes(1400))
    assert len(wire.run(0.5, IPv6ExtHdrFragment)) == 2
    host.clear_path_mtus()
    assert len(host.path_mtus()) == 0
    wire.echo(NODE, data=bytes(1400))
    assert not wire.run(0.5, IPv6ExtHdrFragment)


def test_waiting_fragments_are_counted_and_discarded(host, wire):
    first = Ether(src=PEER_MAC, dst=MAC) / IPv6(src=PEER, dst=NODE) / IPv6ExtHdrFragment(nh=58, m=1, id=7)
    wire.send(first / ICMPv6EchoRequest(data=bytes(24)))
    waiting = host.reassembly()
    assert (waiting["packets"], waiting["fragments"]) == (1, 1) and waiting["bytes"] > 0
    host.clear_reassembly()
    assert host.reassembly() == {"packets": 0, "fragments": 0, "bytes": 0}
    assert not wire.run(70, ICMPv6TimeExceeded)


def test_all_default_routers_are_taken_away(host):
    host.add_default_router(PEER_LINK_LOCAL)
    host.add_default_router("fe80::98", preference="high")
    host.clear_default_routers()
    assert len(host.default_routers()) == 0
    assert not (host.routes["prefix"] == "::/0").any()


def test_pings_of_any_size(net, lan):
    one, two = net.host("one"), net.host("two")
    for n, node in enumerate((one, two)):
        lan.attach(node, address=f"2001:db8:1::{n + 0x51:x}/64")
    net.run(for_=5)
    pings = []
    for size in (0, 1, 1452, 1453, 65527):
        pings.append(one.ping(two, count=1, size=size))
        net.run(for_=1)
    assert [ping.received for ping in pings] == [1] * 5
    with pytest.raises(ks.Error, match="size is 65528"):
        one.ping(two, size=65528)


# --- Naming interfaces ----------------------------------------------------------------------------------------------------


def test_an_interface_goes_by_its_link_too(net, host, lan):
    other = net.lan("other", False)
    interface = other.attach(host, address=False)
    assert host.interface(other) is host.interface("other") is host.interface("eth1") is interface
    host.add_address("2001:db8:7::1/64", interface=other)
    assert "2001:db8:7::1" in interface.addresses
    with pytest.raises(ks.Error, match="interface 'third' is not known; there are 'eth0', 'eth1'"):
        host.interface(net.lan("third", False))


def test_a_zone_names_the_interface(net, host, lan, wire):
    other = net.lan("other", False)
    other.attach(host, address=False)
    net.run(for_=5)
    wire.port.clear()
    host.add_route("2001:db8:9::/64", via=f"{PEER_LINK_LOCAL}%eth0")
    assert tuple(host.routes.set_index("prefix").loc["2001:db8:9::/64", ["next_hop", "interface"]]) == (
        PEER_LINK_LOCAL,
        "eth0",
    )
    host.ping(f"{PEER_LINK_LOCAL}%eth0", count=1)
    assert wire.run(0.5, ICMPv6ND_NS)[0][ICMPv6ND_NS].tgt == PEER_LINK_LOCAL
    with pytest.raises(ks.Error, match="interface 'eth7' is not known"):
        host.ping(f"{PEER_LINK_LOCAL}%eth7")


def test_a_route_to_nowhere_needs_no_interface(net, host):
    net.lan("other", False).attach(host, address=False)
    host.add_route("2001:db8:7::/48", kind="reject")
    host.add_route("2001:db8:8::/48", kind="blackhole")
    kinds = host.routes.set_index("prefix")["kind"]
    assert (kinds["2001:db8:7::/48"], kinds["2001:db8:8::/48"]) == ("reject", "blackhole")


# --- What a host does as a router -------------------------------------------------------------------------------------------


def test_a_host_that_forwards_advertises_itself(host, lan, wire):
    host.advertise(lan, max_interval=4, prefixes=["2001:db8:1::/64"])
    host.forwarding = True
    assert {p[ICMPv6ND_RA].routerlifetime for p in wire.run(30, ICMPv6ND_RA)[1:]} == {12}
    host.forwarding = False
    assert {p[ICMPv6ND_RA].routerlifetime for p in wire.run(30, ICMPv6ND_RA)} == {0}  # RFC 4861 6.2.5
    host.cease_advertising("lan")
    wire.run(10)
    assert not wire.run(30, ICMPv6ND_RA)


def test_the_mtu_of_a_link_may_be_set(lan):
    lan.mtu = 1400
    assert (lan.mtu, lan.channel.mtu) == (1400, 1400)
    with pytest.raises(ks.Error, match="LAN 'lan': mtu is 5"):
        lan.mtu = 5


def test_a_host_that_has_moved_is_reached_at_its_new_address(net):
    left, right, lans = net.router("left"), net.router("right"), [net.lan("lan1"), net.lan("lan2")]
    net.link(left, right)
    walker, peer = net.host("walker"), net.host("peer")
    for node, lan in ((left, lans[0]), (right, lans[1]), (walker, lans[0]), (peer, lans[1])):
        lan.attach(node)
    net.shortest_path_routes()
    net.run(until=10)
    before = walker.address
    walker.move("lan2")
    net.run(until=20)
    assert walker.address in walker.interfaces[0].addresses and walker.address != before
    states = walker.addresses().set_index("address").state
    assert states[before] == "detached" and states[walker.address] == "preferred"
    ping = peer.ping(walker, count=1)
    net.run(until=22)
    assert None not in ping.rtts
    walker.move("lan1")
    net.run(until=40)
    assert walker.address == before and walker.addresses().set_index("address").state[before] == "preferred"
