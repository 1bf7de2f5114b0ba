// A mobile node's mobile prefix discovery (RFC 6275 §11.4.2, §11.4.3): when it solicits, and which advertisements it
// believes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "protocols/mip6/constants.h"
#include "protocols/mip6/discovery_messages.h"
#include "protocols/wire/ipv6_address.h"
#include "sim/drop.h"
#include "sim/time.h"

namespace kamesim {

inline constexpr DropInfo kMpaWrongSource{"mip6.mpa_wrong_source", "RFC 6275 §11.4.3"};
inline constexpr DropInfo kMpaNoRoutingHeader{"mip6.mpa_no_routing_header", "RFC 6275 §11.4.3"};
inline constexpr DropInfo kMpaUnsolicited{"mip6.mpa_unsolicited", "RFC 6275 §11.4.3"};

// Of the valid lifetime of the home prefix, when it is asked for anew (§11.4.2: "about to become invalid").
inline constexpr int kPrefixRefreshPercent = 75;

struct ReceivedPrefixAdvertisement {
  Ipv6Address source;
  bool type2_routed = false;
  std::uint16_t identifier = 0;
};

class PrefixSolicitor {
 public:
  struct Output {
    std::optional<MobilePrefixSolicitation> send;  // to the home agent, with a Home Address option
    bool accepted = false;                         // the advertisement: its options are to be processed
    DropReason dropped = nullptr;
  };

  // identifiers: §11.4.2, "a random value" for each solicitation.
  explicit PrefixSolicitor(std::function<std::uint16_t()> identifiers) : identifiers_(std::move(identifiers)) {}

  // There is a registration with that home agent: it may be asked, and its advertisements are believed.
  void on_registered(const Ipv6Address& home_agent) { home_agent_ = home_agent; }
  // At home, or without a care-of address: nothing is sent.
  void stop();
  // Asks, if there is a registration and no solicitation is under way.
  Output solicit(Time now);
  // The home prefix is valid until then: it is asked for before.
  void on_home_prefix(Time now, Time valid_until);
  Output on_advertisement(Time now, const ReceivedPrefixAdvertisement& advertisement);
  Output on_timeout(Time now);
  std::optional<Time> next_timeout() const;

 private:
  Output send(Time now);
  std::function<std::uint16_t()> identifiers_;
  std::optional<Ipv6Address> home_agent_;
  std::optional<std::uint16_t> outstanding_;  // the last identifier, until it is answered
  std::optional<Time> send_at_;               // again, unless it is answered
  std::optional<Time> refresh_at_;
  Duration timeout_;
};

}  // namespace kamesim
