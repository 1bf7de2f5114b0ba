// The Home Agents List of a home link (RFC 6275 §10.1, §10.5.1), and the answers to discovery made of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "protocols/mip6/constants.h"
#include "protocols/wire/ipv6_address.h"
#include "protocols/wire/nd_options.h"
#include "sim/random.h"
#include "sim/time.h"

namespace kamesim {

// RFC 6275 §10.5.1: "the packet fits within the minimum IPv6 MTU": 1280 less the IPv6 header and 8 octets of message.
inline constexpr std::size_t kMaxHomeAgentAddressesInReply = (1280 - 40 - 8) / Ipv6Address::kSize;

// What a Router Advertisement says of its sender.
struct HomeAgentAdvertisement {
  Ipv6Address router;       // link-local: whom the advertisement is from
  bool home_agent = false;  // H
  Duration router_lifetime;
  std::optional<HomeAgentInformation> information;
  struct Address {  // of a Prefix Information option with the R bit (§7.2)
    Ipv6Address address;
    Duration valid_lifetime;
  };
  std::vector<Address> addresses;
};

class HomeAgentsList {
 public:
  // Bounds: what is beyond them is not taken up.
  static constexpr std::size_t kMaxHomeAgents = 64;
  static constexpr std::size_t kMaxAddressesOfOne = 16;

  // A valid Router Advertisement of another router on the link.
  void on_router_advertisement(Time now, const HomeAgentAdvertisement& advertisement);

  // The home agent that keeps the list.
  struct Own {
    std::uint16_t preference = 0;
    std::vector<Ipv6Address> addresses;  // global ones
    bool mobile_router_support = false;  // RFC 3963 §7.3
  };
  enum class Wanted : std::uint8_t { All, ForMobileRouters };
  // For a Home Agent Address Discovery Reply: by decreasing preference; among equals, and among the addresses of one
  // home agent, in random order; no more than fit.
  std::vector<Ipv6Address> addresses_for_reply(Time now, const Own& own, RandomStream& random,
                                               Wanted wanted = Wanted::All);

  struct Entry {
    std::uint16_t preference = 0;
    bool mobile_router_support = false;         // RFC 3963 §7.3
    Time expires;
    std::map<Ipv6Address, Time> addresses;  // until when the prefix is valid
  };
  // By link-local address; what has expired is not in it.
  const std::map<Ipv6Address, Entry>& entries(Time now);

 private:
  void delete_expired(Time now);
  std::map<Ipv6Address, Entry> entries_;
};

}  // namespace kamesim
