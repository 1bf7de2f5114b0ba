// A mobile node's registrations with Mobility Anchor Points (RFC 5380 §6.1, §7.1, §8, §9): which MAP, which RCoA, and
// which care-of address home agent and correspondents are told.
//
//   no MAP: the on-link care-of address (LCoA) is told
//   candidate: a MAP that has not acknowledged yet; what was told before stays told (§6.1, "SHOULD wait")
//   active: its RCoA is told; a move within its domain is a local Binding Update, nothing else
//   previous: the MAP that was active before; it forwards to the new LCoA what is still under way (§6.1, §8)
// It is eager to bind with a MAP that comes first in the order of selection, and lazy to let go of one that it has (§9).
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "protocols/hmip6/map_list.h"
#include "protocols/mip6/binding_updater.h"
#include "protocols/wire/ipv6_address.h"
#include "sim/drop.h"
#include "sim/time.h"

namespace kamesim {

inline constexpr DropInfo kBackNotFromMap{"hmip6.back_not_from_map", "RFC 5380 §6.1"};
inline constexpr DropInfo kBackWithoutRcoaRoute{"hmip6.back_without_rcoa_route", "RFC 5380 §6.1"};

// A binding with a MAP is refreshed before those that last no longer than it (§6.1): after this part of its lifetime.
inline constexpr int kMapRefreshPercent = 60;

struct HierarchicalMobileNodeConfig {
  InterfaceId interface_id{0};         // that RCoAs are formed with (§6)
  Duration lifetime = 420_s;           // of bindings, to ask for; a multiple of 4 s
  MapSelection selection = MapSelection::Furthest;
  bool update_previous_map = true;     // §6.1, §8
  Duration forward_for = 60_s;         // what the previous MAP is asked to forward for; a multiple of 4 s
  Duration avoid_for = 60_s;           // before a MAP that refused or did not answer is tried again
};

struct LocalUpdateToSend {
  Ipv6Address map;  // the destination
  BindingUpdate update;
  Ipv6Address source;               // the LCoA
  Ipv6Address home_address_option;  // the RCoA
};

// An RCoA as the kernel is to have it: packets from it go to the MAP by a tunnel from the LCoA.
struct Region {
  Ipv6Address rcoa;
  Ipv6Address lcoa;  // unspecified: none at present
  Ipv6Address map;
  bool registered = false;
  friend bool operator==(const Region&, const Region&) = default;
};

class HierarchicalMobileNode {
 public:
  struct Output {
    std::vector<Region> regions;             // to set, first
    std::vector<LocalUpdateToSend> send;     // at most two
    std::optional<Region> registered;        // acknowledged by its MAP
    std::optional<CareOfAddress> care_of;    // to register with home agent and correspondents; the same one as before
                                             // has a new lifetime only
    std::vector<Ipv6Address> closed;         // RCoAs that are ours no more, last
    std::optional<Ipv6Address> failed;       // a MAP
    DropReason dropped = nullptr;
    // What one more event has led to.
    void add(Output more);
  };
  enum class RoutedByType2 : bool { No, Yes };

  // `draw_sequence` gives the number before the first of a MAP (RFC 6275 §11.7.2).
  HierarchicalMobileNode(const HierarchicalMobileNodeConfig& config, std::function<SeqNum16()> draw_sequence)
      : config_(config), draw_sequence_(std::move(draw_sequence)) {}

  // The on-link care-of address, new or the same on a new link.
  Output on_attach(Time now, const CareOfAddress& lcoa);
  Output on_detach(Time now);
  // At home: bindings with MAPs are left to run out.
  Output on_withdraw(Time now);
  Output on_router_advertisement(Time now, const Ipv6Address& router, std::span<const Ipv6Prefix> prefixes,
                                 std::span<const MapOption> options);
  // From a MAP to an RCoA.
  Output on_binding_ack(Time now, const Ipv6Address& map, const Ipv6Address& rcoa, RoutedByType2 routed,
                        const BindingAck& ack);
  Output on_timeout(Time now);
  std::optional<Time> next_timeout() const;

  // The MAP whose RCoA is told, and the one that is asked.
  std::optional<Region> active() const;
  std::optional<Region> candidate() const;
  std::optional<Ipv6Address> lcoa() const { return lcoa_ ? std::optional(lcoa_->address) : std::nullopt; }
  // Those advertised here, in the order of selection.
  std::vector<StoredMap> maps(Time now) const;

 private:
  struct Anchor {
    Anchor(const MapOption& option, const Ipv6Address& rcoa, const BindingUpdaterConfig& config)
        : option(option), rcoa(rcoa), updater(config) {}
    MapOption option;
    Ipv6Address rcoa;
    BindingUpdater updater;
  };
  struct Avoided {
    Ipv6Address map;
    Time until;
  };
  static constexpr std::size_t kMaxAvoided = 16;
  enum class Moved : bool { No, Yes };

  Output choose(Time now, Moved moved);
  std::optional<MapOption> best(Time now) const;
  bool usable(Time now, const StoredMap& map) const;
  Output register_with(Time now, const MapOption& map);
  Output update(Time now, Anchor& anchor, Duration lifetime);
  Output tell_lcoa(Time now);
  Output lose_active(Time now);
  Output demote_active(Time now);
  Output close(std::optional<Anchor>& anchor);
  Output fail(Time now, std::optional<Anchor>& anchor);
  Output take(Time now, std::optional<Anchor>& anchor, const BindingUpdater::Output& out);
  Output bound(Time now, std::optional<Anchor>& anchor, const Binding& binding);
  Region region(const Anchor& anchor) const;

  HierarchicalMobileNodeConfig config_;
  std::function<SeqNum16()> draw_sequence_;
  MapList maps_;
  std::optional<CareOfAddress> lcoa_;
  std::optional<Anchor> candidate_, active_, previous_;
  std::optional<Time> previous_ends_;
  std::optional<Time> map_expires_;  // a stored option
  std::vector<Avoided> avoided_;
};

}  // namespace kamesim
