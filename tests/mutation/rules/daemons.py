"""What routers tell and obey beside: options of their advertisements, the guard against rogue routers, Router Renumbering
(RFC 4191, 8106, 6104, 2894)."""

from __future__ import annotations

from mutation import Mutation

ADVERTISEMENT, ROGUES = "protocols/rtadvd/message.cc", "protocols/rafixd/rogue_routers.cc"
RENUMBERING = "protocols/rrenumd/renumbering.cc"

MUTATIONS = [
    Mutation(
        id="rtadvd.preference",
        rule="a router of lifetime zero has the preference Medium (RFC 4191 §2.2)",
        file="protocols/wire/nd.cc",
        old="const int preference = router_lifetime == 0 ? 0 : to_bits(message.preference);",
        new="const int preference = router_lifetime == 0 ? 1 : to_bits(message.preference);",
        cases=(
            "router-options.router-that-is-no-default-router-has-the-preference-medium",
            "router-options.last-advertisements-have-the-preference-medium",
        ),
    ),
    Mutation(
        id="rtadvd.last-routes",
        rule="routes are taken back when a router ceases to advertise (RFC 4191 §4)",
        file=ADVERTISEMENT,
        old="c.final ? Duration() : r.lifetime",
        new="r.lifetime",
        cases=("router-options.routes-are-taken-back-when-a-router-ceases-to-advertise",),
    ),
    Mutation(
        id="rtadvd.flags-first",
        rule="further flags stand before the options that belong to them (RFC 5175 §4)",
        file=ADVERTISEMENT,
        old="  if (config.flags_expansion != 0) emit(out, FlagsExpansion{config.flags_expansion});\n"
        "  if (config.source_link_layer_address && c.source) emit(out, SourceLinkLayerAddress{*c.source});",
        new="  if (config.source_link_layer_address && c.source) emit(out, SourceLinkLayerAddress{*c.source});\n"
        "  if (config.flags_expansion != 0) emit(out, FlagsExpansion{config.flags_expansion});",
        cases=("router-options.further-flags-stand-before-the-other-options",),
    ),
    Mutation(
        id="rtadvd.several",
        rule="what does not fit follows in another advertisement (RFC 4861 §6.2.3)",
        file=ADVERTISEMENT,
        old="if (messages.back().size() + bytes.size() > max_size) messages.push_back(beginning);",
        new="if (messages.back().size() + bytes.size() > max_size) return;",
        cases=("router-options.options-that-do-not-fit-follow-in-another-advertisement",),
    ),
    Mutation(
        id="rtadvd.interval-anew",
        rule="an answer to all nodes begins the interval anew (RFC 4861 §6.2.6)",
        file="protocols/rtadvd/schedule.cc",
        old="std::max(interval, intervals_.min_delay_between_ras);",
        new="std::max(interval / 10, intervals_.min_delay_between_ras);",
        cases=("router-solicitations-received.answer-to-all-nodes-begins-the-interval-anew",),
    ),
    Mutation(
        id="rafixd.rate",
        rule="a rogue is answered once a second at most",
        file=ROGUES,
        old="    if (now < known->at + kLeastInterval) return false;\n",
        new="",
        cases=("rogue-routers.one-rogue-is-answered-once-a-second-at-most",),
    ),
    Mutation(
        id="rafixd.within",
        rule="prefixes within those allowed are wanted",
        file=ROGUES,
        old="return a.length() <= prefix.length() && a.contains(prefix.address());",
        new="return a == prefix;",
        cases=("rogue-routers.advertisement-that-is-wanted-is-left-alone",),
    ),
    Mutation(
        id="rrenumd.sequence",
        rule="an older command is discarded (RFC 2894 §4.1)",
        file=RENUMBERING,
        old="  if (header.sequence_number < recorded_sequence_number_) return {.dropped = &kRenumberingOldSequence};\n",
        new="",
        cases=(
            "router-renumbering.older-command-is-discarded",
            "router-renumbering.sequence-number-outlasts-a-reboot",
        ),
    ),
    Mutation(
        id="rrenumd.once",
        rule="a command is executed once (RFC 2894 §4.1)",
        file=RENUMBERING,
        old="      processed_.set(header.segment_number);\n",
        new="",
        cases=("router-renumbering.command-that-comes-again-is-reported-and-not-done",),
    ),
    Mutation(
        id="rrenumd.test",
        rule="a test changes nothing (RFC 2894 §3.1)",
        file=RENUMBERING,
        old="    if (!header.test) {\n      out.changed",
        new="    if (!header.test || newer) {\n      out.changed",
        cases=("router-renumbering.test-reports-and-changes-nothing",),
    ),
    Mutation(
        id="rrenumd.eligible",
        rule="prefixes of other lengths are left alone (RFC 2894 §4.3)",
        file=RENUMBERING,
        old="op.min_len <= p.length() && p.length() <= op.max_len;",
        new="op.min_len <= p.length() || p.length() <= op.max_len;",
        cases=("router-renumbering.prefix-of-another-length-is-left-alone",),
    ),
]
