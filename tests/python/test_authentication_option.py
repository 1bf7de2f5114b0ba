"""Home registrations authenticated by options (RFC 4285): both sides of kamesim's, and what is refused."""

import pytest

import kamesim as ks

HOME, AGENT = "2001:db8:1::100", "2001:db8:1::1"
KEY = bytes(range(16))
RA = {"min_interval": 0.05, "max_interval": 0.15}


def association(**changes):
    return ks.AuthenticationOption(**{"identifier": "alice@example.com", "key": KEY, **changes})


def network(of_agent, of_node, required=True, **node):
    """A home link and a visited one, and a mobile node that has just moved."""
    net = ks.Network(seed=1)
    agent, access = net.router("ha"), net.router("ar")
    home, visited = net.lan("home", "2001:db8:1::/64"), net.lan("visited", "2001:db8:2::/64")
    home.attach(agent, address=f"{AGENT}/64", advertise=RA)
    visited.attach(access, advertise=RA)
    net.link(agent, access, delay=0.005)
    net.shortest_path_routes()
    agent.enable(
        ks.HomeAgent(interface=agent.interfaces[0], authentication=of_agent, authentication_required=required)
    )
    mobile = net.host("mn")
    home.attach(mobile)
    mobile.enable(ks.MobileNode(home_address=HOME, home_agent=AGENT, authentication=of_node, **node))
    net.run(for_=10)
    mobile.move("visited")
    net.run(for_=10)
    return net, agent, mobile


@pytest.mark.parametrize(
    "changes",
    [{}, {"spi": 0xFFFFFFFF}, {"aaa_key": bytes(16)}, {"timestamps": True}, {"timestamps": True, "aaa_key": KEY}],
)
def test_the_same_association_on_both_sides_registers(changes):
    how = association(**changes)
    _, agent, mobile = network({HOME: how}, how)
    assert mobile.mobile_ip.registered and len(agent.mobile_ip.binding_cache()) == 1
    mobile.move("home")
    mobile.network.run(for_=10)
    assert len(agent.mobile_ip.binding_cache()) == 0, "deregistrations are authenticated too"


@pytest.mark.parametrize(
    "other",
    [{"key": bytes(16)}, {"spi": 300}, {"identifier": "mallory@example.com"}, {"aaa_key": KEY}],
    ids=["key", "spi", "identifier", "aaa key"],
)
def test_another_association_does_not(other):
    _, agent, mobile = network({HOME: association()}, association(**other))
    assert not mobile.mobile_ip.registered and agent.mobile_ip.binding_cache().empty


def test_who_has_none_is_served_only_without_the_switch():
    assert not network({}, None, required=True)[2].mobile_ip.registered
    assert network({}, None, required=False)[2].mobile_ip.registered


@pytest.mark.parametrize("offset", [-86400.0, 0.5, 3600.0])
def test_clock_is_set_by_the_home_agent(offset):  # RFC 4285 section 6
    how = association(timestamps=True)
    mobile = network({HOME: how}, how, clock_offset=offset)[2]
    assert mobile.mobile_ip.registered


def test_associations_outlive_reboots():
    how = association(timestamps=True)
    net, agent, mobile = network({HOME: how}, how)
    agent.reboot()
    mobile.reboot()
    net.run(for_=30)
    assert mobile.mobile_ip.registered and len(agent.mobile_ip.binding_cache()) == 1


def test_captures_name_the_options(tmp_path):
    how = association(timestamps=True)
    net, _, mobile = network({HOME: how}, how)
    with net.capture(tmp_path / "rfc4285.pcapng"):
        mobile.move("home")
        net.run(for_=10)
        mobile.move("visited")
        net.run(for_=10)
    assert mobile.mobile_ip.registered


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"identifier": ""}, "identifier"),
        ({"identifier": "a" * 254}, "identifier"),
        ({"key": b"short"}, "key"),
        ({"key": "sixteen letters!"}, "key"),
        ({"aaa_key": b"short"}, "aaa_key"),
        ({"spi": 255}, "spi"),
        ({"spi": 1 << 32}, "spi"),
        ({"close_enough": 0}, "close_enough"),
        ({"timestamps": 1}, "timestamps"),
    ],
)
def test_what_cannot_be_is_refused_by_name(changes, named):
    with pytest.raises(ks.Error, match=named):
        network({HOME: association(**changes)}, None)


def test_what_is_no_association_is_refused():
    with pytest.raises(ks.Error, match="AuthenticationOption"):
        network({HOME: KEY}, None)
    with pytest.raises(ks.Error, match="AuthenticationOption"):
        network({}, KEY)
