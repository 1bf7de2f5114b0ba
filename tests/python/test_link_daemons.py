"""Guards against rogue routers, inverse discovery, and renumbering of routers, as they show on the wire."""

import ipaddress
import struct

import pytest
from scapy.layers.inet6 import (
    ICMPv6ND_RA,
    ICMPv6NDOptPrefixInfo,
    ICMPv6NDOptSrcLLAddr,
    ICMPv6Unknown,
    IPv6,
)
from scapy.layers.ipsec import AH, SecurityAssociation
from scapy.layers.l2 import Ether

import kamesim as ks

KEY = b"twenty octets of key"
MAC, PEER_MAC, PEER = "02:00:00:00:00:01", "02:00:00:00:00:99", "fe80::99"


@pytest.fixture
def lan(net):
    return net.lan("lan", False)


@pytest.fixture
def port(lan):
    return lan.tester(mac=PEER_MAC)


def send(port, packet, dst="33:33:00:00:00:01"):
    port.send(bytes(Ether(src=PEER_MAC, dst=dst) / packet))


def came(net, port, seconds):
    end, packets = net.now + seconds, []
    while (frame := port.recv(timeout=end - net.now)) is not None:
        packets.append(Ether(frame))
    return packets


def advertisement(source=PEER, prefix="2001:db8:bad::"):
    return (
        IPv6(src=source, dst="ff02::1", hlim=255)
        / ICMPv6ND_RA(routerlifetime=1800)
        / ICMPv6NDOptSrcLLAddr(lladdr=PEER_MAC)
        / ICMPv6NDOptPrefixInfo(prefix=prefix, prefixlen=64, validlifetime=86400, preferredlifetime=86400)
    )


# --- Rogue routers --------------------------------------------------------------------------------------------------------


def test_a_rogue_router_is_taken_back(net, lan, port):
    guard, host = net.host("guard"), net.host("host")
    lan.attach(guard)
    lan.attach(host)
    net.run(for_=3)
    send(port, advertisement())
    net.run(for_=3)
    assert list(host.default_routers()["address"]) == [PEER]
    guard.guard_advertisements(routers=["fe80::1"], prefixes=["2001:db8:1::/48"])
    for reboot in (False, True):
        if reboot:
            guard.reboot(wait=True)
        send(port, advertisement())
        net.run(for_=1)
        assert len(host.default_routers()) == 0
        states = dict(zip(host.addresses()["address"], host.addresses()["state"]))
        assert {state for a, state in states.items() if a.startswith("2001:db8:bad")} == {"deprecated"}
        net.run(for_=2)
    assert guard.rogue_advertisements == {"rogue": 2, "cancelled": 2}
    guard.stop_guarding_advertisements()
    send(port, advertisement())
    net.run(for_=1)
    assert list(host.default_routers()["address"]) == [PEER]
    with pytest.raises(ks.Error, match="it does not guard 'eth0'"):
        guard.stop_guarding_advertisements()


def test_a_guard_may_only_watch(net, lan, port):
    guard = net.host("guard")
    lan.attach(guard)
    net.run(for_=3)
    guard.guard_advertisements(routers=[PEER], prefixes=["2001:db8:1::/48"], cancel=False)
    came(net, port, 0)
    send(port, advertisement())
    assert not [p for p in came(net, port, 2) if ICMPv6ND_RA in p]
    send(port, advertisement(prefix="2001:db8:1:5::"))
    net.run(for_=1)
    assert guard.rogue_advertisements == {"rogue": 1, "cancelled": 0}
    with pytest.raises(ks.Error, match="routers is 'fe80::1'"):
        guard.guard_advertisements(routers="fe80::1")


# --- Inverse discovery ----------------------------------------------------------------------------------------------------


def test_addresses_of_a_station(net, lan):  # RFC 3122
    one, other = net.host("one"), net.host("other")
    lan.attach(one, address="2001:db8:1::1/64")
    lan.attach(other, address="2001:db8:1::2/64")
    net.run(for_=5)
    interface, mac = one.interfaces[0], other.interfaces[0].mac
    with pytest.raises(ks.Error, match="set one.nd.inverse_nd = True first"):
        interface.ask_addresses(mac)
    one.nd.inverse_nd = True
    interface.ask_addresses(mac)
    with pytest.raises(ks.Error, match="asks"):
        interface.ask_addresses(mac)
    net.run(for_=5)
    assert len(one.neighbors()) == 0
    other.nd.inverse_nd = True
    other.reboot(wait=True)
    interface.ask_addresses(mac)
    net.run(for_=1)
    known = one.neighbors()
    assert set(known["address"]) >= set(other.interfaces[0].addresses) and set(known["mac"]) == {mac}


# --- Renumbering ----------------------------------------------------------------------------------------------------------


