"""Discards are counted by reason, and can be seen in the trace one by one."""

import kamesim as ks


def pings_without_a_route(**options):
    net = ks.Network(seed=1, **options)
    a, b = net.host("a"), net.host("b")
    net.link(a, b)
    net.run(until=3)
    ping = a.ping("2001:db8:ffff::1", count=3)  # nobody has told the host a route there
    net.run(for_=5)
    assert ping.received == 0
    return net


def test_a_drop_is_recorded_with_its_reason_and_rule():
    net = pings_without_a_route(trace_drops=True)
    drops = net.trace("drop")
    assert list(drops["reason"]) == ["ip6.no_route"] * 3
    assert all(rule.startswith("RFC ") for rule in drops["rule"])
    assert len(drops) == sum(net["a"].drops.values())


def test_without_the_switch_drops_are_counted_only():
    net = pings_without_a_route()
    assert len(net.trace("drop")) == 0
    assert sum(net["a"].drops.values()) == 3
