// What a home agent knows of the groups that one mobile node is in (RFC 6275 §10.4.3): it asks through the tunnel, and
// forgets what is not told again. A tunnel has one listener, so what that leaves nobody wants.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "protocols/wire/ipv6_address.h"
#include "protocols/wire/mld.h"
#include "sim/drop.h"
#include "sim/time.h"

namespace kamesim {

inline constexpr DropInfo kMldTooManyGroups{"mld.too_many_groups", "RFC 6275 §10.4.3"};
inline constexpr DropInfo kMldGroupNotGlobal{"mld.group_not_global", "RFC 6275 §10.4.2"};

class MulticastMembership {
 public:
  static constexpr std::size_t kMaxGroups = 64;

  struct Output {
    std::optional<MulticastListenerQuery> query;  // to all nodes, by the tunnel
    std::vector<Ipv6Address> joined, left;
    DropReason dropped = nullptr;                 // a record of the report
  };

  // The binding has been made: the first General Query is due.
  explicit MulticastMembership(Time now) : query_at_(now) {}

  Output on_report(Time now, const MulticastListenerReportV2& report);
  Output on_message(Time now, const MulticastListenerV1& message);
  Output on_timeout(Time now);
  Time next_timeout() const;

  const std::map<Ipv6Address, Time>& groups() const { return groups_; }  // with when they are forgotten

 private:
  void wants(Time now, const Ipv6Address& group, Output& out);
  void wants_no_more(const Ipv6Address& group, Output& out);

  std::map<Ipv6Address, Time> groups_;
  Time query_at_;
  int queries_ = 0;
};

}  // namespace kamesim
