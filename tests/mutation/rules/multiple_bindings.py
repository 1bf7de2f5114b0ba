"""Several care-of addresses (RFC 5648) and flow bindings (RFC 6089, 6088)."""

from __future__ import annotations

from mutation import Mutation

REGISTRATION, FLOWS = "protocols/mcoa/multiple_registration.cc", "protocols/mcoa/flow_bindings.cc"
UPDATER, OWN_FLOWS = "protocols/mcoa/multiple_binding_updater.cc", "protocols/mcoa/own_flows.cc"
PATHS, SELECTOR = "protocols/mcoa/binding_paths.cc", "protocols/mcoa/traffic_selector.cc"

MUTATIONS = [
    Mutation(
        id="mcoa.non-mcoa-binding",
        rule="a plain binding stays unless the O flag is set (RFC 5648 §6.2)",
        file=REGISTRATION,
        old="if (!message.overwrite && cache_.lookup(now, home) && bindings_.of(home).empty()) return kNonMcoaBindingExists;\n",
        new="  (void)now, (void)home;\n",
        cases=("home-agent-multiple-bindings.plain-binding-is-not-replaced-without-the-o-flag",),
    ),
    Mutation(
        id="mcoa.overwrite",
        rule="with the O flag all bindings are replaced (RFC 5648 §6.2)",
        file=REGISTRATION,
        old="if (asked.overwrite) bindings_.erase_all(home);\n",
        new="",
        cases=("home-agent-multiple-bindings.overwriting-update-replaces-all-bindings",),
    ),
    Mutation(
        id="mcoa.unknown-coa",
        rule="a BID that is not known needs a care-of address (RFC 5648 §6.2)",
        file=REGISTRATION,
        old="return refused(kUnknownCareOfAddress);",
        new="return refused(kMalformed);",
        cases=("home-agent-multiple-bindings.unknown-bid-without-a-care-of-address-is-refused",),
    ),
    Mutation(
        id="mcoa.not-complete",
        rule="a bulk registration that fails in part has status 4 (RFC 5648 §6.2)",
        file=REGISTRATION,
        old="    status = kNotComplete;\n",
        new="    status = judged.back().status;\n",
        cases=("home-agent-multiple-bindings.bulk-registration-that-fails-in-part-tells-the-status-of-each",),
    ),
    Mutation(
        id="mcoa.plain-replaces",
        rule="a registration without BIDs replaces all (RFC 5648 §6.2)",
        file=REGISTRATION,
        old="if (accepted(out.ack->answer.ack.status) && forget(r.home_address())) out.changed",
        new="if (accepted(out.ack->answer.ack.status) && r.requests_deletion() && forget(r.home_address())) out.changed",
        cases=("home-agent-multiple-bindings.plain-registration-replaces-all-bindings",),
    ),
    Mutation(
        id="mcoa.bid-pri",
        rule="packets go to the binding with the lowest BID-PRI (RFC 6089 §5.1.1)",
        file="protocols/mcoa/care_of_bindings.cc",
        old="return a.priority < b.priority;",
        new="return b.priority < a.priority;",
        cases=("home-agent-multiple-paths.packet-goes-to-the-binding-of-the-lowest-bid-pri",),
    ),
    Mutation(
        id="mcoa.flow-removal",
        rule="flows that an update does not refer to are removed (RFC 6089 §5.3.4)",
        file=FLOWS,
        old="    return std::ranges::find(options.flow_summary, flow.fid) == options.flow_summary.end() &&",
        new="    return flow.fid == 0 && std::ranges::find(options.flow_summary, flow.fid) == options.flow_summary.end() &&",
        cases=("home-agent-flow-bindings.flow-that-an-update-does-not-refer-to-is-removed",),
    ),
    Mutation(
        id="mcoa.flow-bid",
        rule="a flow is bound to BIDs that are registered (RFC 6089 §5.3.2.1)",
        file=FLOWS,
        old="if (!std::ranges::all_of(*asked.bids, registered)) return kFlowBidNotFound;",
        new="if (!std::ranges::any_of(*asked.bids, registered)) return kFlowBidNotFound;",
        cases=("home-agent-flow-bindings.flow-that-cannot-be-made-is-refused",),
    ),
    Mutation(
        id="mcoa.fragments",
        rule="fragments go where the first one goes (RFC 6089 §5.3.6)",
        file=PATHS,
        old="return it != fragments_.end() ? it->second : matching(packet);",
        new="return it != fragments_.end() && it->second == nullptr ? it->second : matching(packet);",
        cases=("home-agent-flow-bindings.fragments-go-where-the-first-one-goes",),
    ),
    Mutation(
        id="mcoa.selector-ecn",
        rule="a traffic selector ignores the bits of ECN (RFC 6088 §3.2)",
        file=SELECTOR,
        old="constexpr std::uint8_t kDifferentiatedServices = 0xfc;",
        new="constexpr std::uint8_t kDifferentiatedServices = 0xff;",
        cases=("home-agent-flow-bindings.selector-looks-at-the-fields-of-the-packet",),
    ),
    Mutation(
        id="mcoa.bootstrapping",
        rule="the first registration has the O flag (RFC 5648 §5.9)",
        file=UPDATER,
        old="work_ == Work::Register && !bootstrapped_;",
        new="work_ == Work::Register && !bootstrapped_ && plain_;",
        cases=("multihomed-node-registration.first-update-overwrites-and-has-the-care-of-address-in-the-option",),
    ),
    Mutation(
        id="mcoa.lost-link",
        rule="the binding of a lost link is deleted by another (RFC 5648 §5.4)",
        file=UPDATER,
        old="if (auto gone = due(Work::Delete); !gone.empty()) {",
        new="if (auto gone = due(Work::Delete); gone.size() > 1) {",
        cases=("multihomed-node-registration.binding-of-a-lost-link-is-deleted-by-the-other",),
    ),
    Mutation(
        id="mcoa.flow-summary",
        rule="every update refreshes the flows that are known (RFC 6089 §5.2.3)",
        file=OWN_FLOWS,
        old="      if (entry.registered) options.flow_summary.push_back(fid);\n",
        new="",
        cases=("multihomed-node-registration.known-flow-is-refreshed-by-a-summary",),
    ),
]
