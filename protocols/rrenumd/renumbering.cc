#include "protocols/rrenumd/renumbering.h"

#include <algorithm>

namespace kamesim {

namespace {

using OpCode = PrefixControlOperation::OpCode;

constexpr std::uint8_t kL = 0x80, kA = 0x40;
constexpr std::size_t kMostPrefixes = 64;   // of an interface: commands must not fill the memory
constexpr std::size_t kMostReports = 1024;  // of a Result

bool is_global(const Ipv6Prefix& p) { return !p.address().is_link_local() && !p.address().is_multicast(); }

// §2.1: whether the first is at least as long as the second, and begins as that does.
bool matches(const Ipv6Prefix& p1, const Ipv6Prefix& p2) {
  return p1.length() >= p2.length() && p2.contains(p1.address());
}

// The first bits of one address and the others of another.
Ipv6Address spliced(const Ipv6Address& first, unsigned bits, const Ipv6Address& rest) {
  auto bytes = rest.bytes();
  for (unsigned bit = 0; bit < bits; ++bit) {
    const auto mask = static_cast<std::uint8_t>(0x80 >> bit % 8);
    bytes[bit / 8] = static_cast<std::uint8_t>((bytes[bit / 8] & ~mask) | (first.bytes()[bit / 8] & mask));
  }
  return Ipv6Address(bytes);
}

struct Match {
  RenumberedPrefix matched;
  Ipv6Address bits;  // that are kept: the prefix's, or those of an address in it
};

// §4.3: whether the configured prefix matches, or one of its addresses does.
std::optional<Match> match(const PrefixControlOperation& op, const RenumberedPrefix& configured,
                           const RenumberedInterface& interface) {
  const Ipv6Prefix& p = configured.prefix;
  const Ipv6Prefix m(op.match_prefix, op.match_len);
  const bool eligible = op.min_len <= p.length() && p.length() <= op.max_len;
  if (!eligible) return std::nullopt;
  if (matches(p, m)) return Match{configured, p.address()};
  if (!matches(m, p)) return std::nullopt;
  const auto address = std::ranges::find_if(
      interface.addresses, [&](const Ipv6Address& a) { return p.contains(a) && m.contains(a); });
  if (address == interface.addresses.end()) return std::nullopt;
  return Match{configured, *address};
}

// Empty: a forbidden format.
std::optional<RenumberedPrefix> new_prefix(const UsePrefix& use, const Match& match) {
  const auto length = static_cast<std::uint8_t>(use.use_len + use.keep_len);
  const Ipv6Prefix prefix(spliced(use.prefix, use.use_len, match.bits), length);
  const Ipv6Address& a = prefix.address();
  const bool forbidden = a.is_multicast() || a.is_link_local() || a.is_unspecified() || a.is_loopback() ||
                         use.preferred_lifetime > use.valid_lifetime;
  if (forbidden) return std::nullopt;
  auto flag = [&](std::uint8_t bit, bool old) { return (use.flag_mask & bit) != 0 ? (use.ra_flags & bit) != 0 : old; };
  return RenumberedPrefix{.prefix = prefix,
                          .on_link = flag(kL, match.matched.on_link),
                          .autonomous = flag(kA, match.matched.autonomous),
                          .valid_lifetime = use.valid_lifetime,
                          .preferred_lifetime = use.preferred_lifetime,
                          .lifetimes_decrement = use.decrement_valid || use.decrement_preferred};
}

class Execution {
 public:
  Execution(RenumberedInterface& interface, std::vector<MatchReport>& reports)
      : interface_(interface), reports_(reports) {}

  void run(const PrefixControlOperation& op) {
    // "Any new prefix configured [...] by the effect of a given PCO MUST NOT be tested against that PCO".
    for (const RenumberedPrefix& configured : std::vector(interface_.prefixes)) {
      if (const auto found = match(op, configured, interface_)) apply(op, *found);
    }
  }

 private:
  void apply(const PrefixControlOperation& op, const Match& match) {
    MatchReport report{.ordinal = op.ordinal, .matched = match.matched.prefix, .interface_index = interface_.index};
    std::vector<Ipv6Prefix> marked;
    for (const RenumberedPrefix& p : interface_.prefixes) {
      const bool changed = op.op_code == OpCode::Change && p.prefix == match.matched.prefix;
      const bool all = op.op_code == OpCode::SetGlobal && is_global(p.prefix);
      if (changed || all) marked.push_back(p.prefix);
    }
    for (const UsePrefix& use : op.use) {
      const auto wanted = new_prefix(use, match);
      if (!wanted || interface_.prefixes.size() >= kMostPrefixes) {
        report.forbidden = true;
        continue;
      }
      std::erase(marked, wanted->prefix);
      add(*wanted, match);
    }
    for (const Ipv6Prefix& prefix : marked) remove(prefix);
    if (reports_.size() < kMostReports) reports_.push_back(report);
  }

