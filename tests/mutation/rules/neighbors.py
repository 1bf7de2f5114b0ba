"""Address resolution and Neighbor Unreachability Detection (RFC 4861 §7)."""

from __future__ import annotations

from mutation import Mutation

CONSTANTS, NUD = "protocols/ip6/nd_constants.h", "protocols/ip6/nd_reachability.cc"
INPUT, RESOLUTION, MESSAGES = "protocols/ip6/nd_input.cc", "protocols/ip6/nd_resolution.cc", "protocols/wire/nd.cc"

MUTATIONS = [
    Mutation(
        id="nd.hop-limit",
        rule="Neighbor Discovery messages have a hop limit of 255 (RFC 4861 §6.1, §7.1, §8.1)",
        file=MESSAGES,
        old="if (ip.hop_limit != kNdHopLimit) return drop(kNdBadHopLimit);",
        new="if (ip.hop_limit == 0) return drop(kNdBadHopLimit);",
        cases=(
            "neighbor-solicitations.invalid-solicitation-is-silently-discarded",
            "neighbor-advertisements.invalid-advertisement-is-silently-discarded",
            "redirect-targets.invalid-redirect-is-not-followed",
        ),
    ),
    Mutation(
        id="nd.code",
        rule="Neighbor Discovery messages have a code of 0 (RFC 4861 §6.1, §7.1, §8.1)",
        file=MESSAGES,
        old="if (message[1] != 0) return drop(kNdBadCode);\n",
        new="",
        cases=("neighbor-solicitations.invalid-solicitation-is-silently-discarded",),
    ),
    Mutation(
        id="nd.ns-unspecified-with-address",
        rule="a solicitation from the unspecified address tells no link-layer address (RFC 4861 §7.1.1)",
        file=MESSAGES,
        old="if (ip.source.is_unspecified() && !is_solicited_node(ip.destination)) return drop(kNdUnspecifiedSourceToOther);"
        "\n  if (ip.source.is_unspecified() && options->contains(NdOptionType::SourceLinkLayerAddress))",
        new="if (ip.source.is_unspecified() && !is_solicited_node(ip.destination)) return drop(kNdUnspecifiedSourceToOther);"
        "\n  if (ip.source.is_multicast() && options->contains(NdOptionType::SourceLinkLayerAddress))",
        cases=("neighbor-solicitations.invalid-solicitation-is-silently-discarded",),
    ),
    Mutation(
        id="nd.na-solicited-to-group",
        rule="an advertisement to a group is not solicited (RFC 4861 §7.1.2)",
        file=MESSAGES,
        old="if (ip.destination.is_multicast() && view.solicited()) return drop(kNdMulticastSolicited);\n",
        new="",
        cases=("neighbor-advertisements.invalid-advertisement-is-silently-discarded",),
    ),
    Mutation(
        id="nd.option-length",
        rule="an option of length zero spoils the message (RFC 4861 §4.6)",
        file="protocols/wire/nd_options.cc",
        old="if (size == 0) return drop(kNdOptionZeroLength);",
        new="if (size == 0) return NdOptions(options.first(options.size() - rest.size()));",
        cases=(
            "neighbor-solicitations.invalid-solicitation-is-silently-discarded",
            "neighbor-advertisements.invalid-advertisement-is-silently-discarded",
            "default-routers.invalid-router-advertisement-is-silently-discarded",
        ),
    ),
    Mutation(
        id="nd.max-multicast-solicit",
        rule="a neighbour is asked MAX_MULTICAST_SOLICIT times (RFC 4861 §7.2.2, §10)",
        file=CONSTANTS,
        old="kMaxMulticastSolicit = 3;",
        new="kMaxMulticastSolicit = 2;",
        cases=("address-resolution.address-is-asked-for-three-times-a-second-apart",),
    ),
    Mutation(
        id="nd.max-unicast-solicit",
        rule="a neighbour is probed MAX_UNICAST_SOLICIT times (RFC 4861 §7.3.3, §10)",
        file=CONSTANTS,
        old="kMaxUnicastSolicit = 3;",
        new="kMaxUnicastSolicit = 4;",
        cases=("unreachability.neighbor-that-does-not-answer-probes-is-forgotten",),
    ),
    Mutation(
        id="nd.delay-first-probe",
        rule="the first probe comes DELAY_FIRST_PROBE_TIME after the packet (RFC 4861 §7.3.3, §10)",
        file=CONSTANTS,
        old="kDelayFirstProbeTime = 5_s;",
        new="kDelayFirstProbeTime = 4_s;",
        cases=("unreachability.stale-neighbor-is-probed-five-seconds-after-a-packet-to-it",),
    ),
    Mutation(
        id="nd.retrans-timer",
        rule="solicitations are RETRANS_TIMER apart (RFC 4861 §7.2.2, §10)",
        file=CONSTANTS,
        old="kRetransTimer = 1000_ms;",
        new="kRetransTimer = 1100_ms;",
        cases=(
            "address-resolution.address-is-asked-for-three-times-a-second-apart",
            "duplicate-addresses.address-is-assigned-a-second-after-the-test",
        ),
    ),
    Mutation(
        id="nd.reachable-time",
        rule="a neighbour stays reachable for a time drawn around REACHABLE_TIME (RFC 4861 §6.3.2, §10)",
        file="protocols/ip6/neighbor_discovery.cc",
        old="  reachable_time_ = base_reachable_time().scaled(",
        new="  reachable_time_ = (base_reachable_time() * 2).scaled(",
        cases=("unreachability.neighbor-is-not-reachable-for-longer-than-the-reachable-time",),
    ),
    Mutation(
        id="nd.override",
        rule="an advertisement without Override does not change the address (RFC 4861 §7.2.5 I)",
        file=NUD,
        old="{In::Reachable,     Flag::Any, Flag::No,   Lladdr::Differs,  Action::Nothing, State::Stale},",
        new="{In::Reachable,     Flag::Any, Flag::No,   Lladdr::Differs,  Action::Record,  State::Stale},",
        cases=("advertisement-states.advertisement-changes-a-complete-entry",),
    ),
    Mutation(
        id="nd.unsolicited-is-stale",
        rule="an unsolicited advertisement does not confirm reachability (RFC 4861 §7.2.5)",
        file=NUD,
        old="{In::NotIncomplete, Flag::No,  Flag::Yes,  Lladdr::Differs,  Action::Record,  State::Stale},",
        new="{In::NotIncomplete, Flag::No,  Flag::Yes,  Lladdr::Differs,  Action::Record,  State::Reachable},",
        cases=("advertisement-states.advertisement-changes-a-complete-entry",),
    ),
    Mutation(
        id="nd.solicitation-makes-stale",
        rule="an address that a solicitation tells is not a confirmed one (RFC 4861 §7.2.3)",
        file=NUD,
        old="  n.mac = mac;\n  become_stale(n);\n",
        new="  n.mac = mac;\n  n.state = State::Reachable;\n  n.until = Time::max();\n",
        cases=("solicitation-states.solicitation-tells-a-link-layer-address",),
    ),
    Mutation(
        id="nd.router-flag",
        rule="a router sets the Router flag of its advertisements (RFC 4861 §7.2.4)",
        file="protocols/ip6/nd_advertise.cc",
        old=".router = acts_as_router(interface()) &&\n"
        "                                  (!is_proxy(target) || proxied_for_router(stack(), target)),\n"
        "                  .solicited = !to_all,",
        new=".router = acts_as_router(interface()) && is_proxy(target),\n                  .solicited = !to_all,",
        cases=("neighbor-solicitations.router-says-that-it-is-one",),
    ),
    Mutation(
        id="nd.solicited-flag",
        rule="an answer to the unspecified address is not solicited (RFC 4861 §7.2.4)",
        file="protocols/ip6/nd_advertise.cc",
        old=".solicited = !to_all,",
        new=".solicited = true,",
        cases=(
            "duplicate-addresses.assigned-address-is-defended",
            "dad-messages.assigned-address-is-defended-to-all-nodes",
        ),
    ),
    Mutation(
        id="nd.anycast-delay",
        rule="answers for an anycast address are delayed at random (RFC 4861 §7.2.7)",
        file="protocols/ip6/nd_advertise.cc",
        old="const bool one_of_several = anycast || (",
        new="const bool one_of_several = (",
        cases=("anycast.answers-for-an-anycast-address-are-delayed-at-random",),
    ),
    Mutation(
        id="nd.queue-oldest",
        rule="new packets displace the oldest that wait (RFC 4861 §7.2.2)",
        file="protocols/ip6/hold_queue.cc",
        old="const bool goes = i == 0 ||",
        new="const bool goes = i + 1 == queue.size() ||",
        cases=("address-resolution.new-packets-displace-the-oldest-that-wait",),
    ),
    Mutation(
        id="nd.no-entry",
        rule="an advertisement that a host did not ask for makes no entry (RFC 4861 §7.2.5)",
        file=INPUT,
        old="if (!acts_as_router(interface()) || !stack().config().nd.learn_unsolicited || !mac) {",
        new="if (!stack_.config().nd.learn_unsolicited || !mac) {",
        cases=("advertisement-states.advertisement-makes-no-entry",),
    ),
    Mutation(
        id="nd.in-fragments",
        rule="Neighbor Discovery messages in fragments are ignored (RFC 6980 §5)",
        file="protocols/ip6/icmp6_input.cc",
        old="if (in.fragmented) return stack_.drop(kNdFragmented, in.packet.bytes());",
        new="if (in.fragmented && message.empty()) return stack_.drop(kNdFragmented, in.packet.bytes());",
        cases=(
            "nd-in-fragments.neighbor-solicitation-in-fragments-is-ignored",
            "nd-in-fragments.neighbor-advertisement-in-fragments-is-ignored",
            "nd-in-fragments.router-advertisement-in-fragments-is-ignored",
            "nd-in-fragments.redirect-in-fragments-is-ignored",
        ),
    ),
    Mutation(
        id="nd.option-truncated",
        rule="an option that reaches beyond the message spoils it (RFC 4861 §4.6)",
        file="protocols/wire/nd_options.cc",
        old="if (rest.size() < size) return drop(kNdOptionTruncated);",
        new="if (rest.size() < size) return NdOptions(options.first(options.size() - rest.size()));",
        cases=(
            "received-options.option-that-spoils-a-solicitation-spoils-those-before-it-too",
            "received-options.option-that-spoils-a-router-advertisement-spoils-all-of-it",
        ),
    ),
    Mutation(
        id="nd.address-length",
        rule="the link-layer address option of Ethernet has 8 octets (RFC 2464 §6)",
        file="protocols/wire/nd_options.cc",
        old="if (!has(option, type, 8)) return std::nullopt;  // RFC 2464 §6",
        new="if (option.type != type) return std::nullopt;  // RFC 2464 §6",
        cases=("received-options.link-layer-address-of-another-length-is-none",),
    ),
]
