// setsockopt and getsockopt of UDP and raw sockets, and what the options make of a packet.
#include <algorithm>
#include <cstring>

#include "protocols/ipsec/socket_policy.h"
#include "protocols/sockets/datagram_socket.h"
#include "protocols/sockets/option_names.h"
#include "protocols/wire/ipv6_header.h"

namespace kamesim {

namespace {

using namespace socket_option;

constexpr std::errc kDone{};
constexpr int kAfInet6 = 10, kSockDgram = 2, kSockRaw = 3;
constexpr std::size_t kIcmp6FilterSize = 32;             // struct icmp6_filter: a bit a type
constexpr std::size_t kGroupRequestSize = Ipv6Address::kSize + 4;  // struct ipv6_mreq
// struct group_source_req: the interface, then two struct sockaddr_storage at 8-octet boundaries.
constexpr std::size_t kStorageSize = 128, kGroupOffset = 8, kSourceOffset = kGroupOffset + kStorageSize;
constexpr std::size_t kAddressInStorage = 8;
// struct group_filter: behind the group, the mode, the number of sources, and the sources themselves.
constexpr std::size_t kFilterModeOffset = kGroupOffset + kStorageSize, kFilterCountOffset = kFilterModeOffset + 4,
                      kFilterSourcesOffset = kFilterModeOffset + 8;

std::uint32_t load_native32(const std::uint8_t* p) {
  std::uint32_t v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

std::optional<bool> flag_option(Bytes value) {
  const auto number = int_option(value);
  if (!number) return std::nullopt;
  return *number != 0;
}

std::errc set_flag(bool& flag, Bytes value) {
  const auto given = flag_option(value);
  if (!given) return std::errc::invalid_argument;
  flag = *given;
  return kDone;
}

std::errc set_range(int& option, Bytes value, int low, int high) {
  const auto number = int_option(value);
  if (!number || *number < low || *number > high) return std::errc::invalid_argument;
  option = *number;
  return kDone;
}

std::errc set_buffer(std::size_t& size, Bytes value) {
  const auto number = int_option(value);
  if (!number || *number <= 0 || static_cast<std::size_t>(*number) > kMaxSocketBuffer) {
    return std::errc::invalid_argument;
  }
  size = static_cast<std::size_t>(*number);
  return kDone;
}

}  // namespace

std::errc DatagramSocket::request_for(const SocketAddress& to, const PacketOptions& options,
                                      OutputRequest& request) const {
  const bool group = to.address.is_multicast();
  if (to.address.is_v4_mapped() && socket().v6_only) return std::errc::network_unreachable;  // RFC 3493 §5.3
  request.destination = to.address;
  // RFC 3542 §6.7: the interface of the destination's zone, of IPV6_PKTINFO, of the peer's zone, of IPV6_MULTICAST_IF;
  // those that are said must agree.
  if (to.zone != 0 && options.interface_index != 0 && to.zone != options.interface_index) {
    return std::errc::invalid_argument;
  }
  std::uint32_t index = to.zone;
  for (const std::uint32_t said : {options.interface_index, group ? defaults_.multicast_interface : 0u,
                                   to.address.is_link_local() ? local().zone : 0u}) {
    if (index == 0) index = said;
  }
  if (index != 0) {
    request.interface = layer().interface(index);
    if (request.interface == nullptr) return std::errc::no_such_device_or_address;
  }
  if (options.next_hop && !group) {
    request.next_hop = *options.next_hop;
    if (options.next_hop_zone != 0) request.interface = layer().interface(options.next_hop_zone);
  }
  if (!options.source.is_unspecified()) {
    // RFC 3542 §6.2: an address of the node, as for bind.
    const InterfaceAddress* own = layer().stack().find_own_address(options.source, request.interface);
    if (own == nullptr || own->anycast) return std::errc::address_not_available;
    request.source = options.source;
  }
  const int hops = options.hop_limit && *options.hop_limit >= 0
                       ? *options.hop_limit
                       : (group ? defaults_.multicast_hops : defaults_.unicast_hops);
  if (hops >= 0) request.hop_limit = static_cast<std::uint8_t>(hops);
  request.traffic_class = static_cast<std::uint8_t>(std::max(0, options.traffic_class.value_or(0)));
  request.dont_fragment = options.dont_fragment.value_or(false);
  // RFC 3542 §11.1: -1, the default, is 1 for groups and 0 for others.
  const int minimum_mtu = options.use_minimum_mtu.value_or(-1);
  request.minimum_mtu = minimum_mtu == 1 || (minimum_mtu == -1 && group);
  if (group) request.multicast_loop = defaults_.multicast_loop;
  if (!defaults_.auto_flow_label) request.flow_label = 0;
  if (to.flow_info > kIpv6MaxFlowLabel) return std::errc::invalid_argument;
  if (to.flow_info != 0) request.flow_label = to.flow_info;  // RFC 3493 §3.3
  request.prefer = defaults_.prefer;
  return kDone;
}

std::errc DatagramSocket::set_option(int level, int name, Bytes value) {
  switch (level) {
    case kLevelSocket: return set_socket_option(name, value);
    case kLevelIpv6: return set_ipv6_option(name, value);
    case kLevelUdp:
      if (udp() == nullptr) return std::errc::no_protocol_option;
      if (name == kSendZeroChecksum) return set_flag(udp()->send_zero_checksum, value);
      if (name == kAcceptZeroChecksum) return set_flag(udp()->accept_zero_checksum, value);
      return std::errc::no_protocol_option;
    case kLevelIcmp6: {
      if (name != kIcmp6Filter || raw() == nullptr || raw()->protocol() != NextHeader::Icmp6) {
        return std::errc::no_protocol_option;
      }
      if (value.size() != kIcmp6FilterSize) return std::errc::invalid_argument;
      std::bitset<256> pass;  // RFC 3542 §3.2; as in Linux's struct, a bit that is set keeps a type out
      for (std::size_t type = 0; type < pass.size(); ++type) {
        pass[type] = (load_native32(value.data() + type / 32 * 4) >> (type % 32) & 1) == 0;
      }
      raw()->set_filter(pass);
      return kDone;
    }
    default: return std::errc::no_protocol_option;
  }
}

std::errc DatagramSocket::set_socket_option(int name, Bytes value) {
  switch (name) {
    case kReuseAddress: return udp() != nullptr ? set_flag(udp()->sharing.reuse_address, value) : kDone;
    case kReusePort: return udp() != nullptr ? set_flag(udp()->sharing.reuse_port, value) : kDone;
    case kReceiveBuffer: return set_buffer(receive_buffer_, value);
    case kSendBuffer: return set_buffer(send_buffer_, value);
    default: return std::errc::no_protocol_option;
  }
}

std::errc DatagramSocket::set_ipv6_option(int name, Bytes value) {
  switch (name) {
    case kUnicastHops: return set_range(defaults_.unicast_hops, value, -1, 255);      // RFC 3493 §5.1
    case kMulticastHops: return set_range(defaults_.multicast_hops, value, -1, 255);  // §5.2
    case kMulticastLoop: return set_flag(defaults_.multicast_loop, value);
    case kMulticastInterface: {
      const auto index = int_option(value);
      if (!index) return std::errc::invalid_argument;
      if (*index != 0 && layer().interface(static_cast<std::uint32_t>(*index)) == nullptr) {
        return std::errc::no_such_device_or_address;
      }
      defaults_.multicast_interface = static_cast<std::uint32_t>(*index);
      return kDone;
    }
    case kV6Only:  // §5.3: to be said before bind
      return local().port != 0 ? std::errc::invalid_argument : set_flag(socket().v6_only, value);
    case kReceiveError: return set_flag(defaults_.receive_error, value);
    case kReceivePathMtu: return set_flag(defaults_.receive_path_mtu, value);
    case kReceivePacketInfo: return set_flag(receive_options_.packet_info, value);
    case kReceiveHopLimit: return set_flag(receive_options_.hop_limit, value);
    case kReceiveTrafficClass: return set_flag(receive_options_.traffic_class, value);
    case kReceiveHopByHop: return set_flag(receive_options_.hop_by_hop, value);
    case kReceiveRouting: return set_flag(receive_options_.routing, value);
    case kReceiveDestination: return set_flag(receive_options_.destination, value);
    case kAutoFlowLabel: return set_flag(defaults_.auto_flow_label, value);
    case kFlowInfo: return set_flag(defaults_.receive_flow_info, value);
    case kAddressPreferences: return set_address_preferences(value);
    case kIpsecPolicy: return set_ipsec_policy(value);
    case kChecksum: {  // RFC 3542 §3.1
      const auto offset = int_option(value);
      if (raw() == nullptr) return std::errc::no_protocol_option;
      if (!offset || *offset < -1 || *offset > 65534 || (*offset > 0 && *offset % 2 != 0)) {
        return std::errc::invalid_argument;
      }
      if (raw()->protocol() == NextHeader::Icmp6) return std::errc::invalid_argument;  // the kernel's own matter
      raw()->set_checksum_offset(*offset);
      return kDone;
    }
    case kJoinGroup:
    case kLeaveGroup:
    case kGroupJoin:
    case kGroupLeave:
    case kSourceBlock:
    case kSourceUnblock:
    case kSourceJoin:
    case kSourceLeave: return set_membership(name, value);
    case kSourceFilter: return set_source_filter(value);
    case kHopLimit: return std::errc::no_protocol_option;  // RFC 3542 §6.3: of one packet only
    default: return sticky_.set(name, value);
  }
}

// RFC 5014 §6: what contradicts itself is refused. §5: what the node does not have, CGA addresses, stays its default.
std::errc DatagramSocket::set_address_preferences(Bytes value) {
  const auto given = int_option(value);
  if (!given) return std::errc::invalid_argument;
  const auto flags = static_cast<unsigned>(*given);
  constexpr unsigned kKnown =
      kPreferTemporary | kPreferPublic | kPreferCareOf | kPreferHome | kPreferCga | kPreferNonCga;
  if ((flags & ~kKnown) != 0) return std::errc::invalid_argument;
  for (const unsigned both : {kPreferTemporary | kPreferPublic, kPreferCareOf | kPreferHome,
                              kPreferCga | kPreferNonCga}) {
    if ((flags & both) == both) return std::errc::invalid_argument;
  }
  defaults_.prefer = {.care_of = (flags & kPreferCareOf) != 0};
  if ((flags & (kPreferTemporary | kPreferPublic)) != 0) defaults_.prefer.temporary = (flags & kPreferTemporary) != 0;
  return kDone;
}

// What counts at present, defaults among it.
int DatagramSocket::address_preferences() const {
  const bool temporary =
      defaults_.prefer.temporary.value_or(layer().stack().config().nd.prefer_temporary_addresses);
  return static_cast<int>((temporary ? kPreferTemporary : kPreferPublic) |
                          (defaults_.prefer.care_of ? kPreferCareOf : kPreferHome) | kPreferNonCga);
}

Ip6Interface* DatagramSocket::group_interface(std::uint32_t index, const Ipv6Address& group) const {
  if (index != 0) return layer().interface(index);
  // RFC 3493 §5.2: the node chooses: by its routes, else the first that is up.
  Ip6Interface* out = layer().stack().route_to(group, nullptr).interface;
  if (out != nullptr && !out->is_loopback()) return out;
  for (const auto& interface : layer().stack().interfaces()) {
    if (interface->nd() != nullptr && interface->up()) return interface.get();
  }
  return nullptr;
}

// KAME's ipsec_set_policy: a policy string, of one direction; the other stays as it is.
std::errc DatagramSocket::set_ipsec_policy(Bytes value) {
  const std::string_view text(reinterpret_cast<const char*>(value.data()), value.size());
  auto policy = ipsec::with_policy(socket().ipsec(), text);
  if (policy == nullptr) return std::errc::invalid_argument;
  socket().set_ipsec(std::move(policy));
  return kDone;
}

std::errc DatagramSocket::set_membership(int name, Bytes value) {
  std::uint32_t index = 0;
  Ipv6Address group, source;
  const bool with_source = name == kSourceBlock || name == kSourceUnblock || name == kSourceJoin || name == kSourceLeave;
  if (name == kJoinGroup || name == kLeaveGroup) {
    if (value.size() != kGroupRequestSize) return std::errc::invalid_argument;
    group = Ipv6Address::from_bytes(value.data());
    index = load_native32(value.data() + Ipv6Address::kSize);
  } else {
    if (value.size() != (with_source ? kSourceOffset : kGroupOffset) + kStorageSize) return std::errc::invalid_argument;
    index = load_native32(value.data());
    group = Ipv6Address::from_bytes(value.data() + kGroupOffset + kAddressInStorage);
    if (with_source) source = Ipv6Address::from_bytes(value.data() + kSourceOffset + kAddressInStorage);
  }
  if (!group.is_multicast()) return std::errc::invalid_argument;
  if (index == 0 && (name == kLeaveGroup || name == kGroupLeave)) return groups().leave(nullptr, group);
  Ip6Interface* on = group_interface(index, group);
  if (on == nullptr) return std::errc::no_such_device;
  switch (name) {
    case kJoinGroup:
    case kGroupJoin: return groups().join(*on, group);
    case kLeaveGroup:
    case kGroupLeave: return groups().leave(on, group);
    case kSourceBlock: return groups().block_source(*on, group, source);
    case kSourceUnblock: return groups().unblock_source(*on, group, source);
    case kSourceJoin: return groups().join_source(*on, group, source);
    default: return groups().leave_source(*on, group, source);
  }
}

// RFC 3678 §5.2: mode and sources of a membership at once.
std::errc DatagramSocket::set_source_filter(Bytes value) {
  if (value.size() < kFilterSourcesOffset) return std::errc::invalid_argument;
  const Ipv6Address group = Ipv6Address::from_bytes(value.data() + kGroupOffset + kAddressInStorage);
  const std::uint32_t mode = load_native32(value.data() + kFilterModeOffset);
  const std::size_t count = load_native32(value.data() + kFilterCountOffset);
  if (!group.is_multicast() || (mode != kFilterInclude && mode != kFilterExclude)) return std::errc::invalid_argument;
  if (count > kMaxSocketSources) return std::errc::no_buffer_space;
  if (value.size() != kFilterSourcesOffset + count * kStorageSize) return std::errc::invalid_argument;
  std::vector<Ipv6Address> sources;
  for (std::size_t i = 0; i < count; ++i) {
    sources.push_back(
        Ipv6Address::from_bytes(value.data() + kFilterSourcesOffset + i * kStorageSize + kAddressInStorage));
  }
  Ip6Interface* on = group_interface(load_native32(value.data()), group);
  if (on == nullptr) return std::errc::no_such_device;
  return groups().set_filter(*on, group,
                             mode == kFilterInclude ? SocketGroups::Mode::Include : SocketGroups::Mode::Exclude, sources);
}

std::errc DatagramSocket::get_source_filter(std::uint32_t interface, const Ipv6Address& group,
                                            SocketGroups::Filter& filter) {
  if (!group.is_multicast()) return std::errc::invalid_argument;
  const Ip6Interface* on = group_interface(interface, group);
  if (on == nullptr) return std::errc::no_such_device;
  const SocketGroups::Filter* found = groups().filter(*on, group);
  if (found == nullptr) return std::errc::address_not_available;
  filter = *found;
  return kDone;
}

std::errc DatagramSocket::get_option(int level, int name, std::vector<std::uint8_t>& value) {
  auto number = [&](std::int64_t n) { return value = int_value(static_cast<int>(n)), kDone; };
  if (level == kLevelSocket) {
    switch (name) {
      case kType: return number(udp() != nullptr ? kSockDgram : kSockRaw);
      case kDomain: return number(kAfInet6);
      case kProtocol: return number(udp() != nullptr ? kLevelUdp : static_cast<int>(raw()->protocol()));
      case kError: return number(static_cast<int>(take_error()));
      case kReceiveBuffer: return number(static_cast<std::int64_t>(receive_buffer_));
      case kSendBuffer: return number(static_cast<std::int64_t>(send_buffer_));
      case kReuseAddress: return number(udp() != nullptr && udp()->sharing.reuse_address);
      case kReusePort: return number(udp() != nullptr && udp()->sharing.reuse_port);
      default: return std::errc::no_protocol_option;
    }
  }
  if (level == kLevelIcmp6 && name == kIcmp6Filter && raw() != nullptr && raw()->protocol() == NextHeader::Icmp6) {
    const std::bitset<256> pass = raw()->filter();
    value.assign(kIcmp6FilterSize, 0);
    for (std::size_t type = 0; type < pass.size(); ++type) {
      if (!pass[type]) value[type / 8] |= static_cast<std::uint8_t>(1u << type % 8);
    }
    return kDone;
  }
  if (level == kLevelUdp && udp() != nullptr) {
    if (name == kSendZeroChecksum) return number(udp()->send_zero_checksum);
    if (name == kAcceptZeroChecksum) return number(udp()->accept_zero_checksum);
  }
  if (level != kLevelIpv6) return std::errc::no_protocol_option;
  const Ip6Config& config = layer().stack().config();
  switch (name) {
    case kUnicastHops: return number(defaults_.unicast_hops >= 0 ? defaults_.unicast_hops : config.hop_limit);
    case kMulticastHops:
      return number(defaults_.multicast_hops >= 0 ? defaults_.multicast_hops : config.multicast_hop_limit);
    case kMulticastLoop: return number(defaults_.multicast_loop);
    case kMulticastInterface: return number(defaults_.multicast_interface);
    case kV6Only: return number(socket().v6_only);
    case kReceiveError: return number(defaults_.receive_error);
    case kReceivePathMtu: return number(defaults_.receive_path_mtu);
    case kReceivePacketInfo: return number(receive_options_.packet_info);
    case kReceiveHopLimit: return number(receive_options_.hop_limit);
    case kReceiveTrafficClass: return number(receive_options_.traffic_class);
    case kReceiveHopByHop: return number(receive_options_.hop_by_hop);
    case kReceiveRouting: return number(receive_options_.routing);
    case kReceiveDestination: return number(receive_options_.destination);
    case kAddressPreferences: return number(address_preferences());
    case kIpsecPolicy: {  // both directions, one a line
      const std::string text = ipsec::to_text(socket().ipsec());
      value.assign(text.begin(), text.end());
      return kDone;
    }
    case kAutoFlowLabel: return number(defaults_.auto_flow_label);
    case kFlowInfo: return number(defaults_.receive_flow_info);
    case kChecksum: return raw() != nullptr ? number(raw()->checksum_at()) : std::errc::no_protocol_option;
    case kPathMtu: {  // RFC 3542 §11.4: of a connected socket
      if (!connected()) return std::errc::not_connected;
      const auto mtu = path_mtu(peer());
      if (!mtu) return std::errc::host_unreachable;
      value = path_mtu_message(peer(), *mtu).data;
      return kDone;
    }
    case kHopLimit: return std::errc::no_protocol_option;
    default:
      if (auto found = sticky_.get(name)) return value = std::move(*found), kDone;
      return std::errc::no_protocol_option;
  }
}

}  // namespace kamesim
