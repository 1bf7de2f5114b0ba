"""Policy tables, source addresses and the order of destinations, as scripts set and see them (RFC 6724)."""

import pytest

import kamesim as ks


@pytest.fixture
def host():
    net = ks.Network(seed=1)
    lan = net.lan("lan", prefix="2001:db8:1::/64")
    router, host = net.router("r"), net.host("h")
    lan.attach(router)
    lan.attach(host)
    net.run(for_=5)
    host.add_address("192.0.2.7/24")
    host.add_route("0.0.0.0/0", via="192.0.2.1")
    return host


def test_the_default_table_is_the_rfcs(host):
    """Section 2.1."""
    assert set(host.policy_table) == {
        ("::1/128", 50, 0),
        ("::/0", 40, 1),
        ("::ffff:0.0.0.0/96", 35, 4),
        ("2002::/16", 30, 2),
        ("2001::/32", 5, 5),
        ("fc00::/7", 3, 13),
        ("::/96", 1, 3),
        ("fec0::/10", 1, 11),
        ("3ffe::/16", 1, 12),
    }


def test_a_table_of_its_own_turns_the_order(host):
    """Section 10.3: IPv4 before IPv6."""
    both = ["198.51.100.1", "2001:db8:9::1"]
    assert host.order_destinations(both) == ["2001:db8:9::1", "198.51.100.1"]
    host.policy_table = [("::/0", 40, 1), ("::ffff:0:0/96", 100, 4)]
    assert host.order_destinations(reversed(both)) == ["198.51.100.1", "2001:db8:9::1"]
    host.reboot()
    host.settle()
    assert host.order_destinations(both) == ["198.51.100.1", "2001:db8:9::1"]
    host.policy_table = None
    assert host.order_destinations(both) == ["2001:db8:9::1", "198.51.100.1"]


def test_the_source_that_a_packet_has(host):
    assert host.source_for("2001:db8:9::1") == host.address
    assert host.source_for("198.51.100.1") == "192.0.2.7"
    assert host.source_for("fe80::1") == host.interface("eth0").link_local
    host.remove_address("192.0.2.7")
    assert host.source_for("198.51.100.1") is None


def test_a_new_table_takes_effect_for_packets(host):
    """Rule 6 before rule 8."""
    host.add_address("2001:db8:1::77", dad=False)
    host.add_address("fd00::7", dad=False)
    assert host.source_for("fd00:0:1::9") == "fd00::7"
    host.policy_table = [("::/0", 40, 1), ("fd00::/64", 40, 9)]
    assert host.source_for("fd00:0:1::9") != "fd00::7"


def test_the_rules_of_2003(host):
    """RFC 3484: public addresses before temporary ones, and its own table."""
    host.ip6.address_selection = "RFC 3484"
    assert host.ip6.address_selection == "RFC 3484"
    assert ("::ffff:0.0.0.0/96", 10, 4) in host.policy_table
    assert host.nd.prefer_temporary_addresses is False
    host.ip6.address_selection = "RFC 6724"
    assert host.nd.prefer_temporary_addresses is True


def test_settings_are_kept_in_scenario_files(tmp_path):
    net = ks.Network()
    host = net.host("h")
    net.lan("lan").attach(host)
    host.add_address("192.0.2.7/24")
    host.add_route("0.0.0.0/0", via="192.0.2.1")
    host.policy_table = [("::/0", 40, 1), ("fd00::/64", 45, 9)]
    host.ip6.address_selection = "KAME"
    host.interface("eth0").prefer_source = True
    net.save_scenario(tmp_path / "s.pb")
    again = ks.Network.load_scenario(tmp_path / "s.pb").node("h")
    assert again.policy_table == host.policy_table
    assert again.ip6.address_selection == "KAME"
    assert again.interface("eth0").prefer_source is True
    assert again.interface("eth0").ipv4_addresses == ["192.0.2.7"]
    assert "0.0.0.0/0" in set(again.routes["prefix"])


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([("2001:db8::/32", 1)], "precedence, label"),
        ([("::/0", 40, 1), ("::/0", 30, 2)], "two rows for '::/0'"),
        ([("2001:db8::1/32", 1, 1)], "bits set"),
        ([("::/0", -1, 1)], "precedence is -1"),
        ([("::/0", 1, "x")], "label is 'x'"),
        ("::/0", "policy_table is '::/0'"),
    ],
)
def test_tables_that_cannot_be(host, table, message):
    with pytest.raises(ks.Error, match=message):
        host.policy_table = table
