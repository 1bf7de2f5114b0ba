"""The settings of Neighbor Discovery, `node.nd`, and what is done on interfaces by hand: names, bounds, effects, files."""

import ipaddress
import math

import pytest
from scapy.layers.inet6 import (
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_RA,
    ICMPv6NDOptDNSSL,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptPrefixInfo,
    ICMPv6NDOptRDNSS,
    ICMPv6NDOptRouteInfo,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
)
from scapy.layers.l2 import Ether

import kamesim as ks
from kamesim.nd import NdSettings

MAC, NODE = "02:00:00:00:00:01", "2001:db8:1::1"
PEER_MAC, PEER, PEER_LINK_LOCAL = "02:00:00:00:00:99", "2001:db8:1::99", "fe80::99"


class Wire:
    """A tester port: what a neighbour says and hears."""

    def __init__(self, lan):
        self.net, self.port = lan.network, lan.tester(mac=PEER_MAC)

    def send(self, packet, dst="33:33:00:00:00:01"):
        self.port.send(bytes(Ether(src=PEER_MAC, dst=dst) / packet))
        self.net.run(for_=0)

    def advertise(self, *options, lifetime=1800, **fields):
        packet = IPv6(src=PEER_LINK_LOCAL, dst="ff02::1", hlim=255) / ICMPv6ND_RA(routerlifetime=lifetime, **fields)
        packet = packet / ICMPv6NDOptSrcLLAddr(lladdr=PEER_MAC)
        for option in options:
            packet = packet / option
        self.send(packet)

    def run(self, seconds, layer):
        end, came = self.net.now + seconds, []
        while (frame := self.port.recv(timeout=end - self.net.now)) is not None:
            packet = Ether(frame)
            if layer in packet:
                came.append(packet)
        return came


def prefix(text, **lifetimes):
    return ICMPv6NDOptPrefixInfo(prefix=text, prefixlen=64, **lifetimes)


@pytest.fixture
def lan(net):
    return net.lan("lan", False)


@pytest.fixture
def wire(lan):
    return Wire(lan)


@pytest.fixture
def host(lan, wire):
    host = lan.network.host("host")
    lan.attach(host, mac=MAC)
    host.settle()
    wire.port.clear()
    return host


def states(host):
    return dict(zip(host.addresses()["address"], host.addresses()["state"]))


# --- Settings ---------------------------------------------------------------------------------------------------------


def test_every_setting_is_read_and_written(host):
    for name in NdSettings._names():
        before = getattr(host.nd, name)
        if isinstance(before, bool):
            other = not before
        elif isinstance(before, float):
            other = before / 2 if "preferred" in name else before * 2
        else:
            other = before // 2 if before > 8 else 3 if before != 3 else 2
        setattr(host.nd, name, other)
        assert getattr(host.nd, name) == other and type(getattr(host.nd, name)) is type(before), name
        assert f"{name}=" in repr(host.nd)
    assert "enhanced_dad" not in repr(host.ip6)


def test_bad_values_are_told(host):
    for name, value, right in [
        ("max_neighbors", 3, "host 'host': nd: max_neighbors is 3; it must be a whole number from 4 to 1048576"),
        ("max_default_routers", 1, "from 2 to 1024"),
        ("max_dns_entries", 256, "from 3 to 255"),
        ("unsolicited_advertisements", 4, "from 1 to 3"),
        ("dup_addr_detect_transmits", -1, "from 0 to 16"),
        ("enhanced_dad", 1, "enhanced_dad is 1; it must be True or False"),
        ("temp_preferred_lifetime", 999999, "must be temp_valid_lifetime, 172800 s, or less"),
        ("temp_valid_lifetime", 100, "must be temp_preferred_lifetime, 86400 s, or more"),
        ("temp_valid_lifetime", math.nan, "temp_valid_lifetime is nan"),
        ("max_neighbor", 5, "did you mean 'max_neighbors'"),
    ]:
        with pytest.raises(ks.Error, match=right):
            setattr(host.nd, name, value)


