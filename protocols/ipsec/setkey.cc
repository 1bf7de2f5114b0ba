#include "protocols/ipsec/setkey.h"

#include <limits>
#include <utility>

#include "protocols/ipsec/setkey_options.h"

namespace kamesim::ipsec {

namespace {

struct NamedProtocol {
  Protocol protocol = Protocol::Esp;
  bool udp = false;
  const char* missing = nullptr;  // why there are no associations of it here
};

// Protocols that the grammar has, and this kernel does not.
constexpr std::pair<std::string_view, const char*> kOtherProtocols[] = {
    {"esp-old", "ESP as in RFC 1827, obsolete since RFC 2406: esp is today's"},
    {"ah-old", "AH as in RFC 1826, obsolete since RFC 2402: ah is today's"},
    {"tcp", "signatures of TCP segments (RFC 2385)"},
};

Read<NamedProtocol> read_protocol(TextCursor& in) {
  TextCursor before = in;
  const std::string_view name = in.name();
  if (name == "esp-udp") return NamedProtocol{Protocol::Esp, true};
  for (const Protocol protocol : {Protocol::Esp, Protocol::Ah, Protocol::IpComp}) {
    if (name == to_text(protocol)) return NamedProtocol{protocol};
  }
  for (const auto& [other, why] : kOtherProtocols) {
    if (other == name) return NamedProtocol{.missing = why};
  }
  return before.expected("esp, ah, ipcomp or esp-udp");
}

struct EndPorts {
  std::uint16_t source = 0, destination = 0;
};

// [500], [isakmp] or [any]; left out it is any: 0.
Read<std::uint16_t> read_end_port(TextCursor& in) {
  if (!in.take('[')) return std::uint16_t{0};
  std::uint16_t port = 0;
  if (!in.take_word("any")) {
    const auto given = read_port(in, "a port");
    if (!given) return given;
    port = *given;
  }
  if (!in.take(']')) return in.expected("']'");
  return port;
}

using Ends = std::pair<Ipv6Address, Ipv6Address>;

// SOURCE[PORT] DESTINATION[PORT]; the ports of esp-udp. Of names each of one end with each of the other, as setkey does.
Read<std::vector<Ends>> read_ends(TextCursor& in, const ResolveName* resolve, EndPorts* ports = nullptr) {
  const auto names = read_lookup_options(in, resolve);
  if (!names) return tl::unexpected(names.error());
  const auto from = read_host(in, "the source's address", *names);
  if (!from) return tl::unexpected(from.error());
  const auto from_port = read_end_port(in);
  if (!from_port) return tl::unexpected(from_port.error());
  const TextCursor::Place at = in.place();
  const auto to = read_host(in, "the destination's address", *names);
  if (!to) return tl::unexpected(to.error());
  const auto to_port = read_end_port(in);
  if (!to_port) return tl::unexpected(to_port.error());
  if (ports != nullptr) *ports = {*from_port, *to_port};
  std::vector<Ends> ends;
  for (const Ipv6Address& source : *from) {
    for (const Ipv6Address& destination : *to) {
      if (source.is_v4_mapped() == destination.is_v4_mapped()) ends.emplace_back(source, destination);
    }
  }
  if (!ends.empty()) return ends;
  return TextCursor::error(at, "expected a destination of the same version of IP as the source");
}

Read<Spi> read_spi(TextCursor& in, Protocol protocol) {
  constexpr std::uint64_t kLargest = std::numeric_limits<Spi>::max();
  const auto spi = protocol == Protocol::IpComp ? in.number("a CPI", 1, kMaxCpi)
                                                : in.number("an SPI", kMinSpi, kLargest);
  if (!spi) return tl::unexpected(spi.error());
  return static_cast<Spi>(*spi);
}

// SOURCE DESTINATION PROTOCOL SPI
struct Addressed {
  std::vector<Ends> ends;
  NamedProtocol protocol;
  EndPorts ports;
  Spi spi = 0;

