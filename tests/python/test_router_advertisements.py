"""What `Router.advertise` says is what goes over the wire, as tshark reads it."""

import math

import pytest

import kamesim as ks
from tshark_check import fields

NAMES = [
    "icmpv6.nd.ra.flag.m", "icmpv6.nd.ra.flag.o", "icmpv6.nd.ra.flag.h", "icmpv6.nd.ra.cur_hop_limit",
    "icmpv6.nd.ra.router_lifetime", "icmpv6.nd.ra.reachable_time", "icmpv6.nd.ra.retrans_timer", "icmpv6.opt.mtu",
    "icmpv6.opt.prefix", "icmpv6.opt.prefix.valid_lifetime", "icmpv6.opt.prefix.preferred_lifetime",
    "icmpv6.opt.prefix.flag.l", "icmpv6.opt.prefix.flag.a", "icmpv6.opt.prefix.flag.r",
    "icmpv6.opt.advertisement_interval",
]  # fmt: skip


def advertised(tmp_path, **variables):
    """The fields of a router's advertisements on a LAN, by name, and when they were sent."""
    net = ks.Network(seed=4)
    lan, router = net.lan("lan", "2001:db8:1::/64"), net.router("router")
    lan.attach(router, advertise=variables)
    with net.capture(tmp_path / "ra.pcapng", direction="out") as capture:
        net.run(until=60)
    rows = fields(capture.path, "frame.time_relative", *NAMES, display_filter="icmpv6.type == 134")
    return dict(zip(NAMES, rows[-1][1:])), [float(row[0]) for row in rows]


def test_the_defaults_are_those_of_rfc_4861(tmp_path):
    said, _ = advertised(tmp_path)
    assert [said[name] for name in NAMES[:8]] == ["0", "0", "0", "64", "1800", "0", "0", ""]
    assert [said[name] for name in NAMES[8:]] == ["2001:db8:1::", "2592000", "604800", "1", "1", "0", ""]


def test_every_variable_is_sent(tmp_path):
    said, times = advertised(
        tmp_path,
        min_interval=3,
        max_interval=5,
        adv_managed_flag=True,
        adv_other_config_flag=True,
        adv_link_mtu=1400,
        adv_reachable_time=12.5,
        adv_retrans_timer=2.0,
        adv_cur_hop_limit=33,
        adv_default_lifetime=77,
        adv_valid_lifetime=math.inf,
        adv_preferred_lifetime=1000,
        adv_on_link_flag=False,
        adv_autonomous_flag=False,
        advertisement_interval=True,
        home_agent=True,
        router_address=True,
    )
    assert [said[name] for name in NAMES[:8]] == ["1", "1", "1", "33", "77", "12500", "2000", "1400"]
    assert [said[name] for name in NAMES[8:]] == ["2001:db8:1::1", "4294967295", "1000", "0", "0", "1", "5000"]
    gaps = [later - earlier for earlier, later in zip(times, times[1:])]
    assert all(3 <= gap <= 5 for gap in gaps)


def test_other_prefixes_and_none(tmp_path):
    said, _ = advertised(tmp_path, prefixes=["2001:db8:77::/64", "2001:db8:78::/64"])
    assert said["icmpv6.opt.prefix"] == "2001:db8:77::^2001:db8:78::"
    said, _ = advertised(tmp_path, prefixes=[])
    assert said["icmpv6.opt.prefix"] == ""


def test_a_router_that_ceases_says_so(net):
    lan, router, host = net.lan("lan"), net.router("router"), net.host("host")
    lan.attach(router)
    lan.attach(host)
    net.run(until=10)
    assert "::/0" in set(host.routes["prefix"])
    router.cease_advertising(lan)
    net.run(until=30)
    assert "::/0" not in set(host.routes["prefix"])
    with pytest.raises(ks.Error, match="router 'router': it does not advertise on 'eth0'"):
        router.cease_advertising("lan")
    router.advertise("lan", max_interval=4)
    net.run(until=60)
    assert "::/0" in set(host.routes["prefix"])
