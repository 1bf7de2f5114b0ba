// Values of the Next Header field: extension headers and upper-layer protocols (IANA "Assigned Internet Protocol
// Numbers"). Any octet may arrive; those without a name here are unknown protocols.
#pragma once

#include <cstdint>

namespace kamesim {

enum class NextHeader : std::uint8_t {
  HopByHopOptions = 0,       // RFC 8200 §4.3
  Icmp4 = 1,                 // RFC 792
  Ipv4 = 4,                  // RFC 2003, RFC 2473
  Tcp = 6,
  Udp = 17,
  Ipv6 = 41,                 // RFC 2473
  Routing = 43,              // RFC 8200 §4.4
  Fragment = 44,             // RFC 8200 §4.5
  Esp = 50,                  // RFC 4303
  AuthenticationHeader = 51, // RFC 4302
  Icmp6 = 58,                // RFC 4443
  NoNextHeader = 59,         // RFC 8200 §4.7
  DestinationOptions = 60,   // RFC 8200 §4.6
  Ospf = 89,                 // RFC 5340
  Pim = 103,                 // RFC 7761
  IpComp = 108,              // RFC 3173
  Vrrp = 112,                // RFC 9568
  Sctp = 132,
  Mobility = 135,            // RFC 6275 §6.1
  Hip = 139,                 // RFC 7401
  Shim6 = 140,               // RFC 5533
  Experiment1 = 253,         // RFC 3692
  Experiment2 = 254,
};

}  // namespace kamesim
