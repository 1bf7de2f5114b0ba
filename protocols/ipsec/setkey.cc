#include "protocols/ipsec/setkey.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace kamesim::ipsec {

namespace {

constexpr std::uint64_t kMax32 = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t kMaxSeconds = 0x7fffffff;  // as many as a lifetime may have, 68 years
// KAME's -r is in octets of the window's bit map: 8 packets each.
constexpr std::uint32_t kPacketsPerWindowOctet = 8;

// What KAME's grammar has, and this kernel does not do.
constexpr std::string_view kUnsupportedProtocols[] = {"esp-old", "ah-old", "tcp"};
constexpr std::string_view kUnsupportedAlgorithms[] = {"des-deriv", "des-32iv", "twofish-cbc",   "camellia-cbc",
                                                       "keyed-md5", "keyed-sha1", "tcp-md5", "lzs"};

template <typename Lifetimes>
Read<void> read_into(TextCursor& in, const char* what, std::uint64_t low, std::uint64_t high, Lifetimes set) {
  const auto value = in.number(what, low, high);
  if (!value) return tl::unexpected(value.error());
  set(*value);
  return {};
}

// -4, -6 and -n in any order, alone or together: how names are looked up. Addresses here are numbers.
Read<void> skip_lookup_options(TextCursor& in) {
  while (in.peek() == '-') {
    in.take('-');
    const TextCursor::Place at = in.place();
    const std::string_view options = in.name();
    if (options.empty() || options.find_first_not_of("46n") != std::string_view::npos) {
      return TextCursor::error(at, "expected -4, -6 or -n before the addresses");
    }
  }
  return {};
}

Read<Protocol> read_protocol(TextCursor& in, bool* udp = nullptr) {
  const TextCursor::Place at = in.place();
  TextCursor before = in;
  const std::string_view name = in.name();
  if (name == "esp-udp" && udp != nullptr) {
    *udp = true;
    return Protocol::Esp;
  }
  for (const Protocol protocol : {Protocol::Esp, Protocol::Ah, Protocol::IpComp}) {
    if (name == to_text(protocol)) return protocol;
  }
  if (std::ranges::find(kUnsupportedProtocols, name) != std::end(kUnsupportedProtocols)) {
    return TextCursor::error(at, std::string(name) + " is not implemented: esp, ah, ipcomp and esp-udp are");
  }
  return before.expected("esp, ah, ipcomp or esp-udp");
}

struct EndPorts {
  std::uint16_t source = 0, destination = 0;
};

Read<std::uint16_t> read_end_port(TextCursor& in) {
  if (!in.take('[')) return std::uint16_t{0};
  const auto port = in.number("a port", 0, 0xffff);
  if (!port) return tl::unexpected(port.error());
  if (!in.take(']')) return in.expected("']'");
  return static_cast<std::uint16_t>(*port);
}

// SOURCE[PORT] DESTINATION[PORT]; the ports of esp-udp.
Read<void> read_two_ends(TextCursor& in, Ipv6Address& source, Ipv6Address& destination, EndPorts* ports = nullptr) {
  if (const auto options = skip_lookup_options(in); !options) return options;
  const auto from = read_address(in, "the source's address");
  if (!from) return tl::unexpected(from.error());
  const auto from_port = read_end_port(in);
  if (!from_port) return tl::unexpected(from_port.error());
  const TextCursor::Place at = in.place();
  const auto to = read_address(in, "the destination's address");
  if (!to) return tl::unexpected(to.error());
  const auto to_port = read_end_port(in);
  if (!to_port) return tl::unexpected(to_port.error());
  if (from->is_v4_mapped() != to->is_v4_mapped()) {
    return TextCursor::error(at, "expected a destination of the same version of IP as the source");
  }
  source = *from, destination = *to;
  if (ports != nullptr) *ports = {*from_port, *to_port};
  return {};
}

Read<Spi> read_spi(TextCursor& in, Protocol protocol) {
  const auto spi = protocol == Protocol::IpComp ? in.number("a CPI", 1, kMaxCpi) : in.number("an SPI", kMinSpi, kMax32);
  if (!spi) return tl::unexpected(spi.error());
  return static_cast<Spi>(*spi);
}

// SOURCE DESTINATION PROTOCOL SPI
Read<SaAddress> read_sa_address(TextCursor& in, bool* udp = nullptr, EndPorts* ports = nullptr) {
  SaAddress address;
  if (const auto ends = read_two_ends(in, address.source, address.destination, ports); !ends) {
    return tl::unexpected(ends.error());
  }
  const auto protocol = read_protocol(in, udp);
  if (!protocol) return tl::unexpected(protocol.error());
  address.protocol = *protocol;
  const auto spi = read_spi(in, address.protocol);
  if (!spi) return tl::unexpected(spi.error());
  address.spi = *spi;
  return address;
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
    if (std::ranges::find(kUnsupportedAlgorithms, name) != std::end(kUnsupportedAlgorithms)) {
      return TextCursor::error(at, std::string(name) + " is not implemented");
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
    p.copy_dont_fragment = false;
  } else if (flag == "ecn-copy") {
    p.ecn = EcnMode::Copy;
  } else if (flag == "ecn-forbidden") {
    p.ecn = EcnMode::Forbidden;
  } else if (flag == "ecn-allowed") {
    p.ecn = EcnMode::Allowed;
  } else if (flag == "dscp") {
    return read_into(in, "a DSCP", 0, 63, [&](std::uint64_t v) { p.dscp = static_cast<std::uint8_t>(v); });
  } else if (flag == "tfc") {
    return read_into(in, "a size of payloads in octets", 0, 0xffff,
                     [&](std::uint64_t v) { p.tfc_pad_to = static_cast<std::uint16_t>(v); });
  } else {
    return before.expected("zero-pad, random-pad, seq-pad, cyclic-seq, nocyclic-seq, esn, clear-df, ecn-copy, "
                           "ecn-forbidden, ecn-allowed, dscp N or tfc N");
  }
  return {};
}

constexpr const char* kOptions =
    "an option of add: -m, -r, -u, -f, -lh, -ls, -bh, -bs, -esn, -E, -A or -C";

struct Given {
  bool encryption = false, integrity = false, compression = false, cyclic = false;
};

Read<void> read_option(TextCursor& in, SaParameters& p, Given& given) {
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
    return read_into(in, "octets", 0, std::numeric_limits<std::uint64_t>::max(),
                     [&](std::uint64_t v) { p.hard.bytes = v; });
  }
  if (option == "bs") {
    return read_into(in, "octets", 0, std::numeric_limits<std::uint64_t>::max(),
                     [&](std::uint64_t v) { p.soft.bytes = v; });
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
  if (option == "R" && given.compression) return {};  // the SPI is the CPI, as it always is here
  return before.expected(kOptions);
}

// What the options together leave open or rule out.
Read<void> complete(TextCursor::Place at, SaParameters& p, const Given& given) {
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
  return {};
}

Read<setkey::Add> read_add(TextCursor& in) {
  setkey::Add add;
  SaParameters& p = add.parameters;
  bool udp = false;
  EndPorts ports;
  const auto address = read_sa_address(in, &udp, &ports);
  if (!address) return tl::unexpected(address.error());
  p.address = *address;
  if (udp) {
    p.udp.source_port = ports.source != 0 ? ports.source : kUdpEncapsulationPort;
    p.udp.destination_port = ports.destination != 0 ? ports.destination : kUdpEncapsulationPort;
  }
  Given given;
  while (in.peek() == '-') {
    if (const auto option = read_option(in, p, given); !option) return tl::unexpected(option.error());
  }
  // RFC 4303 §3.3.3: of manual keys without replay protection the number may start again.
  if (!given.cyclic) p.cyclic_sequence = p.replay_window == 0 && !p.extended_sequence_numbers;
  const TextCursor::Place end = in.place();
  if (in.peek() != ';') return in.expected(std::string(kOptions) + ", or ';'");
  if (const auto whole = complete(end, p, given); !whole) return tl::unexpected(whole.error());
  return add;
}

Read<std::optional<Protocol>> read_optional_protocol(TextCursor& in) {
  if (in.peek() == ';') return std::optional<Protocol>{};
  const auto protocol = read_protocol(in);
  if (!protocol) return tl::unexpected(protocol.error());
  return std::optional<Protocol>{*protocol};
}

Read<setkey::SpdAdd> read_spdadd(TextCursor& in, bool update) {
  setkey::SpdAdd add{.update = update};
  if (in.take_word("tagged")) {
    bool closed = false;
    const std::string tag(in.peek() == '"' ? in.quoted(closed) : in.name());
    if (tag.empty()) return in.expected("a tag");
    add.policy.tag = tag;
  } else {
    if (const auto options = skip_lookup_options(in); !options) return tl::unexpected(options.error());
    const auto selector = read_selector(in);
    if (!selector) return tl::unexpected(selector.error());
    add.policy.selector = *selector;
  }
  if (in.take_word("name")) {
    bool closed = false;
    add.policy.name = in.quoted(closed);
    if (!closed) return in.expected("a name between quotes");
  }
  const TextCursor::Place at = in.place();
  if (!in.take_word("-P")) return in.expected("-P and a policy");
  auto policy = read_policy(in);
  if (!policy) return tl::unexpected(policy.error());
  if (policy->action == Action::Entrust) {
    return TextCursor::error(at, "entrust is for policies of sockets: it asks this database");
  }
  add.policy.direction = policy->direction;
  add.policy.action = policy->action;
  add.policy.priority = policy->priority;
  add.policy.requests = std::move(policy->requests);
  if (add.policy.requests.size() > kMaxRequests) {
    return TextCursor::error(at, "more than " + std::to_string(kMaxRequests) + " requests in one policy");
  }
  return add;
}

Read<setkey::SpdDelete> read_spddelete(TextCursor& in) {
  setkey::SpdDelete command;
  if (const auto options = skip_lookup_options(in); !options) return tl::unexpected(options.error());
  const auto selector = read_selector(in);
  if (!selector) return tl::unexpected(selector.error());
  command.selector = *selector;
  if (!in.take_word("-P")) return in.expected("-P and a direction");
  const auto direction = read_direction(in);
  if (!direction) return tl::unexpected(direction.error());
  command.direction = *direction;
  // As on Linux, the whole policy may stand there.
  while (in.peek() != ';' && !in.at_end()) {
    if (in.name().empty() && in.address().empty() && !in.take('/') && !in.take(':')) break;
  }
  return command;
}

template <typename Into>
Read<void> keep(setkey::Command& command, Into read) {
  if (!read) return tl::unexpected(read.error());
  command.what = std::move(*read);
  return {};
}

Read<void> read_command(TextCursor& in, setkey::Command& command) {
  TextCursor before = in;
  const std::string_view word = in.name();
  if (word == "add") return keep(command, read_add(in));
  if (word == "spdadd") return keep(command, read_spdadd(in, false));
  if (word == "spdupdate") return keep(command, read_spdadd(in, true));
  if (word == "spddelete") return keep(command, read_spddelete(in));
  if (word == "spdflush" || word == "spddump") {
    if (word == "spdflush") command.what = setkey::SpdFlush{};
    else command.what = setkey::SpdDump{};
    return {};
  }
  if (word == "get" || word == "delete") {
    const auto address = read_sa_address(in);
    if (!address) return tl::unexpected(address.error());
    if (word == "get") command.what = setkey::Get{*address};
    else command.what = setkey::Delete{*address};
    return {};
  }
  if (word == "deleteall") {
    setkey::DeleteAll all;
    if (const auto ends = read_two_ends(in, all.source, all.destination); !ends) return ends;
    const auto protocol = read_protocol(in);
    if (!protocol) return tl::unexpected(protocol.error());
    all.protocol = *protocol;
    command.what = all;
    return {};
  }
  if (word == "flush" || word == "dump") {
    const auto protocol = read_optional_protocol(in);
    if (!protocol) return tl::unexpected(protocol.error());
    if (word == "flush") command.what = setkey::Flush{*protocol};
    else command.what = setkey::Dump{*protocol};
    return {};
  }
  return before.expected("a command (add, get, delete, deleteall, flush, dump, spdadd, spdupdate, spddelete, spdflush "
                         "or spddump)");
}

}  // namespace

