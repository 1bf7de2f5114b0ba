// A mobile node's reports of the groups that it is in by its home address, through the tunnel to its home agent (RFC 6275
// §11.3.4, §10.4.3). The messages are those of Multicast Listener Discovery (RFC 3810, RFC 2710), for a link with one
// listener.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "protocols/wire/ipv6_address.h"
#include "protocols/wire/mld.h"
#include "sim/time.h"

namespace kamesim {

// RFC 3810 §9, the default values.
inline constexpr int kMldRobustness = 2;                             // Robustness Variable
inline constexpr Duration kMldQueryInterval = 125_s;                 // Query Interval
inline constexpr Duration kMldQueryResponseInterval = 10_s;          // Query Response Interval
inline constexpr Duration kMldUnsolicitedReportInterval = 1_s;       // Unsolicited Report Interval
inline constexpr Duration kMldv1UnsolicitedReportInterval = 10_s;    // RFC 2710 §7.10

class MulticastListener {
 public:
  static constexpr std::size_t kMaxGroups = 64;

  struct Output {
    std::optional<MulticastListenerReportV2> report;  // to all MLDv2-capable routers
    std::vector<MulticastListenerV1> messages;        // version 1: reports to the group, Done to all routers
  };

  // delay: drawn between nothing and that.
  explicit MulticastListener(std::function<Duration(Duration)> delay) : delay_(std::move(delay)) {}

  // False: too many, or it is in the group already, or is not.
  bool join(Time now, const Ipv6Address& group);
  bool leave(Time now, const Ipv6Address& group);
  std::vector<Ipv6Address> groups() const;

  // A query came by the tunnel, while the binding was in place.
  void on_query(Time now, const MulticastListenerQuery& query);
  // The home agent has no binding (any more): until it asks again, nothing is told.
  void on_binding_lost();
  // §11.3.4: "MUST NOT tunnel multicast group membership control packets until" the home agent has.
  bool heard_of_home_agent() const { return heard_; }

  // What is due.
  Output on_timeout(Time now);
  std::optional<Time> next_timeout() const;

 private:
  struct State {
    bool joined = true;
    std::optional<Time> due;  // of its next report
    int changes_left = 0;     // of these, reports that tell of the change; RFC 3810 §6.1: Robustness Variable
  };
  void change(Time now, State& state);
  Duration unsolicited_interval() const {
    return version_ == MldVersion::One ? kMldv1UnsolicitedReportInterval : kMldUnsolicitedReportInterval;
  }

  std::function<Duration(Duration)> delay_;
  std::map<Ipv6Address, State> groups_;  // those that it has left, too, until that is told
  bool heard_ = false;
  MldVersion version_ = MldVersion::Two;  // of the querier (RFC 3810 §8.2.1)
  Time version_1_until_;
};

}  // namespace kamesim
