"""All mutations."""

from __future__ import annotations

from mutation import Mutation
from rules import (
    addresses,
    base_specification,
    daemons,
    dual_stack,
    fast_handovers,
    fragments,
    hierarchical,
    icmpv6,
    ipsec,
    mobility,
    multiple_bindings,
    neighbors,
    path_mtu,
    redirects,
    routers,
)

FAMILIES: dict[str, list[Mutation]] = {
    "Base specification": base_specification.MUTATIONS,
    "Fragments": fragments.MUTATIONS,
    "ICMPv6": icmpv6.MUTATIONS,
    "Neighbours": neighbors.MUTATIONS,
    "Routers and hosts": routers.MUTATIONS,
    "Daemons of routers": daemons.MUTATIONS,
    "Redirects": redirects.MUTATIONS,
    "Addresses": addresses.MUTATIONS,
    "Path MTU": path_mtu.MUTATIONS,
    "IPsec": ipsec.MUTATIONS,
    "Mobile IPv6": mobility.MUTATIONS,
    "Multiple care-of addresses": multiple_bindings.MUTATIONS,
    "Dual stack": dual_stack.MUTATIONS,
    "Hierarchical Mobile IPv6": hierarchical.MUTATIONS,
    "Fast handovers": fast_handovers.MUTATIONS,
}

MUTATIONS: list[Mutation] = [mutation for family in FAMILIES.values() for mutation in family]
