"""Equal-cost multipath (RFC 2991) and the MTU of routes, at a router with several ways on."""

import pytest

import kamesim as ks

FAR = "2001:db8:f::1"


class Fork:
    """host - router = links = far router, which has the prefix that the host sends to."""

    def __init__(self, seed=1, metric=0, ways=2):
        self.net = net = ks.Network(seed=seed)
        self.host, self.router, self.far = net.host("host"), net.router("router"), net.router("far")
        lan = net.lan("lan", prefix="2001:db8:1::/64")
        lan.attach(self.router)
        lan.attach(self.host)
        self.ways = [net.link(self.router, self.far, prefix=f"2001:db8:{n + 2}::/64") for n in range(ways)]
        net.lan("behind", prefix="2001:db8:f::/64").attach(self.far)
        for n, way in enumerate(self.ways, start=2):
            self.router.add_route("2001:db8:f::/64", via=way.address_of(self.far), metric=metric * n)
            self.far.add_route("2001:db8:1::/64", via=way.address_of(self.router))
        net.run(for_=6)

    def counts(self):
        return [self.far.interface(f"eth{n}").counters["received_frames"] for n in range(len(self.ways))]

    def way_of(self, port):
        """By which way a flow of UDP from that port goes."""
        before = self.counts()
        with self.host.socket() as s:
            s.bind(("", port))
            for _ in range(5):
                s.sendto(b"x", (FAR, 9))
                self.net.run(for_=0.005)
        self.net.run(for_=0.1)
        came = [after - b for after, b in zip(self.counts(), before)]
        assert sorted(came)[-1] >= 5 > sorted(came)[-2]  # all by one way; what else came is Neighbor Discovery's
        return came.index(max(came))

    def send(self, flows, packets=4):
        """So many flows of UDP, from a port each; how many packets came by each way."""
        before = self.counts()
        for port in range(flows):
            with self.host.socket() as s:
                s.bind(("", 20000 + port))
                for _ in range(packets):
                    s.sendto(b"x", (FAR, 9))
                    self.net.run(for_=0.005)  # no more wait for address resolution than it holds
        self.net.run(for_=0.1)
        return [after - b for after, b in zip(self.counts(), before)]


def test_flows_are_spread_over_equal_routes():
    """RFC 2991 section 2: about half of 200 flows each; 5 standard deviations are 36 flows."""
    one, two = Fork().send(200)
    assert one + two >= 800
    assert 4 * (100 - 36) < one < 4 * (100 + 36)


def test_a_flow_stays_on_its_way():
    """RFC 2991 section 2: packets of a flow are not reordered by it."""
    for seed in range(1, 5):
        one, two = sorted(Fork(seed).send(1, packets=50))
        assert one < 5 and two >= 50  # what is not of the flow is Neighbor Discovery's


def test_routes_of_other_metrics_are_not_used():
    one, two = Fork(metric=1).send(50)
    assert one >= 200 and two < 10


def test_only_the_flows_of_a_way_that_is_lost_move():
    """RFC 2991 section 4, highest random weight; the router sees that its link is down."""
    fork = Fork(ways=3)
    ports = range(20000, 20040)
    before = {port: fork.way_of(port) for port in ports}
    assert set(before.values()) == {0, 1, 2}
    fork.ways[0].up = False
    during = {port: fork.way_of(port) for port in ports}
    assert {port: way for port, way in during.items() if before[port] != 0} == {
        port: way for port, way in before.items() if way != 0
    }
    assert {during[port] for port in ports if before[port] == 0} == {1, 2}
    fork.ways[0].up = True
    fork.net.run(for_=3)
    assert {port: fork.way_of(port) for port in ports} == before


def test_nodes_do_not_choose_alike():
    """RFC 2991: a router seeds its hash, or flows that one router sent this way would all go one way at the next."""
    choices = [tuple(Fork(seed).way_of(port) for port in range(20000, 20010)) for seed in range(1, 4)]
    assert len(set(choices)) == 3


def test_the_node_s_own_packets_are_spread_too():
    fork = Fork()
    before = fork.counts()
    for port in range(64):
        with fork.router.socket() as s:
            s.bind(("", 20000 + port))
            s.sendto(b"x", (FAR, 9))
        fork.net.run(for_=0.01)
    assert all(after - b > 10 for after, b in zip(fork.counts(), before))


def test_a_route_has_an_mtu():
    """RFC 4443 section 3.2: what is longer is reported, as of a link."""
    fork = Fork(metric=1)
    fork.router.remove_route("2001:db8:f::/64")
    fork.router.add_route("2001:db8:f::/64", via=fork.ways[0].address_of(fork.far), mtu=1300)
    assert fork.router.routes.set_index("prefix").loc["2001:db8:f::/64", "mtu"] == 1300
    ping = fork.host.ping(FAR, size=1400, count=2)
    fork.net.run(for_=3)
    assert [e.reason for e in ping.errors] == ["packet too big, the MTU is 1300"]
    assert ping.received == 1  # the second is cut


@pytest.mark.parametrize(("prefix", "mtu"), [("2001:db8:e::/64", 1279), ("10.0.0.0/8", 67)])
def test_mtus_that_cannot_be(prefix, mtu):
    node = Fork().router
    with pytest.raises(ks.Error, match=f"mtu is {mtu}"):
        node.add_route(prefix, interface="eth0", mtu=mtu)