def test_a_reboot_and_a_file_keep_them(net, lan, tmp_path):
    host = net.host("host")
    lan.attach(host)
    host.nd.temporary_addresses = True
    host.nd.max_prefixes = 5
    host.nd.temp_preferred_lifetime = 1234.5
    host.interfaces[0].add_proxy("2001:db8:1::77")
    net.save_scenario(tmp_path / "scenario.pb")
    host.reboot()
    assert (host.nd.temporary_addresses, host.nd.max_prefixes, host.nd.temp_preferred_lifetime) == (True, 5, 1234.5)
    assert host.interfaces[0].proxies == ["2001:db8:1::77"]
    loaded = ks.Network.load_scenario(tmp_path / "scenario.pb")["host"]
    assert (loaded.nd.temporary_addresses, loaded.nd.max_prefixes, loaded.nd.temp_preferred_lifetime) == (True, 5, 1234.5)
    assert loaded.interfaces[0].proxies == ["2001:db8:1::77"]


# --- Effects ----------------------------------------------------------------------------------------------------------


def test_temporary_addresses(net, host, wire):  # RFC 8981
    wire.advertise(prefix("2001:db8:5::"))
    net.run(for_=3)
    assert len(states(host)) == 2
    host.nd.temporary_addresses = True
    wire.advertise(prefix("2001:db8:5::"))
    net.run(for_=3)
    (temporary,) = [a for a in states(host) if a.startswith("2001:db8:5:") and "ff:fe" not in a]
    assert states(host)[temporary] == "preferred"
    assert host.addresses().set_index("address").loc[temporary, "valid_until_s"] <= net.now + 172800


def test_stable_opaque_identifiers(net, wire, lan):  # RFC 7217
    host = net.host("host")
    host.nd.stable_privacy = True
    lan.attach(host, mac=MAC)
    host.settle()
    wire.advertise(prefix("2001:db8:5::"), prefix("2001:db8:6::"))
    net.run(for_=3)
    identifiers = {int(ipaddress.IPv6Address(a)) & 2**64 - 1 for a in states(host)}
    assert len(identifiers) == 3 and 0x00FFFE000001 not in identifiers
    before = set(states(host))
    host.reboot(wait=True)
    wire.advertise(prefix("2001:db8:5::"), prefix("2001:db8:6::"))
    net.run(for_=3)
    assert set(states(host)) == before


def test_no_nonce_and_no_test_at_all(net, lan, wire):  # RFC 7527, RFC 4862 5.1
    host = net.host("host")
    lan.attach(host)
    assert wire.run(3, ICMPv6ND_NS)[0][ICMPv6ND_NS].payload
    host.nd.enhanced_dad = False
    host.add_address("2001:db8:1::5")
    assert not wire.run(3, ICMPv6ND_NS)[0][ICMPv6ND_NS].payload
    host.nd.dup_addr_detect_transmits = 0
    host.add_address("2001:db8:1::6")
    assert states(host)["2001:db8:1::6"] == "preferred"
    assert not wire.run(3, ICMPv6ND_NS)


def test_routers_that_are_not_listened_to(net, host, wire):
    host.nd.accept_router_advertisements = False
    wire.advertise(prefix("2001:db8:5::"))
    assert len(host.default_routers()) == 0 and len(states(host)) == 1


def test_routes_that_routers_tell(host, wire):  # RFC 4191
    wire.advertise(ICMPv6NDOptRouteInfo(len=2, prefix="2001:db8:a::", plen=48, rtlifetime=600))
    assert "2001:db8:a::/48" in set(host.routes["prefix"])
    host.nd.accept_route_information = False
    assert "2001:db8:a::/48" not in set(host.routes["prefix"])


def test_the_neighbor_cache_follows_its_bound(net, host, wire):
    wire.advertise(prefix("2001:db8:5::"))
    net.run(for_=3)
    for n in range(40):
        wire.send(IPv6(src=f"2001:db8:5::{n + 99:x}", dst="ff02::1:ff00:1", hlim=255)
                  / ICMPv6ND_NS(tgt="2001:db8:5::ff:fe00:1") / ICMPv6NDOptSrcLLAddr(lladdr=PEER_MAC))
    assert len(host.neighbors()) > 30
    host.nd.max_neighbors = 8
    assert len(host.neighbors()) <= 9  # the default router's entry stays in any case
    for n in range(40):
        wire.send(IPv6(src=f"2001:db8:5::{n + 999:x}", dst="ff02::1:ff00:1", hlim=255)
                  / ICMPv6ND_NS(tgt="2001:db8:5::ff:fe00:1") / ICMPv6NDOptSrcLLAddr(lladdr=PEER_MAC))
    assert len(host.neighbors()) <= 9


