"""Path MTU Discovery (RFC 8201)."""

from __future__ import annotations

from mutation import Mutation

PATH_MTU, INPUT = "protocols/ip6/path_mtu.cc", "protocols/ip6/icmp6_input.cc"

MUTATIONS = [
    Mutation(
        id="pmtu.below-minimum",
        rule="Packet Too Big of less than 1280 is ignored (RFC 8201 §4)",
        file=INPUT,
        old="const bool below_minimum = mtu < kIpv6MinimumMtu;",
        new="const bool below_minimum = mtu < 100;",
        cases=("path-mtu.path-mtu-is-never-below-the-minimum",),
    ),
    Mutation(
        id="pmtu.raised",
        rule="Packet Too Big never raises the estimate (RFC 8201 §4)",
        file=PATH_MTU,
        old="if (mtu > known.mtu) {",
        new="if (mtu == 0) {",
        cases=("path-mtu.packet-too-big-never-raises-the-path-mtu",),
    ),
    Mutation(
        id="pmtu.expiry",
        rule="an estimate lasts for ten minutes (RFC 8201 §5.3)",
        file=PATH_MTU,
        old="now + std::max(limits_.timeout, kPathMtuMinimumTimeout);",
        new="now + kPathMtuMinimumTimeout;",
        cases=("path-mtu.path-mtu-is-forgotten-after-ten-minutes",),
    ),
    Mutation(
        id="pmtu.not-ours",
        rule="Packet Too Big about a packet of someone else is ignored (RFC 8201 §4)",
        file=INPUT,
        old="if (!quoted || stack_.find_own_address(quoted->wire_source, in.interface) == nullptr) {",
        new="if (!quoted) {",
        cases=("path-mtu.packet-too-big-about-a-packet-of-someone-else-is-ignored",),
    ),
    Mutation(
        id="pmtu.ignored",
        rule="packets are no larger than Packet Too Big said (RFC 8201 §4)",
        file=INPUT,
        old="if (update == Lowered) stack_.invalidate_destinations();\n",
        new="",
        cases=("path-mtu.packet-too-big-lowers-the-path-mtu",),
    ),
]
