"""Nodes under test and ports, by the names of a case's arguments; fresh for each case."""

from __future__ import annotations

from typing import Any

import pytest

from kamesim.conformance.case import ROLES
from kamesim.conformance.ends import NODE, PREFIX
from kamesim.conformance.lab import Lab, Port


@pytest.fixture
def host(lab: Lab) -> Any:
    """A host with the address NODE.address, on a LAN without routers."""
    return lab.host()


@pytest.fixture(params=ROLES)
def role(request: pytest.FixtureRequest) -> str:
    """host, then router: a case that asks for it, or for `node`, is one for each."""
    return str(request.param)


@pytest.fixture
def node(lab: Lab, role: str) -> Any:
    """A node of either role, with the address NODE.address; its `port` is that on the host's LAN, or the router's left
    one."""
    return lab.host() if role == "host" else lab.router()


@pytest.fixture
def port(request: pytest.FixtureRequest, lab: Lab) -> Port:
    """The tester on the LAN of the host, of the node of either role, or of the advertiser."""
    request.getfixturevalue(next((name for name in ("node", "advertiser") if name in request.fixturenames), "host"))
    return lab.ports[0]


@pytest.fixture
def advertiser(lab: Lab) -> Any:
    """A router on one LAN with the prefix PREFIX/64 that has just begun to advertise itself; kamesim's only."""
    node = lab.net.router("router")
    lan, _port = lab.link(prefix=f"{PREFIX}/64")
    lab.attach(lan, node, address=f"{NODE.address}/64")
    return node


@pytest.fixture
def settled(advertiser: Any, port: Port) -> None:
    """The initial advertisements of the advertiser are over."""
    port.run(60.0)


@pytest.fixture
def fresh_host(lab: Lab) -> Any:
    """A host that has just been plugged in, with no address but what it makes up."""
    return lab.host(address=False, settle=0.0)


@pytest.fixture
def fresh_port(fresh_host: Any, lab: Lab) -> Port:
    """The tester on the LAN of a host that has just been plugged in."""
    return lab.ports[0]


@pytest.fixture
def router(lab: Lab) -> Any:
    """A router between two LANs, NODE on the left and NODE_RIGHT on the right, that does not advertise itself."""
    return lab.router()


@pytest.fixture
def left(router: Any, lab: Lab) -> Port:
    """The tester on the router's left LAN."""
    return lab.ports[0]


@pytest.fixture
def right(router: Any, lab: Lab) -> Port:
    """The tester on the router's right LAN."""
    return lab.ports[1]