def test_what_routers_tell_beside_addresses(net, host, wire):  # RFC 8106, RFC 4861 4.2
    interface = host.interfaces[0]
    assert interface.configuration.dns_servers == {} and interface.configuration.captive_portal is None
    wire.advertise(
        ICMPv6NDOptRDNSS(dns=["2001:db8::53", "2001:db8::54"], lifetime=600),
        ICMPv6NDOptDNSSL(searchlist=["lab.example."], lifetime=0xFFFFFFFF),
        M=1,
    )
    told = interface.configuration
    assert list(told.dns_servers) == ["2001:db8::53", "2001:db8::54"]
    assert told.dns_servers["2001:db8::53"] == pytest.approx(net.now + 600)
    assert told.dns_search_domains == {"lab.example": math.inf}
    assert told.managed and not told.other_configuration
    net.run(for_=601)
    assert interface.configuration.dns_servers == {}


# --- Proxies and links of two ends ------------------------------------------------------------------------------------


def test_a_proxy_speaks_for_another_node(host, wire):  # RFC 4861 7.2.8
    interface = host.interfaces[0]
    interface.add_proxy(PEER)
    announced = wire.run(0.5, ICMPv6ND_NA)[0]
    assert (announced[IPv6].dst, announced[ICMPv6ND_NA].tgt, announced[ICMPv6ND_NA].O) == ("ff02::1", PEER, 0)

    def ask():
        wire.send(IPv6(src="fe80::98", dst="ff02::1:ff00:99", hlim=255) / ICMPv6ND_NS(tgt=PEER)
                  / ICMPv6NDOptSrcLLAddr(lladdr=PEER_MAC), dst="33:33:ff:00:00:99")
        return wire.run(1, ICMPv6ND_NA)

    answer = ask()[0]
    assert answer[ICMPv6NDOptDstLLAddr].lladdr == MAC and answer[ICMPv6ND_NA].S == 1
    host.reboot(wait=True)
    assert interface.proxies == [PEER] and ask()
    interface.remove_proxy(PEER)
    assert interface.proxies == [] and not ask()
    for call, right in [
        (lambda: interface.remove_proxy(PEER), f"address '{PEER}' is not known; there are none yet"),
        (lambda: interface.add_proxy("ff02::5"), "must be the address of another node"),
        (lambda: interface.add_proxy(interface.link_local), "is an address of 'host:eth0' itself"),
    ]:
        with pytest.raises(ks.Error, match=right):
            call()


def test_a_link_without_link_layer_addresses(net):  # RFC 5072
    one, other = net.router("one"), net.router("other")
    link = net.link(one, other, delay=0.01)
    for node in (one, other):
        node.interfaces[0].link_layer_addresses = False
        node.reboot()
        assert not node.interfaces[0].link_layer_addresses
    net.run(for_=3)
    ping = one.ping(other, count=20, interval=1)
    net.run(for_=30)
    assert ping.received == 20
    assert set(one.neighbors()["state"]) <= {"reachable", "stale"}
    link.up = False
    lan = net.lan("lan", False)
    host = net.host("host")
    lan.attach(host)
    with pytest.raises(ks.Error, match="link_layer_addresses is False; it must be True on a LAN or cell"):
        host.interfaces[0].link_layer_addresses = False


# --- What routers say -------------------------------------------------------------------------------------------------


@pytest.fixture
def router(lan, wire):
    router = lan.network.router("router")
    lan.attach(router, mac=MAC, address=f"{NODE}/64")
    return router


def heard(wire, seconds=60):
    """The advertisements that came, with their times."""
    end, came = wire.net.now + seconds, []
    while (frame := wire.port.recv_with_time(timeout=end - wire.net.now)) is not None:
        packet = Ether(frame[1])
        packet.time = frame[0]
        if ICMPv6ND_RA in packet:
            came.append(packet)
    return came


def options(packet, kind):
    layer, found = packet.getlayer(kind), []
    while layer is not None:
        found.append(layer)
        layer = layer.payload.getlayer(kind)
    return found


