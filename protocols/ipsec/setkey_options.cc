#include "protocols/ipsec/setkey_options.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "protocols/ipsec/policy_text.h"

namespace kamesim::ipsec {

namespace {

constexpr std::uint64_t kMax32 = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t kMax64 = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kMaxSeconds = 0x7fffffff;  // as many as a lifetime may have, 68 years
// KAME's -r is in octets of the window's bit map: 8 packets each.
constexpr std::uint32_t kPacketsPerWindowOctet = 8;

// Algorithms that the grammar has, and this kernel does not.
constexpr std::pair<std::string_view, const char*> kOtherAlgorithms[] = {
    {"des-deriv", "of ESP as in RFC 1827"},
    {"des-32iv", "of ESP as in RFC 1827"},
    {"twofish-cbc", "OpenSSL has no Twofish"},
    {"skipjack", "OpenSSL has no Skipjack"},
    {"keyed-md5", "of AH as in RFC 1826 (RFC 1828)"},
    {"keyed-sha1", "of AH as in RFC 1826 (RFC 1852)"},
    {"tcp-md5", "of TCP's signatures (RFC 2385)"},
    {"lzs", "a compression (RFC 2395) that zlib does not have"},
    {"oui", "a compression of a vendor's own"},
};

template <typename Lifetimes>
Read<void> read_into(TextCursor& in, const char* what, std::uint64_t low, std::uint64_t high, Lifetimes set) {
  const auto value = in.number(what, low, high);
  if (!value) return tl::unexpected(value.error());
  set(*value);
  return {};
}

Read<void> read_key_of(TextCursor& in, Secret& into, const auto& algorithm) {
  const TextCursor::Place at = in.place();
  auto key = read_key(in);
  if (!key) return tl::unexpected(key.error());
  if (!algorithm.takes_key_of(key->size())) {
    const auto bytes = [&](unsigned bits) { return std::to_string(bits / 8 + algorithm.salt_bytes); };
    std::string right = bytes(algorithm.key.min_bits);
    if (algorithm.key.max_bits != algorithm.key.min_bits) right += " to " + bytes(algorithm.key.max_bits);
    if (algorithm.key.max_bits - algorithm.key.min_bits > algorithm.key.step_bits && algorithm.key.step_bits > 8) {
      right += " in steps of " + std::to_string(algorithm.key.step_bits / 8);
    }
    if (algorithm.salt_bytes != 0) right += ", with " + std::to_string(algorithm.salt_bytes) + " of salt at the end";
    return TextCursor::error(at, "a key of " + std::to_string(key->size()) + " octets; " +
                                     std::string(algorithm.name) + " takes " + right);
  }
  into = std::move(*key);
  return {};
}

// "null" goes without a key; one that stands there is read.
bool key_follows(TextCursor in) { return in.peek() == '"' || in.peek() == '0'; }

template <typename Algorithm, typename Id>
Read<void> read_algorithm(TextCursor& in, const Algorithm* (*find)(std::string_view), Id& id, Secret* key) {
  const TextCursor::Place at = in.place();
  TextCursor before = in;
  const std::string_view name = in.name();
  const Algorithm* algorithm = find(name);
  if (algorithm == nullptr) {
    for (const auto& [other, why] : kOtherAlgorithms) {
      if (other == name) return TextCursor::error(at, std::string(name) + " is not implemented: " + why);
    }
    return before.expected("the name of an algorithm");
  }
  id = algorithm->id;
  if constexpr (requires { algorithm->key; }) {
    if (algorithm->key.min_bits == 0 && !key_follows(in)) return {};
    return read_key_of(in, *key, *algorithm);
  } else {
    return {};
  }
}

// -f OPTION: KAME's, and those of ours.
Read<void> read_flag(TextCursor& in, SaParameters& p) {
  TextCursor before = in;
  const std::string_view flag = in.name();
  if (flag == "zero-pad") {
    p.padding = Padding::Zero;
  } else if (flag == "random-pad") {
    p.padding = Padding::Random;
  } else if (flag == "seq-pad") {
    p.padding = Padding::Sequential;
  } else if (flag == "cyclic-seq") {
    p.cyclic_sequence = true;
  } else if (flag == "nocyclic-seq") {
    p.cyclic_sequence = false;
  } else if (flag == "esn") {
    p.extended_sequence_numbers = true;
  } else if (flag == "clear-df") {
    p.dont_fragment = DontFragment::Clear;
  } else if (flag == "set-df") {
    p.dont_fragment = DontFragment::Set;
  } else if (flag == "ecn-copy") {
    p.ecn = EcnMode::Copy;
  } else if (flag == "ecn-forbidden") {
    p.ecn = EcnMode::Forbidden;
  } else if (flag == "ecn-allowed") {
    p.ecn = EcnMode::Allowed;
  } else if (flag == "dscp") {
    return read_into(in, "a DSCP", 0, 63, [&](std::uint64_t v) { p.dscp = static_cast<std::uint8_t>(v); });
  } else if (flag == "sequence") {
    return read_into(in, "a sequence number", 0, kMax64, [&](std::uint64_t v) { p.numbers_used = v; });
  } else if (flag == "tfc") {
    return read_into(in, "a size of payloads in octets", 0, 0xffff,
                     [&](std::uint64_t v) { p.tfc_pad_to = static_cast<std::uint16_t>(v); });
  } else {
    return before.expected("zero-pad, random-pad, seq-pad, cyclic-seq, nocyclic-seq, esn, clear-df, set-df, ecn-copy, "
                           "ecn-forbidden, ecn-allowed, dscp N, sequence N or tfc N");
  }
  return {};
}

Read<void> read_option(TextCursor& in, SaParameters& p, GivenOptions& given) {
  const TextCursor::Place at = in.place();
  TextCursor before = in;
  in.take('-');
  const std::string_view option = in.name();
  const auto seconds = [](std::uint64_t v) { return Duration::seconds(static_cast<std::int64_t>(v)); };
  if (option == "m") {
    for (const Mode mode : {Mode::Transport, Mode::Tunnel, Mode::Any}) {
      if (in.take_word(to_text(mode))) {
        p.mode = mode;
        return {};
      }
    }
    return in.expected("transport, tunnel or any");
  }
  if (option == "r") {
    return read_into(in, "a replay window in octets, 8 packets each", 0, kMaxReplayWindow / kPacketsPerWindowOctet,
                     [&](std::uint64_t v) {
                       const auto packets = static_cast<std::uint32_t>(v) * kPacketsPerWindowOctet;
                       p.replay_window = packets == 0 ? 0 : std::max(packets, kMinReplayWindow);
                     });
  }
  if (option == "u") {
    return read_into(in, "a reqid", 0, kMax32, [&](std::uint64_t v) { p.reqid = static_cast<std::uint32_t>(v); });
  }
  if (option == "lh") {
    return read_into(in, "seconds", 0, kMaxSeconds, [&](std::uint64_t v) { p.hard.since_added = seconds(v); });
  }
  if (option == "ls") {
    return read_into(in, "seconds", 0, kMaxSeconds, [&](std::uint64_t v) { p.soft.since_added = seconds(v); });
  }
  if (option == "bh") {
    return read_into(in, "octets", 0, kMax64, [&](std::uint64_t v) { p.hard.bytes = v; });
  }
  if (option == "bs") {
    return read_into(in, "octets", 0, kMax64, [&](std::uint64_t v) { p.soft.bytes = v; });
  }
  if (option == "esn") {
    p.extended_sequence_numbers = true;
    return {};
  }
  if (option == "f") {
    given.cyclic = given.cyclic || TextCursor(in).take_word("cyclic-seq") || TextCursor(in).take_word("nocyclic-seq");
    return read_flag(in, p);
  }
  const Protocol protocol = p.address.protocol;
  if (option == "E") {
    if (protocol != Protocol::Esp) return TextCursor::error(at, "-E is for esp");
    given.encryption = true;
    return read_algorithm(in, find_encryption, p.encryption, &p.encryption_key);
  }
  if (option == "A") {
    if (protocol == Protocol::IpComp) return TextCursor::error(at, "-A is for ah and esp");
    given.integrity = true;
    return read_algorithm(in, find_integrity, p.integrity, &p.integrity_key);
  }
  if (option == "C") {
    if (protocol != Protocol::IpComp) return TextCursor::error(at, "-C is for ipcomp");
    given.compression = true;
    return read_algorithm(in, find_compression, p.compression, nullptr);
  }
  if (option == "ctx") return read_security_context(in);
  if (option == "R" && given.compression) return {};  // the SPI is the CPI, as it always is here
  return before.expected(kOptionsOfAdd);
}

}  // namespace

Read<void> read_options(TextCursor& in, SaParameters& p, GivenOptions& given) {
  while (in.peek() == '-') {
    if (const auto option = read_option(in, p, given); !option) return option;
  }
  return {};
}

// What the options together leave open or rule out.
Read<void> check_options(TextCursor::Place at, const SaParameters& p, const GivenOptions& given) {
  const Protocol protocol = p.address.protocol;
  if (protocol == Protocol::Esp && !given.encryption && !given.integrity) {
    return TextCursor::error(at, "esp needs -E ALGORITHM KEY, or -A ALGORITHM KEY, or both");
  }
  if (protocol == Protocol::Ah && p.integrity == Integrity::None && !given.integrity) {
    return TextCursor::error(at, "ah needs -A ALGORITHM KEY");
  }
  if (protocol == Protocol::IpComp && !given.compression) return TextCursor::error(at, "ipcomp needs -C deflate");
  if (protocol == Protocol::Esp && algorithm(p.encryption).combined() && p.integrity != Integrity::None) {
    return TextCursor::error(at, std::string(algorithm(p.encryption).name) +
                                     " has integrity of its own: it goes without -A (RFC 4303 §3.2.3)");
  }
  if (protocol == Protocol::Esp && algorithm(p.integrity).ah_only) {
    return TextCursor::error(at, std::string(algorithm(p.integrity).name) +
                                     " is for ah; esp has -E null-auth-aes-gmac (RFC 4543 §3)");
  }
  if (protects_nothing(p)) {
    return TextCursor::error(at, "esp with neither encryption nor integrity protects nothing (RFC 4301 §4.2): -E or -A "
                                 "with an algorithm that is not null");
  }
  // RFC 4303 §2.2: without ESN there are 32 bits of it.
  if (!p.extended_sequence_numbers && p.numbers_used > kMax32) {
    return TextCursor::error(at, "-f sequence beyond 32 bits is for extended sequence numbers: -f esn");
  }
  return {};
}

Read<void> read_security_context(TextCursor& in) {
  const TextCursor::Place at = in.place();
  if (const auto doi = in.number("a domain of interpretation", 0, kMax32); !doi) return tl::unexpected(doi.error());
  if (const auto rule = in.number("an algorithm of contexts", 0, 255); !rule) return tl::unexpected(rule.error());
  bool closed = false;
  in.quoted(closed);
  if (!closed) return in.expected("a security context between quotes");
  return TextCursor::error(at, "security contexts (-ctx) are not implemented: nodes here have no such labels");
}

Read<Secret> read_key(TextCursor& in) {
  const TextCursor::Place at = in.place();
  if (in.peek() == '"') {
    bool closed = false;
    const std::string_view text = in.quoted(closed);
    if (!closed) return TextCursor::error(at, "a key whose closing '\"' is missing");
    return Secret(Bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
  }
  TextCursor before = in;
  std::string_view hex = in.digits();
  if (!hex.starts_with("0x") && !hex.starts_with("0X")) {
    return before.expected("a key, as \"text\" or as 0x and hexadecimal digits");
  }
  hex.remove_prefix(2);
  const auto value = [](char c) {
    return static_cast<unsigned>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
  };
  std::vector<std::uint8_t> key;
  key.reserve(hex.size() / 2 + 1);  // not moved, so that one place is to be wiped
  if (hex.size() % 2 != 0) {  // KAME: the first digit is an octet
    key.push_back(static_cast<std::uint8_t>(value(hex[0])));
    hex.remove_prefix(1);
  }
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    key.push_back(static_cast<std::uint8_t>(value(hex[i]) << 4 | value(hex[i + 1])));
  }
  Secret secret{Bytes(key)};
  OPENSSL_cleanse(key.data(), key.size());
  return secret;
}

}  // namespace kamesim::ipsec
