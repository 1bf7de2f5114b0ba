#include "protocols/mcoa/traffic_selector.h"

#include <utility>

#include "protocols/wire/extension_headers.h"
#include "protocols/wire/ipv6_header.h"

namespace kamesim::mcoa {

namespace {

constexpr std::size_t kFlagsSize = 4;
// RFC 6088 §3.2, flags A to P from the left: two of each field, whether its start and its end are there.
constexpr unsigned kFlagBits = 32;
// §3.2: the two least significant bits "MUST be ignored in any comparison": they are ECN's.
constexpr std::uint8_t kDifferentiatedServices = 0xfc;

void store(ByteWriter& out, const Ipv6Address& value) { out.address(value); }
void store(ByteWriter& out, std::uint32_t value) { out.u32(value); }
void store(ByteWriter& out, std::uint16_t value) { out.u16(value); }
void store(ByteWriter& out, std::uint8_t value) { out.u8(value); }

void load(const std::uint8_t* from, Ipv6Address& value) { value = Ipv6Address::from_bytes(from); }
void load(const std::uint8_t* from, std::uint32_t& value) { value = load_be32(from); }
void load(const std::uint8_t* from, std::uint16_t& value) { value = load_be16(from); }
void load(const std::uint8_t* from, std::uint8_t& value) { value = *from; }

class Reader {
 public:
  explicit Reader(Bytes data) : flags_(load_be32(data.data())), rest_(data.subspan(kFlagsSize)) {}
  bool ok() const { return ok_; }

  template <typename T>
  void read(std::optional<SelectorRange<T>>& to) {
    const bool start = next_flag(), end = next_flag();
    if (end && !start) ok_ = false;
    if (!ok_ || !start) return;
    SelectorRange<T> range;
    take(range.first);
    range.last = range.first;
    if (end) take(range.last);
    if (range.last < range.first) ok_ = false;
    if (ok_) to = range;
  }

 private:
  bool next_flag() { return (flags_ >> (kFlagBits - 1 - read_++) & 1) != 0; }
  template <typename T>
  void take(T& value) {
    if (rest_.size() < sizeof(T)) {
      ok_ = false;
      return;
    }
    load(rest_.data(), value);
    rest_ = rest_.subspan(sizeof(T));
  }

  std::uint32_t flags_;
  Bytes rest_;
  unsigned read_ = 0;
  bool ok_ = true;
};

// In the order of the format.
template <typename Selector, typename Visit>
void for_each_field(Selector& s, Visit visit) {
  visit(s.source);
  visit(s.destination);
  visit(s.spi);
  visit(s.flow_label);
  visit(s.source_port);
  visit(s.destination_port);
  visit(s.traffic_class);
  visit(s.protocol);
}

template <typename T>
bool within(const std::optional<SelectorRange<T>>& range, const std::optional<T>& value) {
  return !range || (value && range->contains(*value));
}

bool has_ports(NextHeader protocol) { return protocol == NextHeader::Tcp || protocol == NextHeader::Udp; }

}  // namespace

FlowFields FlowFields::reversed() const {
  FlowFields other = *this;
  std::swap(other.source, other.destination);
  std::swap(other.source_port, other.destination_port);
  return other;
}

FlowFields flow_fields(Bytes packet) {
  constexpr std::size_t kPortsSize = 4;
  const Ipv6HeaderView header = Ipv6HeaderView::of_checked(packet);
  FlowFields fields{.source = header.source(), .destination = header.destination(), .flow_label = header.flow_label(),
                    .traffic_class = header.traffic_class(),
                    .protocol = static_cast<std::uint8_t>(header.next_header()),
                    .source_port = {}, .destination_port = {}, .spi = {}};
  const auto upper = find_upper_layer(header);
  if (!upper) return fields;
  fields.protocol = static_cast<std::uint8_t>(upper->protocol);
  if (upper->in_non_first_fragment || packet.size() < upper->offset + kPortsSize) return fields;
  const std::uint8_t* at = packet.data() + upper->offset;
  if (has_ports(upper->protocol)) {
    fields.source_port = load_be16(at);
    fields.destination_port = load_be16(at + 2);
  }
  if (upper->protocol == NextHeader::Esp) fields.spi = load_be32(at);
  return fields;
}

bool TrafficSelector::matches(const FlowFields& packet) const {
  const auto ds = [](std::uint8_t value) { return static_cast<std::uint8_t>(value & kDifferentiatedServices); };
  const bool class_ok = !traffic_class || SelectorRange<std::uint8_t>{ds(traffic_class->first), ds(traffic_class->last)}
                                              .contains(ds(packet.traffic_class));
  return class_ok && within(source, std::optional(packet.source)) &&
         within(destination, std::optional(packet.destination)) && within(spi, packet.spi) &&
         within(flow_label, std::optional(packet.flow_label)) && within(source_port, packet.source_port) &&
         within(destination_port, packet.destination_port) && within(protocol, std::optional(packet.protocol));
}

std::optional<TrafficSelector> parse_traffic_selector(Bytes data) {
  if (data.size() < kFlagsSize) return std::nullopt;
  TrafficSelector selector;
  Reader reader(data);
  for_each_field(selector, [&reader](auto& field) { reader.read(field); });
  return reader.ok() ? std::optional(selector) : std::nullopt;
}

void emit(ByteWriter& out, const TrafficSelector& selector) {
  const std::size_t flags_at = out.size();
  out.u32(0);
  std::uint32_t flags = 0;
  unsigned next = 0;
  for_each_field(selector, [&](const auto& field) {
    const auto bit = [&next] { return std::uint32_t{1} << (kFlagBits - 1 - next++); };
    const std::uint32_t start = bit(), end = bit();
    if (!field) return;
    flags |= start;
    store(out, field->first);
    if (field->last == field->first) return;
    flags |= end;
    store(out, field->last);
  });
  store_be32(out.at(flags_at).data(), flags);
}

}  // namespace kamesim::mcoa
