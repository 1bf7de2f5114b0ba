// What an application says of a packet that it sends: of one, as ancillary data, or of all of a socket, by sticky
// options (RFC 3542 §6 to §11), and what it is told of one that it receives.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <system_error>
#include <vector>

#include "protocols/ip6/extension_output.h"
#include "protocols/ip6/socket.h"

namespace kamesim {

// One piece of ancillary data (RFC 3542 §20, struct cmsghdr).
struct ControlMessage {
  int level = 0;
  int type = 0;
  std::vector<std::uint8_t> data;
};

struct PacketOptions {
  Ipv6Address source;                  // IPV6_PKTINFO (§6.2); unspecified: not said
  std::uint32_t interface_index = 0;   // of the same; 0: not said
  std::optional<int> hop_limit;        // IPV6_HOPLIMIT (§6.3); -1: the node's own
  std::optional<Ipv6Address> next_hop; // IPV6_NEXTHOP (§6.4)
  std::uint32_t next_hop_zone = 0;
  std::optional<int> traffic_class;    // IPV6_TCLASS (§6.5); -1: the node's own
  std::optional<int> use_minimum_mtu;  // IPV6_USE_MIN_MTU (§11.1): -1 (groups only), 0, 1
  std::optional<bool> dont_fragment;   // IPV6_DONTFRAG (§11.2)
  // Whole extension headers; empty: none (§7 to §9). Their first octet is overwritten.
  std::vector<std::uint8_t> hop_by_hop, destination_before_routing, routing, destination;

  // Takes an option of IPPROTO_IPV6. no_protocol_option: it is none of these. invalid_argument: its value will not do.
  // An empty value takes it back (§6, §9.1).
  std::errc set(int name, Bytes value);
  // The value as setsockopt would take it; empty: not set. Null: none of these.
  std::optional<std::vector<std::uint8_t>> get(int name) const;
  // What is said of one packet goes before what is said of the socket (§6.1).
  // Views into this.
  ExtensionHeadersToSend headers() const { return {hop_by_hop, destination_before_routing, routing, destination}; }
  PacketOptions over(const PacketOptions& sticky) const;
};

// What a socket asks to be told of each packet (RFC 3542 §4, §6.1).
struct ReceiveOptions {
  bool packet_info = false, hop_limit = false, traffic_class = false;
  bool hop_by_hop = false, routing = false, destination = false;
  bool any() const { return packet_info || hop_limit || traffic_class || hop_by_hop || routing || destination; }
};
std::vector<ControlMessage> control_messages(const Datagram& datagram, const ReceiveOptions& wanted);

// struct ip6_mtuinfo, as the value of IPV6_PATHMTU (RFC 3542 §11.3).
ControlMessage path_mtu_message(const SocketAddress& destination, std::uint32_t mtu);

// Values of options: a C int, a struct in6_pktinfo and the like, in the machine's order where C has them so.
std::optional<int> int_option(Bytes value);
std::vector<std::uint8_t> int_value(int value);

}  // namespace kamesim