def test_all_that_a_router_can_say(lan, router, wire):
    router.advertise(
        lan,
        max_interval=10,
        adv_preference="high",
        prefixes=[
            "2001:db8:1::/64",
            ks.AdvertisedPrefix(prefix="2001:db8:2::/64", valid_lifetime=100, on_link=False),
        ],
        routes=["2001:db8:a::/48", ks.AdvertisedRoute(prefix="::/0", preference="low", lifetime=math.inf)],
        dns_servers=["2001:db8::53", "fe80::53"],
        dns_search_list=["lab.example", "example."],
        captive_portal="https://portal.example/api",
        flags_expansion=1 << 47,
        home_agent=True,
        home_agent_preference=9,
        home_agent_lifetime=77,
    )
    said = heard(wire)[-1]
    assert (said[ICMPv6ND_RA].prf, said[ICMPv6ND_RA].H, said[ICMPv6ND_RA].routerlifetime) == (1, 1, 30)
    first, second = options(said, ICMPv6NDOptPrefixInfo)
    assert (first.prefix, first.validlifetime, first.preferredlifetime, first.L) == ("2001:db8:1::1", 2592000, 604800, 1)
    assert (second.prefix, second.validlifetime, second.preferredlifetime, second.L) == ("2001:db8:2::", 100, 100, 0)
    routes = options(said, ICMPv6NDOptRouteInfo)
    assert [(r.prefix, r.plen, r.prf, r.rtlifetime) for r in routes] == [
        ("2001:db8:a::", 48, 0, 30), ("::", 0, 3, 0xFFFFFFFF),
    ]  # fmt: skip
    assert (said[ICMPv6NDOptRDNSS].dns, said[ICMPv6NDOptRDNSS].lifetime) == (["2001:db8::53", "fe80::53"], 30)
    assert [name.rstrip(".") for name in map(as_text, said[ICMPv6NDOptDNSSL].searchlist)] == ["lab.example", "example"]
    raw = bytes(said)
    assert b"\x25\x04https://portal.example/api" in raw
    assert bytes([26, 1, 0x80, 0, 0, 0, 0, 0]) in raw
    assert bytes([8, 1, 0, 0, 0, 9, 0, 77]) in raw


def as_text(name):
    return name.decode() if isinstance(name, bytes) else name


def test_lifetimes_that_count_down(lan, router, wire):  # RFC 4861 6.2.1, AdvPrefixList
    router.advertise(lan, max_interval=4, prefixes=["2001:db8:1::/64"], adv_valid_lifetime=30,
                     adv_preferred_lifetime=20, lifetimes_decrement=True)  # fmt: skip
    began = wire.net.now
    for packet in heard(wire, 60):
        elapsed = float(packet.time) - began
        option = packet[ICMPv6NDOptPrefixInfo]
        assert option.validlifetime == pytest.approx(max(30 - elapsed, 0), abs=1)
        assert option.preferredlifetime == pytest.approx(max(20 - elapsed, 0), abs=1)
    assert option.validlifetime == 0


def test_a_router_says_goodbye_and_comes_back(lan, router, wire):  # RFC 4861 6.2.5, RFC 4191 4
    router.advertise(lan, max_interval=10, prefixes=["2001:db8:1::/64"], routes=["2001:db8:a::/48"])
    heard(wire, 30)
    router.cease_advertising(lan)
    last = heard(wire, 120)
    assert [p[ICMPv6ND_RA].routerlifetime for p in last] == [0, 0, 0]
    assert all(p[ICMPv6NDOptRouteInfo].rtlifetime == 0 for p in last)
    wire.send(IPv6(src="fe80::98", dst="ff02::2", hlim=255) / solicitation())
    assert not heard(wire, 5)
    router.advertise(lan, max_interval=10, prefixes=[])
    assert heard(wire, 5)[0][ICMPv6ND_RA].routerlifetime == 30


def solicitation():
    from scapy.layers.inet6 import ICMPv6ND_RS

    return ICMPv6ND_RS() / ICMPv6NDOptSrcLLAddr(lladdr=PEER_MAC)


def test_answers_are_delayed_joined_and_limited(lan, router, wire):  # RFC 4861 6.2.6
    router.advertise(lan, max_interval=1800, prefixes=[])
    heard(wire, 100)
    asked = wire.net.now
    for _ in range(5):
        wire.send(IPv6(src="fe80::98", dst="ff02::2", hlim=255) / solicitation(), dst="33:33:00:00:00:02")
    (first,) = heard(wire, 2)
    assert asked <= first.time <= asked + 0.5  # MAX_RA_DELAY_TIME
    wire.send(IPv6(src="fe80::98", dst="ff02::2", hlim=255) / solicitation(), dst="33:33:00:00:00:02")
    (second,) = heard(wire, 10)
    assert second.time - first.time >= 3  # MIN_DELAY_BETWEEN_RAS
    assert router.advertising_counters["solicitations"] == 6


