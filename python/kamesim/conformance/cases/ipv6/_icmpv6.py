"""Shared by the cases on ICMPv6."""

from __future__ import annotations


NO_ROUTE, BEYOND_SCOPE, PORT_UNREACHABLE, REJECT_ROUTE = 0, 2, 4, 6
MINIMUM_MTU = 1280
