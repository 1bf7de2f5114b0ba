"""Fast handovers (RFC 5568)."""

from __future__ import annotations

from mutation import Mutation

PREVIOUS = "protocols/fmip6/previous_access_router.cc"
NEW, ROUTER = "protocols/fmip6/new_access_router.cc", "protocols/fmip6/access_router_daemon.cc"
BUFFER, CONSTANTS = "protocols/fmip6/handover_buffer.cc", "protocols/fmip6/constants.h"
MOBILE = "protocols/fmip6/fast_mobile_node.cc"
MOBILE_DAEMON = "protocols/fmip6/fast_mobile_node_daemon.cc"

MUTATIONS = [
    Mutation(
        id="fmip6.code-of-hi",
        rule="an update from the new link makes a Handover Initiate with Code 1 (RFC 5568 §4)",
        file=PREVIOUS,
        old=".code = static_cast<std::uint8_t>(from_here ? 0 : 1),",
        new=".code = 0,",
        cases=("access-router-previous.update-from-the-new-link-has-code-1",),
    ),
    Mutation(
        id="fmip6.authenticator",
        rule="an update is believed with the right authenticator only (RFC 5568 §6.4.5, §10)",
        file=PREVIOUS,
        old="if (!authentic) return &kFbuBadAuthenticator;",
        new="(void)authentic;",
        cases=("access-router-previous.update-that-is-not-authorized-is-discarded",),
    ),
    Mutation(
        id="fmip6.assigned-address",
        rule="an address in the HAck is told in the FBack (RFC 5568 §4, §5.2)",
        file=PREVIOUS,
        old="    granted.alternate_care_of_address = ack.new_care_of;\n",
        new="",
        cases=("access-router-previous.address-that-was-assigned-is-told",),
    ),
    Mutation(
        id="fmip6.back-off-of-hi",
        rule="Handover Initiates are repeated with exponential back-off (RFC 5568 §6.2.1.1)",
        file=PREVIOUS,
        old="  handover.timeout = handover.timeout * 2;\n",
        new="",
        cases=("access-router-previous.handover-initiate-is-sent-again-with-back-off",),
    ),
    Mutation(
        id="fmip6.proxy-lifetime",
        rule="a new care-of address is defended for PROXY_ND_LIFETIME (RFC 5568 §4, §9)",
        file=CONSTANTS,
        old="kProxyNdLifetime = 1500_ms;",
        new="kProxyNdLifetime = 15000_ms;",
        cases=("access-router-new.new-care-of-address-is-defended-for-proxy-nd-lifetime",),
    ),
    Mutation(
        id="fmip6.who-announces",
        rule="address and link-layer address together tell the mobile node from others (RFC 5568 §6.3)",
        file=NEW,
        old="if (it == handovers_.end() || it->second.testing || it->second.initiate.mobile_node != mac) return {};",
        new="if (it == handovers_.end() || it->second.testing) return {};",
        cases=("access-router-new.announcement-of-another-station-sends-nothing-on",),
    ),
    Mutation(
        id="fmip6.announcement",
        rule="an announcement has no O bit (RFC 5568 §6.3)",
        file=ROUTER,
        old="if (!view || view->solicited() || view->override()) return;",
        new="if (!view || view->solicited()) return;",
        cases=("access-router-new.advertisement-with-the-o-bit-is-no-announcement",),
    ),
    Mutation(
        id="fmip6.burst",
        rule="at most five packets are sent one after another (RFC 5568 §5.4)",
        file=CONSTANTS,
        old="kMostBackToBack = 5;",
        new="kMostBackToBack = 50;",
        cases=("access-router-new.at-most-five-are-sent-one-after-another",),
    ),
    Mutation(
        id="fmip6.buffer-bound",
        rule="the buffer is bounded (RFC 5568 §10)",
        file=BUFFER,
        old="  if (packets_.size() == limit_) return stack().drop(kHandoverBufferFull, packet.bytes());\n",
        new="",
        cases=("access-router-new.buffer-is-bounded",),
    ),
    Mutation(
        id="fmip6.identifier",
        rule="an advertisement answers the solicitation whose identifier it has (RFC 5568 §6.1.2)",
        file=MOBILE,
        old="if (!solicitation_ || solicitation_->identifier != identifier) return {.dropped = &kPrRtAdvUnmatched};",
        new="if (!solicitation_) return {.dropped = &kPrRtAdvUnmatched};\n    (void)identifier;",
        cases=("fast-mobile-node.answer-with-another-identifier-is-no-answer",),
    ),
    Mutation(
        id="fmip6.authentic-acknowledgement",
        rule="an acknowledgement is believed with the right authenticator only (RFC 5568 §6.4.5)",
        file=MOBILE,
        old="if (!ack.authorization || !authentic(h.new_care_of)) return {.dropped = &kFbackBadAuthenticator};",
        new="(void)authentic;",
        cases=("fast-mobile-node.acknowledgement-that-is-not-authentic-is-ignored",),
    ),
    Mutation(
        id="fmip6.supplied-address",
        rule="an address that is supplied is used (RFC 5568 §3.2, §4)",
        file=MOBILE,
        old="if (supplied) h.new_care_of = *ack.alternate_care_of_address;",
        new="(void)supplied;",
        cases=("fast-mobile-node.address-that-is-supplied-is-used",),
    ),
    Mutation(
        id="fmip6.una",
        rule="the arrival is announced at once (RFC 5568 §4, §6.3)",
        file=MOBILE_DAEMON,
        old="  link_.announce(a.new_care_of);\n",
        new="",
        cases=("fast-mobile-node.arrival-is-announced-at-once",),
    ),
]
