"""Sequence numbers that are newer than others, and that are not: modulo 2**16 (RFC 6275 §9.5.1, whose example is the
last one received being 15)."""

from __future__ import annotations

NEWER = [(15, 16), (15, 100), (15, 32782), (0, 1), (0, 32767), (32767, 32768), (40000, 7231), (65535, 0), (65530, 20)]
NOT_NEWER = [(15, 15), (15, 0), (15, 32783), (15, 65535), (0, 0), (0, 32768), (0, 65535), (32768, 0), (65535, 65534)]
