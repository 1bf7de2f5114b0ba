"""A mobile node in a multicast group by its home address, in a whole network (RFC 6275 sections 10.4.3, 11.3.4)."""

import pytest

import kamesim as ks

GROUP = "ff0e::77"


@pytest.fixture
def net():
    net = ks.Network(seed=1)
    home = net.lan("home", "2001:db8:1::/64")
    visited = net.lan("visited", "2001:db8:2::/64")
    agent, access, source = net.router("agent"), net.router("access"), net.host("source")
    home.attach(agent)
    home.attach(source)
    visited.attach(access)
    net.link(agent, access, delay=0.01)
    net.shortest_path_routes()
    agent.enable(ks.HomeAgent(interface=agent.interfaces[0], multicast=True))
    mobile = net.host("mobile")
    home.attach(mobile)
    mobile.enable(ks.MobileNode("2001:db8:1::100", "2001:db8:1::1"))
    net.run(until=5)
    return net


def test_group_packets_follow_the_mobile_node(net):
    mobile, source, agent = net.node("mobile"), net.node("source"), net.node("agent")
    heard, sender = mobile.socket(), source.socket()
    heard.bind(("::", 7000))
    sender.setsockopt(ks.IPPROTO_IPV6, ks.IPV6_MULTICAST_HOPS, 8)
    mobile.mobile_ip.join_group(GROUP)

    def say(text):
        sender.sendto(text, (GROUP, 7000))

    net.at(6, say, b"at home")
    net.at(10, mobile.move, "visited")
    net.at(40, say, b"away")
    net.at(45, mobile.mobile_ip.leave_group, GROUP)
    net.at(50, say, b"left")
    net.run(until=60)
    assert [heard.recv_nowait(), heard.recv_nowait()] == [b"at home", b"away"]
    with pytest.raises(BlockingIOError):
        heard.recv_nowait()
    assert len(agent.mobile_ip.group_members()) == 0


def test_members_are_listed(net):
    mobile, agent = net.node("mobile"), net.node("agent")
    mobile.mobile_ip.join_group(GROUP)
    mobile.move("visited")
    net.run(until=30)
    members = agent.mobile_ip.group_members()
    assert list(members.home_address) == ["2001:db8:1::100"] and list(members.group) == [GROUP]
    assert members.expires_s[0] > 30


def test_errors_say_what_would_be_right(net):
    mobile = net.node("mobile")
    with pytest.raises(ks.Error, match="group.*multicast address"):
        mobile.mobile_ip.join_group("2001:db8::1")
    for group in ("ff02::77", "ff05::77", "ff08::77"):  # RFC 6275 section 10.4.2
        with pytest.raises(ks.Error, match=f"group is '{group}'; it must be of global scope"):
            mobile.mobile_ip.join_group(group)
    with pytest.raises(ks.Error, match="not in ff0e::77"):
        mobile.mobile_ip.leave_group(GROUP)
    mobile.mobile_ip.join_group(GROUP)
    with pytest.raises(ks.Error, match="is in ff0e::77 already"):
        mobile.mobile_ip.join_group(GROUP)
    with pytest.raises(ks.Error, match="enable MobileNode before"):
        net.node("agent").mobile_ip.join_group(GROUP)


def test_roles_of_a_node_follow_one_specification():
    net = ks.Network()
    node = net.host("node")
    node.enable(ks.Correspondent(specification="RFC 3775"))
    net.lan("home", "2001:db8:1::/64").attach(node)
    with pytest.raises(ks.Error, match="follows 'RFC 3775' already"):
        node.enable(ks.MobileNode("2001:db8:1::100", "2001:db8:1::1"))
    node.enable(ks.MobileNode("2001:db8:1::100", "2001:db8:1::1", specification="RFC 3775"))