  SaAddress address(const Ends& of) const { return {spi, protocol.protocol, of.first, of.second}; }
};

Read<Addressed> read_addressed(TextCursor& in, const ResolveName* resolve) {
  Addressed a;
  auto ends = read_ends(in, resolve, &a.ports);
  if (!ends) return tl::unexpected(ends.error());
  a.ends = std::move(*ends);
  const TextCursor::Place at = in.place();
  const auto protocol = read_protocol(in);
  if (!protocol) return tl::unexpected(protocol.error());
  a.protocol = *protocol;
  if (protocol->missing != nullptr) {
    return TextCursor::error(at, "not implemented: " + std::string(protocol->missing));
  }
  const auto spi = read_spi(in, a.protocol.protocol);
  if (!spi) return tl::unexpected(spi.error());
  a.spi = *spi;
  return a;
}

// Reads one command; what it says for several addresses of a name becomes several.
class Reader {
 public:
  Reader(TextCursor& in, const ResolveName* resolve, std::vector<setkey::Command>& commands)
      : in_(in), resolve_(resolve), commands_(commands), at_(in.place()) {}

  // False: it ends the script.
  Read<bool> read() {
    TextCursor before = in_;
    const std::string_view word = in_.name();
    if (word == "exit" || word == "quit" || word == "bye") return false;
    for (const auto& [name, command] : kCommands) {
      if (name != word) continue;
      if (const auto done = (this->*command)(); !done) return tl::unexpected(done.error());
      return true;
    }
    return before.expected("a command (add, get, delete, deleteall, flush, dump, spdadd, spdupdate, spddelete, "
                           "spdflush, spddump or exit)");
  }

 private:
  struct Row {
    std::string_view name;
    Read<void> (Reader::*command)();
  };
  static const Row kCommands[11];

  template <typename What>
  void emit(What what) {
    commands_.push_back({.line = at_.line, .column = at_.column, .what = std::move(what)});
  }

  Read<void> add() {
    auto addressed = read_addressed(in_, resolve_);
    if (!addressed) return tl::unexpected(addressed.error());
    SaParameters p;
    p.address = addressed->address(addressed->ends.front());
    if (addressed->protocol.udp) {
      const auto [source, destination] = addressed->ports;
      p.udp.source_port = source != 0 ? source : kUdpEncapsulationPort;
      p.udp.destination_port = destination != 0 ? destination : kUdpEncapsulationPort;
    }
    GivenOptions given;
    if (const auto options = read_options(in_, p, given); !options) return options;
    // RFC 4303 §3.3.3: of manual keys without replay protection the number may start again.
    if (!given.cyclic) p.cyclic_sequence = p.replay_window == 0 && !p.extended_sequence_numbers;
    const TextCursor::Place end = in_.place();
    if (in_.peek() != ';') return in_.expected(std::string(kOptionsOfAdd) + ", or ';'");
    if (const auto whole = check_options(end, p, given); !whole) return whole;
    for (const Ends& ends : addressed->ends) {
      p.address = addressed->address(ends);
      emit(setkey::Add{p});
    }
    return {};
  }

  // What tells one association. Options may follow, as in `add`: it is found without.
  template <typename What>
  Read<void> one() {
    const auto addressed = read_addressed(in_, resolve_);
    if (!addressed) return tl::unexpected(addressed.error());
    SaParameters ignored;
    ignored.address.protocol = addressed->protocol.protocol;
    GivenOptions given;
    if (const auto options = read_options(in_, ignored, given); !options) return options;
    for (const Ends& ends : addressed->ends) emit(What{addressed->address(ends)});
    return {};
  }

  Read<void> delete_all() {
    const auto ends = read_ends(in_, resolve_);
    if (!ends) return tl::unexpected(ends.error());
    const auto protocol = read_protocol(in_);
    if (!protocol) return tl::unexpected(protocol.error());
    if (protocol->missing != nullptr) return {};  // there are none
    for (const auto& [source, destination] : *ends) emit(setkey::DeleteAll{protocol->protocol, source, destination});
    return {};
  }

  // flush, dump: of all protocols, or of one.
  template <typename What>
  Read<void> all() {
    if (in_.peek() == ';') {
      emit(What{});
      return {};
    }
    const auto protocol = read_protocol(in_);
    if (!protocol) return tl::unexpected(protocol.error());
    if (protocol->missing == nullptr) emit(What{protocol->protocol});
    return {};
  }

