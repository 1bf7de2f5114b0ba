"""Hierarchical Mobile IPv6 (RFC 5380)."""

from __future__ import annotations

from mutation import Mutation

MACHINE = "protocols/hmip6/hierarchical_mobile_node.cc"
ANCHOR_POINT = "protocols/hmip6/mobility_anchor_point_daemon.cc"

MUTATIONS = [
    Mutation(
        id="hmip6.m-flag",
        rule="a local Binding Update has the M flag (RFC 5380 §4, §6.1)",
        file="protocols/mip6/binding_updater.cc",
        old=".map_registration = !home_agent,",
        new=".map_registration = false,",
        cases=("hierarchical-mobile-node-registration.local-binding-update-has-m-and-a",),
    ),
    Mutation(
        id="hmip6.routing-header",
        rule="an acknowledgement without a type 2 routing header with the RCoA is ignored (RFC 5380 §6.1)",
        file=MACHINE,
        old="if (routed == RoutedByType2::No) return {.dropped = &kBackWithoutRcoaRoute};",
        new="(void)routed;",
        cases=(
            "hierarchical-mobile-node-registration.acknowledgement-to-the-rcoa-without-a-routing-header-is-ignored",
        ),
    ),
    Mutation(
        id="hmip6.lifetime-of-others",
        rule="bindings with others last no longer than the one with the MAP (RFC 5380 §6.1)",
        file=MACHINE,
        old="out.care_of = CareOfAddress{active_->rcoa, binding.expires};",
        new="(void)binding;\n  out.care_of = CareOfAddress{active_->rcoa, Time::max()};",
        cases=(
            "hierarchical-mobile-node-registration."
            "binding-with-the-home-agent-is-no-longer-than-that-with-the-map",
        ),
    ),
    Mutation(
        id="hmip6.previous-map",
        rule="the MAP that was left is told the new LCoA (RFC 5380 §6.1, §8)",
        file=MACHINE,
        old="if (moved && !is(active_) && active_ && config_.update_previous_map) {",
        new="if (false) {",
        cases=("hierarchical-mobile-node-maps.previous-map-is-told-the-new-lcoa",),
    ),
    Mutation(
        id="hmip6.preference-zero",
        rule="a MAP with a preference of zero is not for new bindings (RFC 5380 §7.1)",
        file=MACHINE,
        old="if (option.preference == 0 && !exists) return false;",
        new="(void)exists;",
        cases=("hierarchical-mobile-node-maps.preference-of-zero-is-not-for-new-bindings",),
    ),
    Mutation(
        id="hmip6.failed-map",
        rule="a MAP that its routers call failed is left (RFC 5380 §7.1, §10)",
        file=MACHINE,
        old="return failed ? lose_active(now) : choose(now, Moved::No);",
        new="return failed ? Output{} : choose(now, Moved::No);",
        cases=("hierarchical-mobile-node-maps.failed-map-is-left-for-another",),
    ),
    Mutation(
        id="hmip6.distance-zero",
        rule="a distance of zero MUST NOT be used (RFC 5380 §5)",
        file="protocols/hmip6/map_option.cc",
        old="if (map.distance == 0 || !is_global_unicast(map.address)) return std::nullopt;",
        new="if (!is_global_unicast(map.address)) return std::nullopt;",
        cases=("hierarchical-mobile-node-maps.distance-of-zero-is-ignored",),
    ),
    Mutation(
        id="hmip6.tunnel-of-rcoa",
        rule="all that leaves from the RCoA goes to the MAP by the tunnel (RFC 5380 §6.1)",
        file="protocols/mip6/mobility_kernel.cc",
        old="&kNoCareOfAddress};\n  return {.tunnel = it->second.tunnel, .discard = nullptr};",
        new="&kNoCareOfAddress};\n  return {};",
        cases=(
            "hierarchical-mobile-node-packets.packet-in-both-tunnels-is-taken-and-answered-in-both",
            "hierarchical-mobile-node-packets.lcoa-is-hidden-from-home-agent-and-correspondent",
        ),
    ),
    Mutation(
        id="hmip6.m-with-h",
        rule="a MAP takes no update with both M and H (RFC 5380 §4)",
        file=ANCHOR_POINT,
        old="  if (update.home_registration) return stack_.drop(kBuMapAndHomeRegistration, d.payload);\n",
        new="",
        cases=("map-registration.update-with-both-m-and-h-is-discarded",),
    ),
    Mutation(
        id="hmip6.on-link-prefixes",
        rule="an LCoA outside the valid on-link prefixes is prohibited, 129 (RFC 5380 §6.2)",
        file=ANCHOR_POINT,
        old=".care_of_prefixes = config.on_link_prefixes};",
        new=".care_of_prefixes = {}};",
        cases=("map-registration.lcoa-outside-the-valid-prefixes-is-prohibited",),
    ),
]