  // "add the prefix and, if appropriate, configure an address with that prefix": with the interface identifier of the
  // router's address in the Matched Prefix.
  void add(const RenumberedPrefix& wanted, const Match& match) {
    const auto known = std::ranges::find(interface_.prefixes, wanted.prefix, &RenumberedPrefix::prefix);
    if (known != interface_.prefixes.end()) {
      *known = wanted;
      return;
    }
    interface_.prefixes.push_back(wanted);
    const auto old = std::ranges::find_if(interface_.addresses,
                                          [&](const Ipv6Address& a) { return match.matched.prefix.contains(a); });
    if (old == interface_.addresses.end()) return;
    const Ipv6Address address = spliced(wanted.prefix.address(), wanted.prefix.length(), *old);
    if (std::ranges::find(interface_.addresses, address) == interface_.addresses.end()) {
      interface_.addresses.push_back(address);
    }
  }

  void remove(const Ipv6Prefix& prefix) {
    std::erase_if(interface_.prefixes, [&](const RenumberedPrefix& p) { return p.prefix == prefix; });
    std::erase_if(interface_.addresses, [&](const Ipv6Address& a) {
      return prefix.contains(a) && std::ranges::none_of(interface_.prefixes, [&](const RenumberedPrefix& p) {
               return p.prefix.contains(a);
             });
    });
  }

  RenumberedInterface& interface_;
  std::vector<MatchReport>& reports_;
};

}  // namespace

void RouterRenumbering::forget() { processed_.reset(); }

RouterRenumbering::Output RouterRenumbering::on_command(Bytes message, std::vector<RenumberedInterface>& interfaces) {
  // §4.1, header check.
  if (message.size() < RenumberingHeader::kSize) return {.dropped = &kRenumberingTooShort};
  const RenumberingHeader header = RenumberingHeader::parse(message);
  const auto code = static_cast<RenumberingCode>(header.code);
  if (code == RenumberingCode::Result) return {.dropped = &kRenumberingResult};
  if (code != RenumberingCode::Command && code != RenumberingCode::SequenceNumberReset) {
    return {.dropped = &kRenumberingBadCode};
  }
  if (header.sequence_number < recorded_sequence_number_) return {.dropped = &kRenumberingOldSequence};
  RenumberingHeader answer = header;
  answer.code = static_cast<std::uint8_t>(RenumberingCode::Result);
  answer.processed_previously = false;
  const bool newer = header.sequence_number > recorded_sequence_number_;
  if (!newer && !header.test && processed_.test(header.segment_number)) {
    if (!header.result_requested) return {.dropped = &kRenumberingDuplicate};
    answer.processed_previously = true;
    return {.dropped = &kRenumberingDuplicate, .result = to_bytes(answer, std::vector<MatchReport>()),
            .max_delay = header.max_delay};
  }
  // §4.2, bounds check.
  if (newer) {
    forget();
    recorded_sequence_number_ = header.sequence_number;
  }
  Output out{.max_delay = header.max_delay};
  std::vector<MatchReport> reports;
  if (code == RenumberingCode::SequenceNumberReset) {  // §5
    forget();
    recorded_sequence_number_ = 0;
  } else {
    const auto operations = parse_operations(message.subspan(RenumberingHeader::kSize));
    for (const ParsedOperation& p : operations) {
      if (!p.operation) reports.push_back({.out_of_bounds = true, .ordinal = p.ordinal});
    }
    // §4.3, execution; of a test, on a copy.
    std::vector<RenumberedInterface> changed = interfaces;
    for (RenumberedInterface& interface : changed) {
      if (interface.shut_down && !header.all_interfaces) continue;
      Execution execution(interface, reports);
      for (const ParsedOperation& p : operations) {
        if (p.operation) execution.run(*p.operation);
      }
    }
    if (!header.test) {
      out.changed = changed != interfaces;
      interfaces = std::move(changed);
      processed_.set(header.segment_number);
    }
  }
  if (header.result_requested) out.result = to_bytes(answer, reports);
  return out;
}

}  // namespace kamesim
