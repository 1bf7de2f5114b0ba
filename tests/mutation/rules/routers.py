"""Router discovery, at hosts and routers (RFC 4861 §6)."""

from __future__ import annotations

from mutation import Mutation

DISCOVERY, SCHEDULE = "protocols/ip6/nd_router_discovery.cc", "protocols/rtadvd/schedule.cc"
SOLICITOR, MESSAGES = "protocols/rtsold/solicitor.cc", "protocols/wire/nd.cc"

MUTATIONS = [
    Mutation(
        id="ra.link-local-source",
        rule="a Router Advertisement comes from a link-local address (RFC 4861 §6.1.2)",
        file=MESSAGES,
        old="if (!ip.source.is_link_local()) return drop(kNdSourceNotLinkLocal);\n  return RouterAdvertisementView(",
        new="return RouterAdvertisementView(",
        cases=(
            "default-routers.invalid-router-advertisement-is-silently-discarded",
            "solicited-routers.valid-advertisement-ends-the-search-for-routers",
        ),
    ),
    Mutation(
        id="ra.lifetime-zero",
        rule="a lifetime of zero takes the router off the list at once (RFC 4861 §6.3.4)",
        file="protocols/ip6/nd_default_routers.cc",
        old="if (router_lifetime == Duration()) return remove(address) ? Change::Removed : Change::None;\n",
        new="if (router_lifetime == Duration()) return Change::None;\n",
        cases=("default-routers.lifetime-of-zero-takes-the-router-off-the-list-at-once",),
    ),
    Mutation(
        id="ra.hop-limit",
        rule="the hop limit of the advertisement is used (RFC 4861 §6.3.4)",
        file=DISCOVERY,
        old="if (ra.cur_hop_limit) interface_.cur_hop_limit = *ra.cur_hop_limit;\n",
        new="",
        cases=("link-parameters.hop-limit-of-the-advertisement-is-used",),
    ),
    Mutation(
        id="ra.mtu-too-small",
        rule="an MTU of less than 1280 is ignored (RFC 4861 §6.3.4)",
        file=DISCOVERY,
        old="if (option.mtu < kIpv6MinimumMtu || option.mtu > interface_.largest_mtu()) {",
        new="if (option.mtu > interface_.largest_mtu()) {",
        cases=("link-parameters.mtu-of-the-advertisement-is-used-if-it-can-be",),
    ),
    Mutation(
        id="ra.prefix-lifetime-zero",
        rule="a prefix with a lifetime of zero is off the link at once (RFC 4861 §6.3.4)",
        file=DISCOVERY,
        old="if (option.on_link && known->on_link_until) known->on_link_until = stack_.now();",
        new="",
        cases=("on-link-prefixes.prefix-with-a-lifetime-of-zero-is-off-the-link-at-once",),
    ),
    Mutation(
        id="ra.on-link-flag",
        rule="a prefix without the on-link flag says nothing of what is on the link (RFC 4861 §6.3.4)",
        file=DISCOVERY,
        old="if (option.on_link && option.valid_lifetime != Duration()) {",
        new="if (option.valid_lifetime != Duration()) {",
        cases=("on-link-prefixes.prefix-without-the-on-link-flag-says-nothing",),
    ),
    Mutation(
        id="ra.suspect-router",
        rule="a router that answers is preferred to one that does not (RFC 4861 §6.3.6)",
        file="protocols/ip6/nd_default_routers.cc",
        old="return std::tuple(!r.suspect, r.preference, known(r.address), selected_ == r.address);",
        new="return std::tuple(r.preference, known(r.address), selected_ == r.address);",
        cases=("default-routers.reachable-router-is-preferred-to-one-that-does-not-answer",),
    ),
    Mutation(
        id="ra.ceased-to-route",
        rule="a neighbour that ceases to be a router is no default router any more (RFC 4861 §7.2.5)",
        file="protocols/ip6/nd_reachability.cc",
        old="out.ceased_to_route = n.is_router && !na.router;",
        new="out.ceased_to_route = n.is_router && na.router && n.permanent;",
        cases=("default-routers.neighbor-that-ceases-to-be-a-router-is-no-default-router",),
    ),
    Mutation(
        id="rs.interval",
        rule="solicitations are RTR_SOLICITATION_INTERVAL apart or more (RFC 4861 §6.3.7)",
        file=SOLICITOR,
        old="return interval_ = config_.rtr_solicitation_interval.scaled(1 + rand);",
        new="return interval_ = config_.rtr_solicitation_interval.scaled(1 - rand);",
        cases=("router-solicitations.host-solicits-routers-four-seconds-apart-or-more",),
    ),
    Mutation(
        id="rs.desist",
        rule="a host stops soliciting once it heard a default router (RFC 4861 §6.3.7)",
        file=SOLICITOR,
        old="if (sent_ > 0 && router_lifetime != Duration()) next_.reset();",
        new="if (sent_ > 9 && router_lifetime != Duration()) next_.reset();",
        cases=(
            "router-solicitations.host-stops-soliciting-once-it-hears-a-router",
            "solicited-routers.valid-advertisement-ends-the-search-for-routers",
        ),
    ),
    Mutation(
        id="rs.back-off",
        rule="the intervals between solicitations double (RFC 7559 §2)",
        file=SOLICITOR,
        old="interval_ = interval_.scaled(2 + rand);",
        new="interval_ = interval_.scaled(1 + rand);",
        cases=("router-solicitations.host-goes-on-soliciting-at-intervals-that-double",),
    ),
    Mutation(
        id="rtadvd.initial-interval",
        rule="the first advertisements come MAX_INITIAL_RTR_ADVERT_INTERVAL apart at most (RFC 4861 §6.2.4)",
        file=SCHEDULE,
        old="if (initial_left_ > 0 && --initial_left_ > 0) interval = std::min(interval, kMaxInitialRtrAdvertInterval);\n",
        new="",
        cases=("router-advertisements.initial-advertisements-come-quickly",),
    ),
    Mutation(
        id="rtadvd.answer-delay",
        rule="a solicitation is answered within MAX_RA_DELAY_TIME (RFC 4861 §6.2.6)",
        file=SCHEDULE,
        old="  Time at = now + delay;\n",
        new="  Time at = now + delay + kMaxRaDelayTime;\n",
        cases=("solicited-advertisements.solicitation-is-answered-within-half-a-second",),
    ),
    Mutation(
        id="rtadvd.min-delay",
        rule="multicast advertisements are MIN_DELAY_BETWEEN_RAS apart (RFC 4861 §6.2.6)",
        file=SCHEDULE,
        old="if (last_multicast_ && now < *last_multicast_ + intervals_.min_delay_between_ras) {",
        new="if (last_multicast_ && now < *last_multicast_) {",
        cases=("solicited-advertisements.multicast-answers-are-at-least-three-seconds-apart",),
    ),
    Mutation(
        id="rtadvd.final",
        rule="a router that ceases to advertise says so with a lifetime of zero (RFC 4861 §6.2.5)",
        file="protocols/rtadvd/message.cc",
        old=".router_lifetime = c.final || !c.forwarding ? Duration() : config.default_lifetime(),",
        new=".router_lifetime = !c.forwarding ? Duration() : config.default_lifetime(),",
        cases=("router-advertisements.router-says-goodbye",),
    ),
    Mutation(
        id="rs.valid",
        rule="a Router Solicitation from the unspecified address tells no link-layer address (RFC 4861 §6.1.1)",
        file=MESSAGES,
        old="    return drop(kNdUnspecifiedSourceWithAddress);\n  return RouterSolicitationView(message, *options);",
        new="    return RouterSolicitationView(message, *options);\n  return RouterSolicitationView(message, *options);",
        cases=("solicited-advertisements.invalid-router-solicitation-is-silently-discarded",),
    ),
]
