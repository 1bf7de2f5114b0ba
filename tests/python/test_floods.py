"""Floods from a link: every list of a node stays within its bounds, and a ping of others is answered before, during and
after. The attacker writes its packets in bytes, thousands of them, from forged addresses."""

import ipaddress
import resource
import struct

import pytest

import kamesim as ks

ROUTER_MAC, HOST_MAC = "02:00:00:00:00:01", "02:00:00:00:00:02"
LAN, FAR = "2001:db8:1::", "2001:db8:2::"
ROUTER, HOST, SERVER = LAN + "1", LAN + "2", FAR + "2"
ALL_NODES = "ff02::1"

ICMP6, FRAGMENT, DESTINATION_OPTIONS, UDP = 58, 44, 60, 17


# --- Packets ----------------------------------------------------------------------------------------------------------


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def ip(text):
    return ipaddress.IPv6Address(text).packed


def packet(source, destination, next_header, payload, *, to=HOST_MAC, hop_limit=255):
    header = struct.pack(">IHBB", 6 << 28, len(payload), next_header, hop_limit)
    group = ipaddress.IPv6Address(destination).is_multicast
    ethernet = (b"\x33\x33" + ip(destination)[-4:] if group else mac(to)) + mac("02:00:00:00:00:99") + b"\x86\xdd"
    return ethernet + header + ip(source) + ip(destination) + payload


def icmp6(source, destination, message, **frame):
    """A message whose checksum, at octets 2 and 3, is to be filled in."""
    covered = ip(source) + ip(destination) + struct.pack(">II", len(message), ICMP6) + message + b"\0" * (len(message) % 2)
    total = sum(struct.unpack(f">{len(covered) // 2}H", covered))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    checksum = struct.pack(">H", ~total & 0xFFFF)
    return packet(source, destination, ICMP6, message[:2] + checksum + message[4:], **frame)


def advertisement(source, options=b"", lifetime=1800):
    return icmp6(source, ALL_NODES, struct.pack(">BBHBBHII", 134, 0, 0, 64, 0, lifetime, 0, 0) + options)


def prefix_option(prefix, length=64, flags=0xC0):
    return struct.pack(">BBBBIII", 3, 4, length, flags, 86400, 14400, 0) + ip(prefix)


def route_option(prefix):
    return struct.pack(">BBBBI", 24, 2, 64, 0, 1800) + ip(prefix)[:8]


def solicitation(source, target):
    group = "ff02::1:ff" + ipaddress.IPv6Address(target).exploded[-7:]
    return icmp6(source, group, struct.pack(">BBHI", 135, 0, 0, 0) + ip(target) + b"\1\1" + mac("02:00:00:00:00:99"))


def forged(prefix, n):
    return str(ipaddress.IPv6Address(prefix) + 0x10000 + n)


# --- The network ------------------------------------------------------------------------------------------------------


class Flooded:
    """A host and a router on a LAN with the attacker, a server behind the router."""

    def __init__(self):
        self.net = net = ks.Network(seed=1)
        lan, far = net.lan("lan", LAN + "/64", delay=1e-5), net.lan("far", FAR + "/64", delay=1e-5)
        self.router, self.host, self.server = net.router("router"), net.host("host"), net.host("server")
        lan.attach(self.router, mac=ROUTER_MAC, address=ROUTER + "/64")
        lan.attach(self.host, mac=HOST_MAC, address=HOST + "/64")
        far.attach(self.router, address=FAR + "1/64")
        far.attach(self.server, address=SERVER + "/64")
        self.attacker = lan.tester(mac="02:00:00:00:00:99")
        net.run(until=10)

    def flood(self, frames, *, rate=20_000):
        """Sends the frames, evenly, while the host pings the server; then shows that it still can.

        None of the ten pings of before, during and after the flood may be lost.
        """
        before = self.host.ping(self.server, count=10, interval=0.1)
        self.net.run(for_=2)
        during = self.host.ping(self.server, count=10, interval=max(len(frames) / rate / 12, 0.01))
        for frame in frames:
            self.attacker.send(frame)
            self.net.run(for_=1 / rate)
            self.attacker.clear()
        self.net.run(for_=2)
        after = self.host.ping(self.server, count=10, interval=0.1)
        self.net.run(for_=3)
        answered = {"before": before.received, "during": during.received, "after": after.received}
        assert answered == {"before": 10, "during": 10, "after": 10}

    def states(self, node):
        return node.neighbors()["state"].value_counts().to_dict()


