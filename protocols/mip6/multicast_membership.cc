#include "protocols/mip6/multicast_membership.h"

#include <algorithm>

#include "protocols/mip6/multicast_listener.h"

namespace kamesim {

namespace {

// RFC 3810 §9: Multicast Address Listening Interval, Startup Query Interval, Startup Query Count.
constexpr Duration kListeningInterval = kMldQueryInterval * kMldRobustness + kMldQueryResponseInterval;
constexpr Duration kStartupQueryInterval = kMldQueryInterval / 4;
constexpr int kStartupQueryCount = kMldRobustness;

}  // namespace

MulticastMembership::Output MulticastMembership::on_report(Time now, const MulticastListenerReportV2& report) {
  Output out;
  for (const MulticastAddressRecord& record : report.records) {
    switch (record.type) {
      case MldRecordType::ModeIsExclude:
      case MldRecordType::ChangeToExclude: wants(now, record.group, out); break;
      case MldRecordType::ModeIsInclude:
      case MldRecordType::ChangeToInclude:
        // Of which sources, the mobile node sorts out itself.
        if (record.sources > 0) wants(now, record.group, out);
        else wants_no_more(record.group, out);
        break;
      case MldRecordType::AllowNewSources:
        if (record.sources > 0) wants(now, record.group, out);
        break;
      case MldRecordType::BlockOldSources: break;
    }  // RFC 3810 §5.2.12: others are ignored
  }
  return out;
}

MulticastMembership::Output MulticastMembership::on_message(Time now, const MulticastListenerV1& message) {
  Output out;
  if (message.type == Icmp6Type::MulticastListenerReport) wants(now, message.group, out);
  if (message.type == Icmp6Type::MulticastListenerDone) wants_no_more(message.group, out);
  return out;
}

void MulticastMembership::wants(Time now, const Ipv6Address& group, Output& out) {
  // RFC 6275 §10.4.2: of link-local scope MUST NOT be tunnelled, of others below global SHOULD NOT.
  if (!group.is_multicast() || group.scope() != Scope::Global) {
    out.dropped = &kMldGroupNotGlobal;
    return;
  }
  const auto known = groups_.find(group);
  if (known == groups_.end() && groups_.size() >= kMaxGroups) {
    out.dropped = &kMldTooManyGroups;
    return;
  }
  if (known == groups_.end()) out.joined.push_back(group);
  groups_[group] = now + kListeningInterval;
}

void MulticastMembership::wants_no_more(const Ipv6Address& group, Output& out) {
  if (groups_.erase(group) > 0) out.left.push_back(group);
}

MulticastMembership::Output MulticastMembership::on_timeout(Time now) {
  Output out;
  for (const auto& [group, until] : groups_) {
    if (until <= now) out.left.push_back(group);
  }
  for (const Ipv6Address& group : out.left) groups_.erase(group);
  if (now < query_at_) return out;
  out.query = MulticastListenerQuery{.max_response_delay = kMldQueryResponseInterval,
                                     .robustness = kMldRobustness, .query_interval = kMldQueryInterval};
  ++queries_;
  query_at_ = now + (queries_ < kStartupQueryCount ? kStartupQueryInterval : kMldQueryInterval);
  return out;
}

Time MulticastMembership::next_timeout() const {
  Time next = query_at_;
  for (const auto& [group, until] : groups_) next = std::min(next, until);
  return next;
}

}  // namespace kamesim
