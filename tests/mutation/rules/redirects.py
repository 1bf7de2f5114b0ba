"""Redirects, sent and received (RFC 4861 §8)."""

from __future__ import annotations

from mutation import Mutation

REDIRECT, FORWARD = "protocols/ip6/nd_redirect.cc", "protocols/ip6/forward.cc"

MUTATIONS = [
    Mutation(
        id="redirect.first-hop",
        rule="only the first hop may redirect (RFC 4861 §8.1)",
        file=REDIRECT,
        old="present.interface == &interface() && present.next_hop == in.source && !destination.is_link_local();",
        new="present.interface == &interface() && !destination.is_link_local();",
        cases=(
            "redirect-targets.invalid-redirect-is-not-followed",
            "redirect-states.invalid-redirect-tells-nothing",
        ),
    ),
    Mutation(
        id="redirect.target",
        rule="a target that is not the destination is a link-local address (RFC 4861 §8.1)",
        file="protocols/wire/nd.cc",
        old="if (!view.target().is_link_local() && view.target() != view.destination()) return drop(kNdBadRedirectTarget);\n",
        new="",
        cases=("redirect-targets.invalid-redirect-is-not-followed",),
    ),
    Mutation(
        id="redirect.link-layer-address",
        rule="a redirect tells the link-layer address of its target (RFC 4861 §8.3)",
        file=REDIRECT,
        old="if (const auto mac = target_mac(in, redirect.options())) learn(in, target, *mac);\n",
        new="",
        cases=("redirect-states.redirect-tells-a-link-layer-address",),
    ),
    Mutation(
        id="redirect.source-is-neighbor",
        rule="only a neighbour is redirected (RFC 4861 §8.2)",
        file=FORWARD,
        old="if (back.interface != &interface || back.next_hop != source) return;",
        new="if (back.interface != &interface) return;",
        cases=("router-redirects.source-behind-another-router-of-the-link-is-not-redirected",),
    ),
    Mutation(
        id="redirect.quotation",
        rule="a redirect quotes as much as fits the minimum MTU (RFC 4861 §8.2)",
        file=REDIRECT,
        old="const std::size_t room = kMaxRedirected - (tells_mac ? kLinkLayerAddressOptionSize : 0);",
        new="const std::size_t room = kMaxRedirected;",
        cases=("router-redirects.redirect-quotes-as-much-as-fits-the-minimum-mtu",),
    ),
    Mutation(
        id="redirect.rate",
        rule="redirects are limited in rate (RFC 4861 §8.2)",
        file=REDIRECT,
        old="if (!rare().redirect_limit.take(now(), config.icmp6_error_rate, config.icmp6_error_burst)) {",
        new="if (!rare().redirect_limit.take(now(), 1e9, config.icmp6_error_burst)) {",
        cases=("router-redirects.redirects-are-limited-in-rate-over-time",),
    ),
]