@pytest.fixture
def net():
    return Flooded()


# --- Neighbor Discovery -----------------------------------------------------------------------------------------------


def test_advertisements_of_forged_routers(net):  # RFC 4861 §6.3.4: "a limited amount of storage"
    frames = [advertisement(forged("fe80::", n)) for n in range(2000)]
    net.flood(frames)
    assert len(net.host.default_routers()) == 16
    assert len(net.host.neighbors()) <= 4096


def test_the_trace_keeps_the_first_advertisement_of_few_routers(net):
    frames = [advertisement(forged("fe80::", n % 500)) for n in range(2000)]
    net.flood(frames)
    kinds = net.host.trace["kind"].value_counts()
    assert kinds["nd.ra_received"] == 16
    assert kinds.sum() < 100


def test_the_trace_keeps_few_neighbors_that_do_not_answer(net):
    """A scan makes the router look for addresses that nobody has: 64 at once, and one a second, are on record."""
    frames = [packet(HOST, forged(FAR, n), UDP, b"\0\1\0\7\0\x08\0\1", to=ROUTER_MAC, hop_limit=64) for n in range(8000)]
    start = net.net.now
    net.flood(frames)
    kinds = net.router.trace["kind"].value_counts()
    assert 64 <= kinds["nd.neighbor_unreachable"] <= 64 + net.net.now - start


def test_the_trace_keeps_few_changes_of_the_default_router(net):
    """Each forged router comes, is the best of all, and goes."""
    frames = []
    for n in range(2000):
        source, high = forged("fe80::", n % 500), 0x08
        for lifetime in (1800, 0):
            head = struct.pack(">BBHBBHII", 134, 0, 0, 64, high, lifetime, 0, 0)
            frames.append(icmp6(source, ALL_NODES, head + b"\1\1" + mac("02:00:00:00:00:99")))
    start = net.net.now
    net.flood(frames)
    kinds = net.host.trace["kind"].value_counts()
    assert 64 <= kinds["nd.default_router"] <= 64 + net.net.now - start


def test_advertisements_of_forged_prefixes(net):
    """The addresses that it forms, the prefix list and what waits for Duplicate Address Detection are bounded."""
    frames = [advertisement("fe80::99", prefix_option(f"2001:db8:{0x100 + n:x}::")) for n in range(2000)]
    net.flood(frames)
    assert len(net.host.prefixes()) == 32
    assert len(net.host.addresses()) <= 16 + 4
    assert HOST in set(net.host.addresses()["address"])


def test_advertisements_of_forged_routes(net):  # RFC 4191 §4
    frames = [
        advertisement("fe80::99", b"".join(route_option(f"2001:db8:{0x100 + 50 * n + i:x}::") for i in range(50)))
        for n in range(300)
    ]
    net.flood(frames)
    assert len(net.host.routes) <= 200


def test_solicitations_from_forged_neighbors(net):
    """RFC 6583 §6.3, 7.1: entries for those who ask never push out one that is in use."""
    net.flood([solicitation(forged(LAN, n), HOST) for n in range(8000)])
    assert 3000 <= len(net.host.neighbors()) <= 4096


def test_a_scan_through_the_router(net):
    """RFC 6583 §6.2: resolution for addresses that nobody has is bounded, and does not delay that of others."""
    frames = [packet(HOST, forged(FAR, n), UDP, b"\0\1\0\7\0\x08\0\1", to=ROUTER_MAC, hop_limit=64) for n in range(8000)]
    net.flood(frames)
    assert len(net.router.neighbors()) <= 1024 + 8
    net.net.run(for_=10)
    assert net.states(net.router).get("incomplete", 0) == 0  # they are given up


# --- IPv6 and ICMPv6 --------------------------------------------------------------------------------------------------


