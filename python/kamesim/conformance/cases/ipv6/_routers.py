"""Shared by the cases on routers."""

from __future__ import annotations

SECOND_ROUTER, SECOND_MAC = "fe80::77", "02:00:00:00:00:77"
