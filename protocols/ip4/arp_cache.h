// ARP on one interface (RFC 826; RFC 1122 §2.3.2): who has which IPv4 address, and what waits until it is known.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "protocols/ip4/address_guard.h"
#include "protocols/ip6/interface.h"
#include "protocols/wire/arp.h"
#include "sim/packet.h"
#include "sim/time.h"
#include "sim/timer.h"

namespace kamesim {

inline constexpr Duration kArpRequestInterval = 1_s;   // RFC 1122 §2.3.2.1: at most one a second for an address
inline constexpr unsigned kArpMaxRequests = 5;         // 4.4BSD: arp_maxtries
inline constexpr Duration kArpEntryLifetime = 1200_s;  // 4.4BSD: arpt_keep, twenty minutes

class ArpCache {
 public:
  struct Entry {
    MacAddress mac;
    bool known = false;          // else it is being asked for
    bool permanent = false;      // given by hand
    unsigned requests = 0;
    Time due;                    // of the next request, or of the end of what is known
    std::vector<Packet> queue{};   // RFC 1122 §2.3.2.2: at least the latest packet is kept
  };
  // What waited in vain for an address, one packet after the other.
  using Unresolved = std::function<void(Packet packet)>;
  using Probed = std::function<void(Ipv4Bits address, bool unique)>;

  // `sources`: asked for the node's address to speak as, to a neighbour.
  // `probed`: told what came of probe().
  ArpCache(EthernetInterface& interface, std::function<Ipv4Bits(Ipv4Bits)> source_for, Unresolved unresolved,
           Probed probed);

  void send(Packet packet, Ipv4Bits next_hop);
  // `own`: whether an address is one of this interface.
  void input(Bytes message, const std::function<bool(Ipv4Bits)>& own);
  // RFC 5227 §2.1: asks whether somebody has the address.
  void probe(Ipv4Bits address);
  // RFC 5227 §2.3: says that an address is ours now, twice.
  void announce(Ipv4Bits own);
  // RFC 4436: a request without our address, as we may be on another link than the one where we had it. `heard` is told
  // of the answers to us.
  void ask_for(Ipv4Bits target) { ask(kIpv4Any, target); }
  using Heard = std::function<void(const Ipv6Address& neighbor)>;
  void set_listener(Heard heard) { heard_ = std::move(heard); }
  // The address is no longer ours, or to be ours.
  void forget(Ipv4Bits address);
  // The link is another, or gone: nothing is probed or announced any more.
  void forget_guarded();
  // Forgets all but what was given by hand; what waits is dropped.
  void clear();

  void add_permanent(Ipv4Bits address, MacAddress mac);
  bool remove(Ipv4Bits address);
  const std::map<Ipv4Bits, Entry>& entries() const { return entries_; }

 private:
  void learn(Ipv4Bits address, MacAddress mac, bool create);
  void request(Ipv4Bits address);
  void ask(Ipv4Bits sender, Ipv4Bits target);
  void transmit(const ArpMessage& message, MacAddress destination);
  void on_guard_timer();
  Entry& make_room_for(Ipv4Bits address);
  void on_timer();
  void arm_by(Time due);

  EthernetInterface& interface_;
  std::function<Ipv4Bits(Ipv4Bits)> source_for_;
  Unresolved unresolved_;
  Probed probed_;
  Heard heard_;
  std::map<Ipv4Bits, Entry> entries_;  // in order: what is due is done in the order of addresses
  Timer timer_;
  Ip4AddressGuard guard_;
  Timer guard_timer_;
};

}  // namespace kamesim
