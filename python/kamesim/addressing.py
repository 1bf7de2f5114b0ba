"""The prefixes of a network: each belongs to one link, LAN or cell, and no two overlap."""

from __future__ import annotations

import bisect
import ipaddress
from collections.abc import Iterable
from typing import Any

from kamesim import errors


class PrefixPool:
    """Hands out /64 prefixes, and sees that those given by hand overlap none."""

    def __init__(self, what: str, pool: Any) -> None:
        self.pool = errors.prefix(what, "prefix_pool", pool)
        if self.pool.prefixlen > 64:
            errors.fail(what, "prefix_pool", pool, "a prefix of length 64 or less, such as '2001:db8::/32'")
        self._next = 1 if self.pool.prefixlen < 64 else 0
        self._starts: list[int] = []  # of the prefixes in use, sorted
        self._owners: dict[int, tuple[ipaddress.IPv6Network, str]] = {}  # by start

    def check(self, owner: str, prefix: ipaddress.IPv6Network) -> None:
        """Raises Error if the prefix overlaps one in use, or is of a kind that no link can have."""
        if prefix.is_multicast or prefix.is_link_local or prefix.is_loopback:
            errors.fail(owner, "prefix", str(prefix), "a global unicast prefix, such as '2001:db8:1::/64'")
        if prefix.prefixlen > 127 or prefix.prefixlen == 0:
            errors.fail(owner, "prefix", str(prefix), "a prefix with room for two addresses, of length 1 to 127")
        if found := self._overlapping(prefix):
            other, of = found
            raise errors.Error(
                f"{owner}: prefix is '{prefix}', which overlaps '{other}' of {of}; every link, LAN and cell needs "
                f"a prefix of its own"
            )

    def claim(self, owner: str, prefix: ipaddress.IPv6Network) -> None:
        """Notes the prefix, which has been checked, as the owner's."""
        start = int(prefix.network_address)
        bisect.insort(self._starts, start)
        self._owners[start] = (prefix, owner)

    def choose(self, owner: str) -> ipaddress.IPv6Network:
        """The next free /64 of the pool."""
        size = 1 << (64 - self.pool.prefixlen)
        while self._next < size:
            start = int(self.pool.network_address) + (self._next << 64)
            candidate = ipaddress.IPv6Network((start, 64))
            self._next += 1
            if self._overlapping(candidate) is None:
                return candidate
        raise errors.Error(
            f"{owner}: the network's prefix pool '{self.pool}' is used up; give this one a prefix of its own, or make "
            f"the network with a larger prefix_pool"
        )

    def run(self, owner: str, count: int) -> int:
        """The upper 64 bits of the first of so many /64s in a row, which are the owner's from now on."""
        size = 1 << (64 - self.pool.prefixlen)
        base = int(self.pool.network_address) >> 64
        first = self._next
        while first + count <= size:
            start, end = (base + first) << 64, (base + first + count) << 64
            # One that begins before the run may reach into it.
            place = bisect.bisect_left(self._starts, start)
            if place > 0 and self._overlapping(ipaddress.IPv6Network((start, 64))) is not None:
                place -= 1
            if place == len(self._starts) or self._starts[place] >= end:
                for part in ipaddress.summarize_address_range(ipaddress.IPv6Address(start), ipaddress.IPv6Address(end - 1)):
                    self.claim(owner, part)
                self._next = first + count
                return base + first
            in_the_way = self._owners[self._starts[place]][0]
            first = max(first, (int(in_the_way.broadcast_address) >> 64) - base) + 1
        raise errors.Error(
            f"{owner}: the network's prefix pool '{self.pool}' has no {count} free prefixes in a row; make the network with "
            f"a larger prefix_pool, or give prefixes=False"
        )

    def resolve(self, owner: str, given: Any) -> list[ipaddress.IPv6Network]:
        """The prefixes that `given` asks for, checked: None: one from the pool; False: none; text, or several."""
        if given is None:
            return [self.choose(owner)]
        if given is False:
            return []
        texts = [given] if isinstance(given, (str, ipaddress.IPv6Network)) else given
        if not isinstance(texts, Iterable):
            errors.fail(owner, "prefix", given, "an IPv6 prefix, a list of them, None (one is chosen) or False (none)")
        prefixes: list[ipaddress.IPv6Network] = []
        for text in texts:
            prefix = errors.prefix(owner, "prefix", text)
            self.check(owner, prefix)
            if any(prefix.overlaps(p) for p in prefixes):
                errors.fail(owner, "prefix", given, "a list of prefixes that do not overlap")
            prefixes.append(prefix)
        return prefixes

    def _overlapping(self, prefix: ipaddress.IPv6Network) -> tuple[ipaddress.IPv6Network, str] | None:
        # Those in use do not overlap each other, so only the neighbours in order can overlap this one.
        place = bisect.bisect_left(self._starts, int(prefix.network_address))
        for start in self._starts[max(0, place - 1) : place + 1]:
            if prefix.overlaps(self._owners[start][0]):
                return self._owners[start]
        return None


def nth_address(prefix: ipaddress.IPv6Network, n: int) -> str:
    """The n-th address of the prefix, with its length: '2001:db8:1::1/64'."""
    return f"{prefix.network_address + n}/{prefix.prefixlen}"
