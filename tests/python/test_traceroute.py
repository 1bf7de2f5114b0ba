"""Traceroute by UDP and by echo requests: each hop, its delay, and how it ends."""

import pytest

import kamesim as ks


@pytest.fixture
def chain(net):
    """A client, three routers and a server, on links of 10 ms."""
    nodes = [net.host("client"), *(net.router(f"r{n}") for n in range(3)), net.host("server")]
    for a, b in zip(nodes, nodes[1:]):
        net.link(a, b, delay=0.010)
    net.shortest_path_routes()
    net.run(until=3)
    return nodes


def trace(net, node, destination, **arguments):
    task = node.start(ks.traceroute(node, destination, **arguments))
    net.run(for_=120)
    return task.result


@pytest.mark.parametrize("method", ["udp", "icmp6"])
def test_each_hop_answers(net, chain, method):
    client, *routers, server = chain
    hops = trace(net, client, server, method=method)
    assert [hop.hop_limit for hop in hops] == [1, 2, 3, 4]
    near_sides = [router.interfaces[0].addresses for router in routers]
    for hop, addresses in zip(hops, near_sides):
        assert hop.sender in addresses and not hop.reached  # RFC 4443 section 2.2
    assert hops[-1].sender == server.address and hops[-1].reached
    # the first probe may wait for address resolution; the second does not
    assert [hop.rtts[1] for hop in hops] == pytest.approx([0.02, 0.04, 0.06, 0.08])


@pytest.mark.parametrize("method", ["udp", "icmp6"])
def test_nobody_answers_behind_a_link_that_is_down(net, chain, method):
    client, *_, server = chain
    target = server.address
    net["r1-r2"].up = False
    hops = trace(net, client, target, method=method, max_hops=4, probes=1, timeout=1.0)
    assert [hop.sender is not None for hop in hops[:2]] == [True, True]
    assert all(not hop.reached for hop in hops)


@pytest.mark.parametrize("method", ["udp", "icmp6"])
def test_it_ends_where_there_is_no_route(net, chain, method):
    client, first, *_ = chain
    client.add_route("2001:db8:ffff::/48", via=first.interfaces[0].addresses[-1])
    hops = trace(net, client, "2001:db8:ffff::1", method=method, probes=1)
    # The hop limit comes before the route (RFC 8200 section 3): the router is heard of twice.
    assert [hop.unreachable for hop in hops] == [None, 0]  # RFC 4443 section 3.1: no route
    assert hops[0].sender == hops[1].sender


def test_mistakes_are_explained(net, chain):
    client, *_, server = chain
    client.start(ks.traceroute(client, server, method="tcp"))
    with pytest.raises(ks.Error, match="'udp' or 'icmp6'"):
        net.run(for_=1)