  // The selectors, or `tagged` and a tag, which is a policy's without selectors.
  Read<std::vector<Selector>> selectors(std::string* tag) {
    if (tag != nullptr && in_.take_word("tagged")) {
      bool closed = false;
      *tag = in_.peek() == '"' ? in_.quoted(closed) : in_.name();
      if (tag->empty()) return in_.expected("a tag");
      return std::vector<Selector>(1);
    }
    const auto names = read_lookup_options(in_, resolve_);
    if (!names) return tl::unexpected(names.error());
    auto read = read_selectors(in_, *names);
    if (read && in_.take_word("-ctx")) {
      if (const auto context = read_security_context(in_); !context) return tl::unexpected(context.error());
    }
    return read;
  }

  Read<void> spd_add(bool update) {
    SecurityPolicy policy;
    const auto about = selectors(&policy.tag);
    if (!about) return tl::unexpected(about.error());
    if (in_.take_word("name")) {
      bool closed = false;
      policy.name = in_.quoted(closed);
      if (!closed) return in_.expected("a name between quotes");
    }
    const TextCursor::Place at = in_.place();
    if (!in_.take_word("-P")) return in_.expected("-P and a policy");
    auto text = read_policy(in_);
    if (!text) return tl::unexpected(text.error());
    if (text->action == Action::Entrust) {
      return TextCursor::error(at, "entrust is for policies of sockets: it asks this database");
    }
    if (text->requests.size() > kMaxRequests) {
      return TextCursor::error(at, "more than " + std::to_string(kMaxRequests) + " requests in one policy");
    }
    policy.direction = text->direction;
    policy.action = text->action;
    policy.priority = text->priority;
    policy.requests = std::move(text->requests);
    for (const Selector& selector : *about) {
      policy.selector = selector;
      emit(setkey::SpdAdd{policy, update});
    }
    return {};
  }
  Read<void> spdadd() { return spd_add(false); }
  Read<void> spdupdate() { return spd_add(true); }

  Read<void> spddelete() {
    const auto about = selectors(nullptr);
    if (!about) return tl::unexpected(about.error());
    if (!in_.take_word("-P")) return in_.expected("-P and a direction");
    TextCursor policy = in_;
    const auto direction = read_direction(in_);
    if (!direction) return tl::unexpected(direction.error());
    if (in_.peek() != ';' && !in_.at_end()) {  // as on Linux, the whole policy may stand there
      in_ = policy;
      if (const auto whole = read_policy(in_); !whole) return tl::unexpected(whole.error());
    }
    for (const Selector& selector : *about) emit(setkey::SpdDelete{*direction, selector});
    return {};
  }

  template <typename What>
  Read<void> bare() {
    emit(What{});
    return {};
  }

  TextCursor& in_;
  const ResolveName* resolve_;
  std::vector<setkey::Command>& commands_;
  TextCursor::Place at_;
};

const Reader::Row Reader::kCommands[] = {
    {"add", &Reader::add},
    {"get", &Reader::one<setkey::Get>},
    {"delete", &Reader::one<setkey::Delete>},
    {"deleteall", &Reader::delete_all},
    {"flush", &Reader::all<setkey::Flush>},
    {"dump", &Reader::all<setkey::Dump>},
    {"spdadd", &Reader::spdadd},
    {"spdupdate", &Reader::spdupdate},
    {"spddelete", &Reader::spddelete},
    {"spdflush", &Reader::bare<setkey::SpdFlush>},
    {"spddump", &Reader::bare<setkey::SpdDump>},
};

}  // namespace

Read<std::vector<setkey::Command>> parse_setkey(std::string_view script, const ResolveName& resolve) {
  std::vector<setkey::Command> commands;
  TextCursor in(script);
  while (!in.at_end()) {
    if (in.take(';')) continue;
    if (commands.size() >= kMaxCommands) return TextCursor::error(in.place(), "too many commands in one script");
    const auto read = Reader(in, &resolve, commands).read();
    if (!read) return tl::unexpected(read.error());
    if (!in.take(';')) return in.expected("';'");
    if (!*read) break;
  }
  return commands;
}

}  // namespace kamesim::ipsec
