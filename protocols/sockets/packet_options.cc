#include "protocols/sockets/packet_options.h"

#include <cstring>

#include "protocols/sockets/option_names.h"
#include "protocols/wire/extension_headers.h"
#include "protocols/wire/ipv6_header.h"
#include "protocols/wire/options_header.h"
#include "protocols/wire/routing_header.h"

namespace kamesim {

namespace {

using namespace socket_option;

constexpr std::errc kDone{};

constexpr std::size_t kPacketInfoSize = Ipv6Address::kSize + 4;  // struct in6_pktinfo: address, interface index
// struct sockaddr_in6: family, port, flow information, address, scope.
constexpr std::size_t kSocketAddressSize = 28, kSocketAddressAddress = 8, kSocketAddressScope = 24;
constexpr std::uint16_t kInet6 = 10;  // AF_INET6

std::uint32_t load_native32(const std::uint8_t* p) {
  std::uint32_t v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
void append_native32(std::vector<std::uint8_t>& out, std::uint32_t v) {
  const auto* p = reinterpret_cast<const std::uint8_t*>(&v);
  out.insert(out.end(), p, p + sizeof v);
}

std::vector<std::uint8_t> socket_address(const SocketAddress& a) {
  std::vector<std::uint8_t> out(kSocketAddressScope);
  std::memcpy(out.data(), &kInet6, sizeof kInet6);
  store_be16(out.data() + 2, a.port);
  a.address.copy_to(out.data() + kSocketAddressAddress);
  append_native32(out, a.zone);
  return out;
}

// A header whose length is as it says, and whose options can be read.
std::errc set_options_header(std::vector<std::uint8_t>& header, Bytes value) {
  if (!value.empty()) {
    const auto view = OptionsHeaderView::check(value);
    if (!view || value.size() != 8 * (std::size_t{value[1]} + 1)) return std::errc::invalid_argument;
  }
  header.assign(value.begin(), value.end());
  return kDone;
}

// RFC 3542 §7: a Routing header, of whatever type; of type 0 its length has to fit its segments.
std::errc set_routing_header(std::vector<std::uint8_t>& header, Bytes value) {
  if (!value.empty()) {
    const auto view = RoutingHeaderView::check(value);
    if (!view || value.size() != 8 * (std::size_t{value[1]} + 1)) return std::errc::invalid_argument;
    if (view->routing_type() == kSourceRouteType && !SourceRouteView::check(*view)) return std::errc::invalid_argument;
  }
  header.assign(value.begin(), value.end());
  return kDone;
}

std::errc set_int(std::optional<int>& option, Bytes value, int low, int high) {
  if (value.empty()) return option.reset(), kDone;
  const auto number = int_option(value);
  if (!number || *number < low || *number > high) return std::errc::invalid_argument;
  option = *number;
  return kDone;
}

}  // namespace

std::optional<int> int_option(Bytes value) {
  if (value.size() != sizeof(int)) return std::nullopt;
  return static_cast<int>(load_native32(value.data()));
}

std::vector<std::uint8_t> int_value(int value) {
  std::vector<std::uint8_t> out;
  append_native32(out, static_cast<std::uint32_t>(value));
  return out;
}

ControlMessage path_mtu_message(const SocketAddress& destination, std::uint32_t mtu) {
  ControlMessage message{kLevelIpv6, kPathMtu, socket_address(destination)};
  append_native32(message.data, mtu);
  return message;
}

std::errc PacketOptions::set(int name, Bytes value) {
  switch (name) {
    case kPacketInfo:
      if (!value.empty() && value.size() != kPacketInfoSize) return std::errc::invalid_argument;
      source = value.empty() ? Ipv6Address{} : Ipv6Address::from_bytes(value.data());
      interface_index = value.empty() ? 0 : load_native32(value.data() + Ipv6Address::kSize);
      return source.is_multicast() ? std::errc::invalid_argument : kDone;
    case kHopLimit: return set_int(hop_limit, value, -1, 255);
    case kTrafficClass: return set_int(traffic_class, value, -1, 255);
    case kUseMinimumMtu: return set_int(use_minimum_mtu, value, -1, 1);
    case kDontFragment: {
      std::optional<int> flag;
      if (const std::errc no = set_int(flag, value, 0, 1); no != kDone) return no;
      dont_fragment.reset();
      if (flag) dont_fragment = *flag != 0;
      return kDone;
    }
    case kNextHop: {  // RFC 3542 §6.4: a neighbour's address
      if (value.empty()) return next_hop.reset(), kDone;
      if (value.size() != kSocketAddressSize) return std::errc::invalid_argument;
      std::uint16_t family;
      std::memcpy(&family, value.data(), sizeof family);
      const Ipv6Address address = Ipv6Address::from_bytes(value.data() + kSocketAddressAddress);
      if (family != kInet6 || address.is_multicast() || address.is_unspecified()) return std::errc::invalid_argument;
      next_hop = address;
      next_hop_zone = load_native32(value.data() + kSocketAddressScope);
      return kDone;
    }
    case kHopByHop: return set_options_header(hop_by_hop, value);
    case kDestinationBeforeRouting: return set_options_header(destination_before_routing, value);
    case kDestination: return set_options_header(destination, value);
    case kRouting: return set_routing_header(routing, value);
    default: return std::errc::no_protocol_option;
  }
}

std::optional<std::vector<std::uint8_t>> PacketOptions::get(int name) const {
  auto number = [](const std::optional<int>& option, int otherwise) { return int_value(option.value_or(otherwise)); };
  switch (name) {
    case kPacketInfo: {
      std::vector<std::uint8_t> out(Ipv6Address::kSize);
      source.copy_to(out.data());
      append_native32(out, interface_index);
      return out;
    }
    case kHopLimit: return number(hop_limit, -1);
    case kTrafficClass: return number(traffic_class, 0);  // §6.5: the default of -1 stands for 0
    case kUseMinimumMtu: return number(use_minimum_mtu, -1);
    case kDontFragment: return int_value(dont_fragment.value_or(false) ? 1 : 0);
    case kNextHop: return next_hop ? socket_address({*next_hop, 0, next_hop_zone}) : std::vector<std::uint8_t>{};
    case kHopByHop: return hop_by_hop;
    case kDestinationBeforeRouting: return destination_before_routing;
    case kDestination: return destination;
    case kRouting: return routing;
    default: return std::nullopt;
  }
}

PacketOptions PacketOptions::over(const PacketOptions& sticky) const {
  PacketOptions both = sticky;
  if (!source.is_unspecified()) both.source = source;
  if (interface_index != 0) both.interface_index = interface_index;
  if (hop_limit) both.hop_limit = hop_limit;
  if (next_hop) both.next_hop = next_hop, both.next_hop_zone = next_hop_zone;
  if (traffic_class) both.traffic_class = traffic_class;
  if (use_minimum_mtu) both.use_minimum_mtu = use_minimum_mtu;
  if (dont_fragment) both.dont_fragment = dont_fragment;
  if (!hop_by_hop.empty()) both.hop_by_hop = hop_by_hop;
  if (!destination_before_routing.empty()) both.destination_before_routing = destination_before_routing;
  if (!routing.empty()) both.routing = routing;
  if (!destination.empty()) both.destination = destination;
  return both;
}

std::vector<ControlMessage> control_messages(const Datagram& datagram, const ReceiveOptions& wanted) {
  std::vector<ControlMessage> messages;
  if (!wanted.any()) return messages;
  auto add = [&](int type, std::vector<std::uint8_t> data) {
    messages.push_back({kLevelIpv6, type, std::move(data)});
  };
  if (wanted.packet_info) {
    std::vector<std::uint8_t> info(Ipv6Address::kSize);
    datagram.destination.copy_to(info.data());
    append_native32(info, datagram.interface->index());
    add(kPacketInfo, std::move(info));
  }
  if (wanted.hop_limit) add(kHopLimit, int_value(datagram.hop_limit));
  if (wanted.traffic_class) add(kTrafficClass, int_value(datagram.traffic_class));
  if ((!wanted.hop_by_hop && !wanted.routing && !wanted.destination) || datagram.headers.empty()) return messages;
  // The headers in the order in which they came, one message each (§4.1).
  const Bytes headers = datagram.headers;
  auto next = static_cast<NextHeader>(headers[kIpv6NextHeaderOffset]);
  for (std::size_t at = kIpv6HeaderSize; at + 8 <= headers.size();) {
    const std::size_t size = 8 * (std::size_t{headers[at + 1]} + 1);
    if (at + size > headers.size()) break;
    const Bytes header = headers.subspan(at, size);
    const std::vector<std::uint8_t> copy(header.begin(), header.end());
    if (next == NextHeader::HopByHopOptions && wanted.hop_by_hop) add(kHopByHop, copy);
    if (next == NextHeader::Routing && wanted.routing) add(kRouting, copy);
    if (next == NextHeader::DestinationOptions && wanted.destination) add(kDestination, copy);
    next = static_cast<NextHeader>(header[0]);
    at += size;
  }
  return messages;
}

}  // namespace kamesim