def test_initial_advertisements_come_soon(lan, router, wire):  # RFC 4861 6.2.4
    router.advertise(lan, max_interval=1800, prefixes=[])
    times = [float(p.time) for p in heard(wire, 1900)]
    gaps = [later - earlier for earlier, later in zip(times, times[1:])]
    assert all(gap <= 16.001 for gap in gaps[:2]) and all(gap >= 593.999 for gap in gaps[2:])


def test_routers_that_contradict_are_counted(net, lan, router, wire):  # RFC 4861 6.2.7
    router.advertise(lan, max_interval=10, prefixes=["2001:db8:1::/64"], adv_reachable_time=30, dns_servers=[])
    heard(wire, 20)
    wire.advertise(prefix("2001:db8:1::", validlifetime=2592000, preferredlifetime=604800), reachabletime=30000, chlim=64)
    assert router.advertising_counters["inconsistent"] == 0
    wire.advertise(prefix("2001:db8:9::", validlifetime=5, preferredlifetime=5), reachabletime=0, chlim=0)
    assert router.advertising_counters["inconsistent"] == 0  # other prefixes and unspecified values are no errors
    wire.advertise(prefix("2001:db8:1::", validlifetime=5, preferredlifetime=5), reachabletime=1, chlim=63, M=1)
    assert router.advertising_counters["inconsistent"] == 5  # both lifetimes, Reachable Time, Cur Hop Limit, M


def test_advertising_is_saved_and_outlasts_a_reboot(net, lan, router, wire, tmp_path):
    router.advertise(lan, max_interval=10, adv_preference="low", routes=["2001:db8:a::/48"],
                     prefixes=[ks.AdvertisedPrefix(prefix="2001:db8:2::/64", valid_lifetime=math.inf)],
                     dns_servers=["2001:db8::53"], captive_portal="https://portal.example/")  # fmt: skip
    net.save_scenario(tmp_path / "scenario.pb")
    before = bytes(heard(wire, 20)[-1])[54:]
    router.reboot()
    assert bytes(heard(wire, 20)[-1])[58:] == before[4:]
    loaded = ks.Network.load_scenario(tmp_path / "scenario.pb")
    assert loaded["router"].interfaces[0].advertising == router.interfaces[0].advertising


def test_what_cannot_be_advertised(lan, router):
    for given, right in [
        ({"adv_preference": "best"}, "adv_preference is 'best'"),
        ({"routes": ["2001:db8::1/33x"]}, "routes is"),
        ({"routes": [f"2001:db8:{n:x}::/48" for n in range(18)]}, "17 or less"),
        ({"routes": [ks.AdvertisedRoute(prefix="2001:db8::/32", lifetime=-1)]}, "lifetime is -1"),
        ({"dns_servers": ["ff02::1"]}, "must be the address of a server"),
        ({"dns_servers": "2001:db8::53"}, "must be a list of IPv6 addresses"),
        ({"dns_search_list": ["a..b"]}, "dns_search_list is 'a..b'"),
        ({"dns_lifetime": -1}, "dns_lifetime is -1"),
        ({"captive_portal": ""}, "captive_portal is ''"),
        ({"flags_expansion": 2**48}, "flags_expansion is"),
        ({"home_agent_lifetime": 5}, "None, as home_agent is not True"),
        ({"home_agent": True, "home_agent_lifetime": 0}, "home_agent_lifetime is 0"),
        ({"home_agent": True, "home_agent_preference": 5}, "home_agent_lifetime must be given"),
        ({"prefixes": [ks.AdvertisedPrefix(prefix="2001:db8::/64", preferred_lifetime=9, valid_lifetime=5)]},
         "preferred_lifetime is 9; it must be valid_lifetime, 5, or less"),
        ({"lifetimes_decrement": 1}, "lifetimes_decrement is 1"),
    ]:  # fmt: skip
        with pytest.raises(ks.Error, match=right):
            router.advertise(lan, **given)