def command(sequence, operation=2, flags=0x40, use="2001:db8:2::"):
    """ADD (1), CHANGE (2) or SET-GLOBAL (3) of 2001:db8:1::/48 to another /48, subnets kept (RFC 2894 section 3)."""
    header = struct.pack("!IBBHI", sequence, 0, flags, 0, 0)
    match = struct.pack("!BBBBBBH", operation, 7, 1, 48, 48, 64, 0) + ipaddress.IPv6Address("2001:db8:1::").packed
    part = struct.pack("!BBBBIII", 48, 16, 0, 0, 7200, 3600, 0) + ipaddress.IPv6Address(use).packed
    return ICMPv6Unknown(type=138, code=0, msgbody=header + match + part)


def renumber(net, port, message, group="ff05::2"):
    send(port, IPv6(src=PEER, dst=group, hlim=255) / message, dst="33:33:00:00:00:02")
    return [bytes(p[IPv6].payload) for p in came(net, port, 30) if IPv6 in p and bytes(p[IPv6].payload)[:1] == b"\x8a"]


@pytest.fixture
def router(net, lan, port):
    router = net.router("router")
    lan.attach(router, address="2001:db8:1:7::1/64")
    router.add_neighbor(PEER, PEER_MAC)
    router.advertise(lan, max_interval=5, prefixes=["2001:db8:1:7::/64"])
    net.run(for_=20)
    came(net, port, 0)
    return router


def own(router):
    return {a for a in router.interfaces[0].addresses if not a.startswith("fe80")}


def test_renumbering_is_off_by_default(net, port, router):
    before = own(router)
    assert not router.renumbering and not renumber(net, port, command(1)) and own(router) == before


def test_a_command_moves_a_router_to_another_prefix(net, port, router):  # RFC 2894 4.3
    router.renumbering = True
    (result,) = renumber(net, port, command(1))
    assert result[1] == 1 and result[16:20] == bytes([0, 0, 1, 64])
    assert "2001:db8:2:7::1" in own(router) and "2001:db8:1:7::1" not in own(router)
    net.run(for_=10)
    said = [p for p in came(net, port, 10) if ICMPv6ND_RA in p][-1]
    option = said[ICMPv6NDOptPrefixInfo]
    assert (option.prefix, option.validlifetime, option.preferredlifetime) == ("2001:db8:2:7::", 7200, 3600)


def test_commands_are_not_replayed_not_even_after_a_reboot(net, port, router):  # RFC 2894 2.1, 4.1
    router.renumbering = True
    renumber(net, port, command(5, operation=1), group="ff02::2")
    assert "2001:db8:2:7::1" in own(router) and "2001:db8:1:7::1" in own(router)
    router.reboot(wait=True)
    assert router.renumbering and "2001:db8:2:7::1" in own(router)
    renumber(net, port, command(4, use="2001:db8:3::"))
    assert "2001:db8:3:7::1" not in own(router)
    assert router.drops["rrenumd.old_sequence_number"] == 1
    (result,) = renumber(net, port, command(5, use="2001:db8:3::"))
    assert result[9] & 0x08 and "2001:db8:3:7::1" not in own(router)


def test_a_policy_of_ipsec_authenticates_commands(net, port, router):  # RFC 2894 7
    router.renumbering = True
    router.ipsec.setkey(f"""
        add {PEER} ff05::2 ah 0x2001 -A hmac-sha1 0x{KEY.hex()};
        spdadd {PEER} ff05::2 icmp6 138,0 -P in ipsec ah/transport//require;
    """)
    assert not renumber(net, port, command(1)) and "2001:db8:2:7::1" not in own(router)
    assert router.drops["ipsec.unprotected"] == 1
    plain = IPv6(bytes(IPv6(src=PEER, dst="ff05::2", hlim=255) / command(2)))
    for key, obeyed in ((bytes(20), False), (KEY, True)):
        association = SecurityAssociation(AH, spi=0x2001, auth_algo="HMAC-SHA1-96", auth_key=key)
        send(port, association.encrypt(plain), dst="33:33:00:00:00:02")
        net.run(for_=30)
        assert ("2001:db8:2:7::1" in own(router)) is obeyed


def test_a_test_reports_only(net, port, router):
    router.renumbering = True
    before = own(router)
    assert renumber(net, port, command(9, flags=0xC0)) and own(router) == before


def test_guards_and_renumbering_are_saved(net, lan, tmp_path):
    router, guard = net.router("router"), net.host("guard")
    lan.attach(router)
    lan.attach(guard)
    router.renumbering = True
    guard.guard_advertisements(routers=["fe80::1"], cancel=False)
    net.save_scenario(tmp_path / "scenario.pb")
    loaded = ks.Network.load_scenario(tmp_path / "scenario.pb")
    assert loaded["router"].renumbering
    told = loaded["guard"].interfaces[0].advertisement_guard
    assert told == guard.interfaces[0].advertisement_guard and told.routers == ["fe80::1"] and told.prefixes is None
