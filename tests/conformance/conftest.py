"""Nodes under test, fresh for each test. What they send goes through tshark when the test is over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from exchange import Lab, Port
from wire_check import complaints

import kamesim as ks


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """An empty network, for tests that build their own."""
    lab = Lab(tmp_path)
    yield lab
    found = [line for path in lab.close() for line in complaints(path)]
    assert not found, "tshark complains:\n" + "\n".join(found)


@pytest.fixture
def host(lab: Lab) -> ks.Host:
    """A host with the address NODE.address, on a LAN without routers."""
    return lab.host()


@pytest.fixture
def port(host: ks.Host, lab: Lab) -> Port:
    """The tester on the host's LAN."""
    return lab.ports[0]


@pytest.fixture
def fresh_host(lab: Lab) -> ks.Host:
    """A host that has just been plugged in, with no address but what it makes up."""
    return lab.host(address=False, settle=0.0)


@pytest.fixture
def fresh_port(fresh_host: ks.Host, lab: Lab) -> Port:
    return lab.ports[0]


@pytest.fixture
def router(lab: Lab) -> ks.Router:
    """A router between two LANs, NODE on the left and NODE_RIGHT on the right, that does not advertise itself."""
    return lab.router()


@pytest.fixture
def left(router: ks.Router, lab: Lab) -> Port:
    return lab.ports[0]


@pytest.fixture
def right(router: ks.Router, lab: Lab) -> Port:
    return lab.ports[1]
