#include "protocols/ipsec/policy_text.h"

#include <limits>
#include <optional>
#include <utility>

namespace kamesim::ipsec {

namespace {

template <typename Value>
struct Word {
  std::string_view word;
  Value value;
};

// The first word of a value is the one that is written.
constexpr Word<Direction> kDirectionWords[] = {
    {"in", Direction::In}, {"out", Direction::Out}, {"fwd", Direction::Forward}, {"forward", Direction::Forward}};
constexpr Word<Action> kActionWords[] = {{"discard", Action::Discard},
                                         {"none", Action::Bypass},
                                         {"bypass", Action::Bypass},
                                         {"entrust", Action::Entrust},
                                         {"ipsec", Action::Protect}};
constexpr Word<Protocol> kProtocolWords[] = {
    {"esp", Protocol::Esp}, {"ah", Protocol::Ah}, {"ipcomp", Protocol::IpComp}};
constexpr Word<Mode> kModeWords[] = {{"transport", Mode::Transport}, {"tunnel", Mode::Tunnel}, {"any", Mode::Any}};
constexpr Word<Level> kLevelWords[] = {{"default", Level::Default},
                                       {"use", Level::Use},
                                       {"require", Level::Require},
                                       {"unique", Level::Unique}};
constexpr Word<std::int32_t> kPriorityWords[] = {
    {"low", kPriorityLow}, {"def", kPriorityDefault}, {"default", kPriorityDefault}, {"high", kPriorityHigh}};

template <typename Value, std::size_t N>
std::optional<Value> take_one_of(TextCursor& in, const Word<Value> (&words)[N]) {
  for (const auto& [word, value] : words) {
    if (in.take_word(word)) return value;
  }
  return std::nullopt;
}

template <typename Value, std::size_t N>
const char* word_for(const Word<Value> (&words)[N], Value value) {
  for (const auto& w : words) {
    if (w.value == value) return w.word.data();
  }
  return "?";
}

// ipsec_set_policy(3): "{priority,prio} offset" or "{priority,prio} base {+,-} offset".
Read<std::int32_t> read_priority(TextCursor& in) {
  constexpr std::int64_t kLow = std::numeric_limits<std::int32_t>::min();
  constexpr std::int64_t kHigh = std::numeric_limits<std::int32_t>::max();
  const TextCursor::Place at = in.place();
  std::int64_t priority = 0;
  if (const auto base = take_one_of(in, kPriorityWords)) {
    priority = *base;
    if (in.peek() != '+' && in.peek() != '-') return static_cast<std::int32_t>(priority);
  }
  const auto offset = in.signed_number("a priority", kLow, kHigh);
  if (!offset) return tl::unexpected(offset.error());
  priority += *offset;
  if (priority < kLow || priority > kHigh) return TextCursor::error(at, "a priority beyond 32 bits");
  return static_cast<std::int32_t>(priority);
}

// [80], [http], [any], [1024-65535], [opaque]; left out it is any.
Read<ValueRange> read_ports(TextCursor& in) {
  if (!in.take('[')) return ValueRange::any();
  ValueRange range;
  if (in.take_word("opaque")) {
    range = ValueRange::opaque();
  } else if (!in.take_word("any")) {
    const auto first = read_port(in, "a port");
    if (!first) return tl::unexpected(first.error());
    range = ValueRange::of(*first);
    if (in.take('-')) {
      const auto last = read_port(in, "the last port of a range", *first);
      if (!last) return tl::unexpected(last.error());
      range.last = *last;
    }
  }
  if (!in.take(']')) return in.expected("']'");
  return range;
}

bool ends_follow(TextCursor in) {
  for (const char* word : {"me", "any", "me-any", "any-me"}) {
    if (in.take_word(word)) return true;
  }
  return in.address().find_first_of(":.") != std::string_view::npos;
}

// One end of a tunnel. ipsec_set_policy's me and any stand for what is not known yet. A port behind it, as behind a NAT,
// is the association's matter (esp-udp): it is read, and of no account.
Read<Ipv6Address> read_end(TextCursor& in) {
  if (in.peek() == 'm' && in.take_word("me")) return Ipv6Address{};
  if (in.take_word("any")) return Ipv6Address{};
  const auto address = read_address(in, "an address of a tunnel's end");
  if (address && in.peek() == '[') {
    if (const auto port = read_ports(in); !port) return tl::unexpected(port.error());
  }
  return address;
}

Read<void> read_ends(TextCursor& in, Request& request) {
  if (in.take_word("me-any") || in.take_word("any-me")) return {};
  const auto source = read_end(in);
  if (!source) return tl::unexpected(source.error());
  if (!in.take('-')) return in.expected("'-' and the other end");
  const auto destination = read_end(in);
  if (!destination) return tl::unexpected(destination.error());
  request.source = *source, request.destination = *destination;
  return {};
}

// protocol/mode/source-destination/level, of which what stands behind the mode may be left out.
Read<Request> read_request(TextCursor& in) {
  Request request;
  const auto protocol = take_one_of(in, kProtocolWords);
  if (!protocol) return in.expected("esp, ah or ipcomp");
  request.protocol = *protocol;
  if (!in.take('/')) return in.expected("'/' and a mode");
  const TextCursor::Place mode_at = in.place();
  const auto mode = take_one_of(in, kModeWords);
  if (!mode) return in.expected("transport or tunnel");
  request.mode = *mode;
  request.level = Level::Default;
  bool has_ends = false;
  if (in.take('/')) {
    if (ends_follow(in)) {
      if (const auto ends = read_ends(in, request); !ends) return tl::unexpected(ends.error());
      has_ends = true;
    }
    if (in.take('/')) {
      const auto level = take_one_of(in, kLevelWords);
      if (!level) return in.expected("default, use, require or unique");
      request.level = *level;
      if (request.level == Level::Unique && in.take(':')) {
        const auto reqid = in.number("a reqid", 1, std::numeric_limits<std::uint32_t>::max());
        if (!reqid) return tl::unexpected(reqid.error());
        request.reqid = static_cast<std::uint32_t>(*reqid);
      }
    }
  }
  if (request.mode == Mode::Tunnel && !has_ends) {
    return TextCursor::error(mode_at, "a tunnel needs its ends: tunnel/SOURCE-DESTINATION/LEVEL");
  }
  return request;
}

std::string range_text(const AddressRange& range) {
  const int length = range.prefix_length();
  if (length == 128) return ip_to_string(range.first);
  if (length >= 0) return ip_to_string(Ipv6Prefix(range.first, static_cast<unsigned>(length)));
  return ip_to_string(range.first) + "-" + ip_to_string(range.last);
}

// The ranges that ADDRESS, ADDRESS/LENGTH, ADDRESS-ADDRESS or a name stands for: of a name one for each of its
// addresses.
Read<std::vector<AddressRange>> read_ranges(TextCursor& in, const NameLookup& names) {
  const TextCursor::Place at = in.place();
  const auto hosts = read_host(in, "an address or prefix", names);
  if (!hosts) return tl::unexpected(hosts.error());
  const Ipv6Address first = hosts->front();
  if (in.take('/')) {
    const unsigned before = first.is_v4_mapped() ? kV4MappedLength : 0;
    const auto length = in.number("a prefix length", 0, 128 - before);
    if (!length) return tl::unexpected(length.error());
    if (hosts->size() > 1) return TextCursor::error(at, "a prefix length behind a name of several addresses");
    return std::vector{AddressRange::of(Ipv6Prefix(first, before + static_cast<unsigned>(*length)))};
  }
  if (in.take('-')) {
    const auto last = read_address(in, "the last address of a range");
    if (!last) return tl::unexpected(last.error());
    if (last->is_v4_mapped() != first.is_v4_mapped() || *last < first) {
      return TextCursor::error(at, "the last address of a range is before its first");
    }
    return std::vector{AddressRange{first, *last}};
  }
  std::vector<AddressRange> ranges;
  for (const Ipv6Address& host : *hosts) ranges.push_back(AddressRange::of(host));
  return ranges;
}

std::string ports_text(const ValueRange& range) {
  switch (range.kind) {
    case ValueRange::Kind::Any: return "[any]";
    case ValueRange::Kind::Opaque: return "[opaque]";
    case ValueRange::Kind::Range: break;
  }
  const std::string first = std::to_string(range.first);
  return "[" + (range.first == range.last ? first : first + "-" + std::to_string(range.last)) + "]";
}

// Behind icmp, icmp6 and mh: "TYPE" or "TYPE,CODE", each a number, or two with a hyphen.
Read<ValueRange> read_messages(TextCursor& in) {
  const auto read_octets = [&in](const char* what, unsigned& first, unsigned& last) -> Read<void> {
    const auto low = in.number(what, 0, 255);
    if (!low) return tl::unexpected(low.error());
    first = last = static_cast<unsigned>(*low);
    if (in.peek() != '-' || TextCursor(in).take_word("-P")) return {};
    in.take('-');
    const auto high = in.number(what, *low, 255);
    if (!high) return tl::unexpected(high.error());
    last = static_cast<unsigned>(*high);
    return {};
  };
  unsigned type_first = 0, type_last = 0, code_first = 0, code_last = 255;
  if (const auto types = read_octets("a type", type_first, type_last); !types) return tl::unexpected(types.error());
  if (in.take(',')) {
    if (const auto codes = read_octets("a code", code_first, code_last); !codes) return tl::unexpected(codes.error());
  }
  return ValueRange::of(message_value(static_cast<std::uint8_t>(type_first), static_cast<std::uint8_t>(code_first)),
                        message_value(static_cast<std::uint8_t>(type_last), static_cast<std::uint8_t>(code_last)));
}

std::string octets_text(unsigned first, unsigned last) {
  return first == last ? std::to_string(first) : std::to_string(first) + "-" + std::to_string(last);
}

std::string messages_text(const ValueRange& range) {
  const unsigned type_first = range.first >> 8, type_last = range.last >> 8;
  const unsigned code_first = range.first & 0xff, code_last = range.last & 0xff;
  std::string text = " " + octets_text(type_first, type_last);
  if (code_first != 0 || code_last != 0xff) text += "," + octets_text(code_first, code_last);
  return text;
}

bool names_messages(const Selector& s) {
  return s.next_layer.kind == NextLayer::Kind::Protocol && has_message_type(NextHeader{s.next_layer.protocol});
}

// KAME writes a message's type and code also where ports stand: [135][0]. False: what stands there is neither.
bool take_messages_from_ports(Selector& s) {
  using Kind = ValueRange::Kind;
  const ValueRange type = s.source_port, code = std::exchange(s.destination_port, ValueRange::any());
  if (type.kind != Kind::Range) return code.kind == Kind::Any || (type.kind == code.kind && code.kind == Kind::Opaque);
  if (type.last > 0xff || code.kind == Kind::Opaque || (code.kind == Kind::Range && code.last > 0xff)) return false;
  const bool any_code = code.kind == Kind::Any;
  const auto octet = [](unsigned v) { return static_cast<std::uint8_t>(v); };
  s.source_port = ValueRange::of(message_value(octet(type.first), octet(any_code ? 0 : code.first)),
                                 message_value(octet(type.last), octet(any_code ? 0xff : code.last)));
  return true;
}

// any, opaque, or a protocol, with the type and code of its messages if they have such. `ports_at`: what may stand there
// instead.
Read<void> read_next_layer(TextCursor& in, TextCursor::Place ports_at, Selector& s) {
  if (in.take_word("any")) return {};
  if (in.take_word("opaque")) {
    s.next_layer = NextLayer::opaque();
    return {};
  }
  const auto protocol = read_protocol_number(in);
  if (!protocol) return tl::unexpected(protocol.error());
  s.next_layer = NextLayer::of(NextHeader{*protocol});
  if (!names_messages(s)) return {};
  if (const char c = in.peek(); c >= '0' && c <= '9') {
    const auto messages = read_messages(in);
    if (!messages) return tl::unexpected(messages.error());
    s.source_port = *messages, s.destination_port = ValueRange::any();
  } else if (in.take_word("opaque")) {
    s.source_port = ValueRange::opaque(), s.destination_port = ValueRange::any();
  } else if (!take_messages_from_ports(s)) {
    return TextCursor::error(ports_at, "expected a type, and a code if any, from 0 to 255 where ports stand");
  }
  return {};
}

}  // namespace

const char* to_text(Direction direction) { return word_for(kDirectionWords, direction); }
const char* to_text(Action action) { return word_for(kActionWords, action); }
const char* to_text(Protocol protocol) { return word_for(kProtocolWords, protocol); }
const char* to_text(Mode mode) { return word_for(kModeWords, mode); }
const char* to_text(Level level) { return word_for(kLevelWords, level); }

Read<Direction> read_direction(TextCursor& in) {
  const auto direction = take_one_of(in, kDirectionWords);
  if (!direction) return in.expected("a direction (in, out or fwd)");
  return *direction;
}

Read<PolicyText> read_policy(TextCursor& in) {
  PolicyText policy;
  const auto direction = read_direction(in);
  if (!direction) return tl::unexpected(direction.error());
  policy.direction = *direction;
  if (in.take_word("priority") || in.take_word("prio")) {
    const auto priority = read_priority(in);
    if (!priority) return tl::unexpected(priority.error());
    policy.priority = *priority;
  }
  const auto action = take_one_of(in, kActionWords);
  if (!action) return in.expected("discard, none, bypass, entrust or ipsec");
  policy.action = *action;
  if (policy.action != Action::Protect) return policy;
  while (in.peek() != ';' && !in.at_end()) {
    const auto request = read_request(in);
    if (!request) return tl::unexpected(request.error());
    policy.requests.push_back(*request);
  }
  if (policy.requests.empty()) return in.expected("a request (PROTOCOL/MODE/SOURCE-DESTINATION/LEVEL)");
  return policy;
}

Read<PolicyText> parse_policy(std::string_view text) {
  TextCursor in(text);
  auto policy = read_policy(in);
  if (policy && !in.at_end()) return in.expected("the end of the policy");
  return policy;
}

std::string to_text(const Request& r) {
  std::string text = std::string(to_text(r.protocol)) + "/" + to_text(r.mode) + "/";
  if (!r.source.is_unspecified() || !r.destination.is_unspecified()) {
    text += ip_to_string(r.source) + "-" + ip_to_string(r.destination);
  }
  text += std::string("/") + to_text(r.level);
  if (r.level == Level::Unique && r.reqid != 0) text += ":" + std::to_string(r.reqid);
  return text;
}

std::string to_text(const PolicyText& policy) {
  std::string text = to_text(policy.direction);
  if (policy.priority != 0) text += " prio " + std::to_string(policy.priority);
  text += std::string(" ") + to_text(policy.action);
  for (const Request& request : policy.requests) text += " " + to_text(request);
  return text;
}

PolicyText policy_text_of(const SecurityPolicy& policy) {
  return {policy.direction, policy.action, policy.priority, policy.requests};
}

Read<std::vector<Selector>> read_selectors(TextCursor& in, const NameLookup& names) {
  Selector s;
  const auto sources = read_ranges(in, names);
  if (!sources) return tl::unexpected(sources.error());
  const auto source_port = read_ports(in);
  if (!source_port) return tl::unexpected(source_port.error());
  s.source_port = *source_port;
  const TextCursor::Place destination_at = in.place();
  const auto destinations = read_ranges(in, names);
  if (!destinations) return tl::unexpected(destinations.error());
  const auto destination_port = read_ports(in);
  if (!destination_port) return tl::unexpected(destination_port.error());
  s.destination_port = *destination_port;
  if (const auto next_layer = read_next_layer(in, destination_at, s); !next_layer) {
    return tl::unexpected(next_layer.error());
  }
  std::vector<Selector> selectors;
  for (const AddressRange& source : *sources) {
    for (const AddressRange& destination : *destinations) {
      if (source.is_v4() != destination.is_v4()) continue;
      s.source = source, s.destination = destination;
      selectors.push_back(s);
    }
  }
  if (!selectors.empty()) return selectors;
  return TextCursor::error(destination_at, "expected a destination of the same version of IP as the source");
}

std::string to_text(const Selector& s) {
  std::string text = range_text(s.source);
  const bool messages = names_messages(s) && s.source_port.kind != ValueRange::Kind::Any;
  if (!messages) text += ports_text(s.source_port);
  text += " " + range_text(s.destination);
  if (!messages) text += ports_text(s.destination_port);
  switch (s.next_layer.kind) {
    case NextLayer::Kind::Any: return text + " any";
    case NextLayer::Kind::Opaque: return text + " opaque";
    case NextLayer::Kind::Protocol: break;
  }
  text += " " + protocol_text(s.next_layer.protocol);
  if (!messages) return text;
  return s.source_port.kind == ValueRange::Kind::Opaque ? text + " opaque" : text + messages_text(s.source_port);
}

}  // namespace kamesim::ipsec
