"""Routers."""

from __future__ import annotations

from kamesim.node import Node


class Router(Node):
    """A router: it forwards packets, and advertises itself on the LANs that it is attached to."""

    is_router = True