Read<Secret> read_key(TextCursor& in) {
  const TextCursor::Place at = in.place();
  if (in.peek() == '"') {
    bool closed = false;
    const std::string_view text = in.quoted(closed);
    if (!closed) return TextCursor::error(at, "a key whose closing '\"' is missing on its line");
    return Secret(Bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
  }
  TextCursor before = in;
  std::string_view hex = in.digits();
  if (!hex.starts_with("0x") && !hex.starts_with("0X")) {
    return before.expected("a key, as \"text\" or as 0x and hexadecimal digits");
  }
  hex.remove_prefix(2);
  if (hex.size() % 2 != 0) return TextCursor::error(at, "a key with an odd number of hexadecimal digits");
  std::vector<std::uint8_t> key(hex.size() / 2);
  const auto value = [](char c) {
    return static_cast<unsigned>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
  };
  for (std::size_t i = 0; i < key.size(); ++i) {
    key[i] = static_cast<std::uint8_t>(value(hex[2 * i]) << 4 | value(hex[2 * i + 1]));
  }
  Secret secret{Bytes(key)};
  OPENSSL_cleanse(key.data(), key.size());
  return secret;
}

Read<std::vector<setkey::Command>> parse_setkey(std::string_view script) {
  std::vector<setkey::Command> commands;
  TextCursor in(script);
  while (!in.at_end()) {
    if (in.take(';')) continue;
    const TextCursor::Place at = in.place();
    if (commands.size() == kMaxCommands) return TextCursor::error(at, "too many commands in one script");
    setkey::Command command{.line = at.line, .what = setkey::SpdFlush{}};
    if (const auto read = read_command(in, command); !read) return tl::unexpected(read.error());
    if (!in.take(';')) return in.expected("';'");
    commands.push_back(std::move(command));
  }
  return commands;
}

}  // namespace kamesim::ipsec