def fragment(source, identification, offset, data, more=True, to=HOST_MAC, destination=HOST):
    header = struct.pack(">BBHI", UDP, 0, offset | more, identification)
    return packet(source, destination, FRAGMENT, header + data, to=to, hop_limit=64)


def test_fragments_of_packets_that_never_end(net):
    """RFC 8200 §4.5, RFC 4963: neither one source nor many get more than their bound."""
    frames = [fragment(forged(LAN, n % 1000), n, 0, b"x" * 1024) for n in range(8000)]
    net.flood(frames)
    assert net.host.drops["frag6.evicted"] > 0
    # The host's own packets are put together meanwhile: those that come last are whole before they are the oldest.
    big = net.server.ping(net.host, count=5, size=4000, interval=0.1)
    net.net.run(for_=2)
    assert big.received == 5
    net.net.run(for_=61)
    assert net.host.drops["frag6.timeout"] > 0


def test_tiny_fragments_of_one_packet(net):
    frames = [fragment(forged(LAN, 1), 7, 8 * (2 * n), b"x" * 8) for n in range(4000)]
    net.flood(frames)
    assert net.host.drops["frag6.limit"] > 3000


def test_forged_packet_too_big(net):
    """RFC 8201 §6: not more than a bounded number is believed, and none of 'packets' that were not sent."""
    messages = []
    for n in range(4000):
        quoted = struct.pack(">IHBB", 6 << 28, 8, UDP, 64) + ip(HOST) + ip(forged("2001:db8:9::", n)) + bytes(8)
        messages.append(icmp6(forged(LAN, n), HOST, struct.pack(">BBHI", 2, 0, 0, 1280) + quoted, hop_limit=64))
    net.flood(messages)
    drops = net.host.drops
    assert drops["icmp6.packet_too_big_not_elicited"] + drops["icmp6.packet_too_big_limit"] >= 4000 - 256


def test_options_without_end(net):
    """RFC 8504 §5.3: so many options in one header are not looked at."""
    header = bytes([59, 159]) + b"\x1e\x00" * 639  # skipped, if it were looked at: the high bits are 00
    frames = [packet(forged(LAN, n), HOST, DESTINATION_OPTIONS, header, hop_limit=64) for n in range(3000)]
    net.flood(frames)
    assert net.host.drops["ip6.too_many_options"] == 3000


def test_headers_without_end(net):
    chain = b"".join(bytes([DESTINATION_OPTIONS, 0, 1, 4, 0, 0, 0, 0]) for _ in range(180))
    frames = [packet(forged(LAN, n), HOST, DESTINATION_OPTIONS, chain, hop_limit=64) for n in range(3000)]
    net.flood(frames)
    assert net.host.drops["ip6.too_many_headers"] == 3000


def test_errors_that_a_node_is_made_to_send(net):
    """RFC 4443 §2.4 f: a burst of 10, and 100 a second."""
    sent = net.host.counters["icmp6_errors_sent"]
    frames = [packet(forged(LAN, n), HOST, 200, b"12345678", hop_limit=64) for n in range(4000)]
    net.flood(frames)
    assert net.host.counters["icmp6_errors_sent"] - sent <= 10 + 100 * 10
    assert net.host.counters["icmp6_errors_limited"] >= 3000


def test_packets_to_groups_that_it_is_not_in(net):
    groups = net.host.groups()
    frames = [packet("fe80::99", forged("ff05::", n), UDP, b"\0\1\0\7\0\x08\0\1") for n in range(3000)]
    net.flood(frames)
    assert len(net.host.groups()) == len(groups)
    assert len(net.host.destination_cache()) <= 64


def test_memory_is_bounded(net):
    """What a node keeps of a flood does not grow with it."""

    def flood(first, last):
        for n in range(first, last):
            net.attacker.send(fragment(forged(LAN, n), n, 0, b"x" * 1024))
            net.attacker.send(solicitation(forged(LAN, n), HOST))
            net.attacker.send(packet(HOST, forged(FAR, n), UDP, b"\0\1\0\7\0\x08\0\1", to=ROUTER_MAC, hop_limit=64))
            net.net.run(for_=1e-4)
            net.attacker.clear()
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    held = flood(0, 6000)  # fills every list
    assert flood(6000, 18000) <= held + 512, "KiB resident"
