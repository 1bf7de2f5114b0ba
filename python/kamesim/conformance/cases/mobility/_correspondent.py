"""Shared by the cases on correspondents: the tester plays mobile nodes, their routers and home agents."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6EchoReply

import kamesim as ks
from kamesim.conformance.exchange import NODE, TESTER, Lab, Port, echo, expect
from kamesim.conformance.mobility import Mobile, ends, routed_to


HOME, OTHER_HOME = "2001:db8:a::100", "2001:db8:a::200"
CARE_OF, OTHER_CARE_OF = "2001:db8:b::100", "2001:db8:c::100"


@pytest.fixture
def node(lab: Lab) -> ks.Host:
    """A correspondent on a LAN whose router is the tester."""
    node = lab.host()
    node.add_route("::/0", via=TESTER.link_local)
    node.enable(ks.Correspondent())
    return node


@pytest.fixture
def port(node: ks.Host, lab: Lab) -> Port:
    return lab.ports[0]


@pytest.fixture
def mobile(port: Port) -> Mobile:
    return Mobile(port, HOME, CARE_OF)


def bound_to(mobile: Mobile) -> str | None:
    """Where the node has the mobile node: it is asked for an echo from the home address, as if by the tunnel."""
    mobile.port.send(mobile.from_home(echo()))
    reply = expect(mobile.port, ICMPv6EchoReply)
    if routed_to(reply) is None:
        assert ends(reply) == (NODE.address, mobile.home)
        return None
    assert routed_to(reply) == mobile.home
    return ends(reply)[1]
