// The mobile node's part of fast handovers (RFC 5568 §3.2, §4, §6): what it asks its access router of the neighbourhood,
// when it sends Fast Binding Updates, and what it does on the new link.
//
//   attached: RtSolPr, PrRtAdv: tuples are known
//   predictive: anticipated -> FBU from the old link -> FBack -> link up: UNA, the NCoA is used
//   reactive: link up, without an FBack -> UNA -> FBU from the new link -> FBack
//   where the new access point was not known: FBU once an address is configured
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "protocols/fmip6/constants.h"
#include "protocols/fmip6/messages.h"
#include "protocols/fmip6/nd_messages.h"
#include "protocols/mip6/keygen.h"
#include "protocols/mip6/rate_limit.h"
#include "protocols/wire/ipv6_address.h"
#include "sim/drop.h"
#include "sim/mac_address.h"
#include "sim/time.h"

namespace kamesim {

inline constexpr DropInfo kPrRtAdvUnmatched{"fmip6.prrtadv_unmatched", "RFC 5568 §6.1.2"};
inline constexpr DropInfo kFbackUnmatched{"fmip6.fback_unmatched", "RFC 5568 §6.2.3"};
inline constexpr DropInfo kFbackBadAuthenticator{"fmip6.fback_bad_authenticator", "RFC 5568 §6.4.5"};

// What a PrRtAdv tells of an access point.
struct AccessPointInfo {
  enum class Kind : std::uint8_t { Known, SameInterface, NoPrefix, NoFastHandover };
  MacAddress access_point;
  Kind kind = Kind::NoPrefix;
  // Known: AR-Info.
  MacAddress router_link_layer;
  Ipv6Address router;
  Ipv6Prefix prefix;
  std::optional<Ipv6Address> new_care_of;  // a New CoA option
};

struct FastMobileNodeConfig {
  InterfaceId interface_id{0};
  MacAddress mac;
  BindingManagementKey key{};       // shared with access routers
  bool predictive = true;           // FBUs are sent from the old link where that is possible
  Duration lifetime = 20_s;         // of Fast Bindings, to ask for
};

class FastMobileNode {
 public:
  struct Solicitation {
    std::uint16_t identifier;
    std::vector<MacAddress> access_points;  // empty: a wildcard
  };
  struct Update {
    FastBindingUpdate message;  // its authenticator is zeros: compute_authenticator(key, care_of, destination, message)
    Ipv6Address destination;
    Ipv6Address source;
    Ipv6Address home_address_option;  // the PCoA
    Ipv6Address care_of;
  };
  struct Arrival {
    AccessPointInfo router;
    Ipv6Address new_care_of;
    bool confirmed;  // by an FBack
  };
  struct Tunnel {  // packets from the PCoA go to the previous access router, and those for it come from there
    Ipv6Address previous_care_of, new_care_of, router;
  };
  struct Output {
    std::optional<Solicitation> solicit;
    std::optional<Ipv6Address> tunnel_over;  // a PCoA
    std::optional<Arrival> arrived;          // configure, announce by a UNA
    std::optional<Tunnel> tunnel;
    std::optional<Update> update;            // after the UNA
    DropReason dropped = nullptr;
    void add(Output more);
  };

  static constexpr std::size_t kMaxAccessPoints = 32;

  FastMobileNode(const FastMobileNodeConfig& config, std::function<std::uint16_t()> draw)
      : config_(config), draw_(std::move(draw)), sequence_(SeqNum16(draw_())) {}

  // The access router of this link, by a global address of its own.
  Output on_router(Time now, const Ipv6Address& router);
  // The care-of address of this link, configured by other means.
  Output on_care_of(Time now, const Ipv6Address& care_of);
  // The link layer says which access point comes next.
  Output on_anticipated(Time now, const MacAddress& access_point);
  Output on_link_down(Time now);
  Output on_link_up(Time now, const std::optional<MacAddress>& access_point);
  Output on_proxy_advertisement(Time now, PrRtAdv::Code code, std::uint16_t identifier,
                                const std::vector<AccessPointInfo>& tuples);
  // `authentic`: whether the authenticator is right for that care-of address and the source.
  Output on_fast_binding_ack(Time now, const Ipv6Address& from, const FastBindingAck& ack,
                             const std::function<bool(const Ipv6Address& care_of)>& authentic);
  // A NAACK option (§6.4.6).
  Output on_naack(Time now, const NeighborAdvertisementAcknowledgment& naack);
  Output on_timeout(Time now);
  std::optional<Time> next_timeout() const;

  const std::map<MacAddress, AccessPointInfo>& neighborhood() const { return neighborhood_; }
  std::optional<Tunnel> tunnel() const { return tunnel_ ? std::optional(tunnel_->tunnel) : std::nullopt; }
  bool prepared() const { return handover_ && handover_->acknowledged; }

 private:
  struct Place {  // an attachment: this one, or the one before
    std::optional<Ipv6Address> router, care_of;
  };
  struct Handover {
    std::optional<MacAddress> access_point;
    std::optional<AccessPointInfo> to;
    Ipv6Address previous_care_of, new_care_of, previous_router;
    bool from_new_link = false;
    bool acknowledged = false;
    int tries = 0;
    Duration timeout{};
    std::optional<Time> send_at;
    SeqNum16 sequence{0};

    // RFC 6275 §11.7.3: whether an update with this number is outstanding. The way to the former router and its exchange
    // with the new one may take longer than the first timeouts.
    bool sent(SeqNum16 number) const {
      return static_cast<std::uint16_t>(sequence.value() - number.value()) < tries;
    }
  };
  struct LivingTunnel {
    Tunnel tunnel;
    Time expires;
  };

  Output solicit(Time now, std::vector<MacAddress> access_points);
  Output send_solicitation(Time now);
  Output prepare(Time now, const AccessPointInfo& to);
  Output react(Time now, const Ipv6Address& new_care_of);
  Output send_update(Time now);
  Output end_tunnel();
  Ipv6Address form(const AccessPointInfo& at) const;

  FastMobileNodeConfig config_;
  std::function<std::uint16_t()> draw_;
  SeqNum16 sequence_;
  bool up_ = false;
  bool supported_ = true;  // §5.1: whether this router answers
  Place here_, before_;
  std::map<MacAddress, AccessPointInfo> neighborhood_;
  std::optional<Solicitation> solicitation_;  // unanswered
  int solicitations_ = 0;
  Duration solicitation_timeout_{};
  std::optional<Time> solicit_at_;
  std::optional<MacAddress> anticipated_;     // waits for its tuple
  std::optional<AccessPointInfo> router_info_;  // of this link's router, if a tuple told it
  UpdateRateLimit solicitation_limit_;        // MAX_RTSOLPR_RATE is MAX_UPDATE_RATE's three as well
  std::optional<Handover> handover_;
  std::optional<LivingTunnel> tunnel_;
};

}  // namespace kamesim
