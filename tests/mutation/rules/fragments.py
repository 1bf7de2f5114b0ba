"""Fragmentation and reassembly (RFC 8200 §4.5, RFC 5722, RFC 6946, RFC 7112)."""

from __future__ import annotations

from mutation import Mutation

EXTENSIONS, REASSEMBLY = "protocols/ip6/extension_input.cc", "protocols/ip6/reassembly.cc"

MUTATIONS = [
    Mutation(
        id="fragments.length",
        rule="a fragment before others has a length of a multiple of 8 octets (RFC 8200 §4.5)",
        file=EXTENSIONS,
        old="if (f.more_fragments && data % 8 != 0) {",
        new="if (f.more_fragments && data % 8 == 9) {",
        cases=("fragment-errors.fragment-before-others-whose-length-is-no-multiple-of-8-is-reported",),
    ),
    Mutation(
        id="fragments.too-long",
        rule="fragments of a packet that would be too long are reported by the Fragment Offset (RFC 8200 §4.5)",
        file=EXTENSIONS,
        old="in.offset + kFragmentOffsetFieldOffset,\n",
        new="in.offset,\n",
        cases=("fragment-errors.fragment-that-would-make-the-packet-too-long-is-reported",),
    ),
    Mutation(
        id="fragments.timeout",
        rule="reassembly is given up after 60 seconds (RFC 8200 §4.5)",
        file=REASSEMBLY,
        old=".expires = now + kReassemblyTimeout, .protection",
        new=".expires = now + kReassemblyTimeout - 30_s, .protection",
        cases=(
            "fragment-errors.reassembly-is-given-up-after-60-seconds-and-reported",
            "reassembly-keys.fragments-may-take-just-under-a-minute",
        ),
    ),
    Mutation(
        id="fragments.timeout-without-first",
        rule="Time Exceeded is sent only if the first fragment came (RFC 8200 §4.5)",
        file=REASSEMBLY,
        old="if (p.fragments.front().begin == 0) out.first_fragment",
        new="out.first_fragment",
        cases=("fragment-errors.reassembly-without-its-first-fragment-is-given-up-silently",),
    ),
    Mutation(
        id="fragments.atomic",
        rule="an atomic fragment is a packet of its own (RFC 6946 §4)",
        file=EXTENSIONS,
        old="if (header->is_atomic() && config().rules.atomic_fragments_apart) {",
        new="if (header->is_atomic() && in.packet.size() == 0) {",
        cases=("fragment-errors.atomic-fragment-is-a-packet-of-its-own",),
    ),
    Mutation(
        id="fragments.whole-chain",
        rule="a first fragment without the whole header chain is refused (RFC 7112 §5)",
        file=EXTENSIONS,
        old="return rest.size() >= upper_layer_header_size(upper->protocol, rest);",
        new="return rest.size() + 8 >= upper_layer_header_size(upper->protocol, rest);",
        cases=("fragment-errors.first-fragment-without-the-upper-layer-header-is-reported",),
    ),
    Mutation(
        id="fragments.identification",
        rule="fragments of one packet bear the same identification (RFC 8200 §4.5)",
        file=REASSEMBLY,
        old="const bool same_packet = p->identification == a.identification && p->destination == a.destination;",
        new="const bool same_packet = p->destination == a.destination;",
        cases=(
            "reassembly.fragments-of-different-packets-do-not-mix",
            "reassembly-keys.fragments-that-differ-are-not-put-together",
        ),
    ),
    Mutation(
        id="fragments.offset-of-output",
        rule="fragments carry multiples of 8 octets and fit the path MTU (RFC 8200 §4.5)",
        file="protocols/ip6/output.cc",
        old="const std::size_t room = (mtu - part.size - kFragmentHeaderSize) / 8 * 8;",
        new="const std::size_t room = (mtu - part.size) / 8 * 8;",
        cases=("fragmentation.large-packets-leave-in-fragments",),
    ),
    Mutation(
        id="fragments.overlap",
        rule="overlapping fragments discard the whole packet (RFC 8200 §4.5, RFC 5722 §4)",
        file="protocols/ip6/reassembly.cc",
        old="return rules_.overlap_discards_newcomer_only ? discard(reason) : poison(reason);",
        new="return discard(reason);",
        cases=("fragment-errors.fragments-that-would-complete-an-overlapping-packet-are-discarded",),
    ),
    Mutation(
        id="fragments.from-the-first",
        rule="the time of reassembly runs from the fragment that came first (RFC 8200 §4.5)",
        file="protocols/ip6/reassembly.cc",
        old="  Pending& p = *it;\n",
        new="  Pending& p = *it;\n  p.expires = now + kReassemblyTimeout;\n",
        cases=("odd-packets.timer-runs-from-the-fragment-that-came-first",),
    ),
]
