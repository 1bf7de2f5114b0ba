"""Shared by the cases on routers that advertise themselves."""

from __future__ import annotations

import pytest

from kamesim.conformance.exchange import NODE


PREFIX = "2001:db8:1::"
SECOND_ROUTER, SECOND_MAC = "fe80::77", "02:00:00:00:00:77"


@pytest.fixture
def advertiser(lab):
    """A router that has just begun to advertise itself on a LAN with the prefix PREFIX/64."""
    node = lab.net.router("router")
    lan, _port = lab.link(prefix=f"{PREFIX}/64")
    lab.attach(lan, node, address=f"{NODE.address}/64")
    return node


@pytest.fixture
def port(advertiser, lab):
    return lab.ports[0]


@pytest.fixture
def settled(port):
    """The initial advertisements are over."""
    port.run(60.0)
