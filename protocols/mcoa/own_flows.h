// The flow bindings of a mobile node as it wants them and as its home agent has them (RFC 6089 §5.2): which options its
// next Binding Update has of them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "protocols/mcoa/flow_bindings.h"
#include "protocols/mcoa/options.h"

namespace kamesim::mcoa {

class OwnFlows {
 public:
  struct Entry {
    FlowBinding wanted;
    std::optional<std::vector<std::uint16_t>> registered;  // the BIDs that the home agent has of it
    std::optional<std::uint8_t> refused;                   // the status; it is not asked for again
    std::vector<std::uint16_t> asked;                      // in the update that is under way
  };

  // Adds a flow, or changes that of the same FID.
  void put(const FlowBinding& flow);
  bool erase(std::uint16_t fid);
  FlowBindings::List wanted() const;  // by priority
  const std::map<std::uint16_t, Entry>& entries() const { return entries_; }

  // Whether an update has to tell the home agent something new, of which BIDs have a binding there.
  bool due(const std::vector<std::uint16_t>& bids) const;
  // §5.2.2, §5.2.3: all flows, new and changed ones in full, the others in a summary. `bids`: those that are registered,
  // and those that this update registers.
  void write(Options& options, const std::vector<std::uint16_t>& bids);
  // The acknowledgement of it, which was positive. Without any option for a flow that was asked for, the home agent
  // does not know RFC 6089 (§5.2.6).
  void on_ack(const Options& options);
  // The home agent has lost all bindings, or is to be told everything anew.
  void forget();

 private:
  static std::vector<std::uint16_t> among(const std::vector<std::uint16_t>& wanted,
                                          const std::vector<std::uint16_t>& bids);
  // The BIDs to tell of, if the home agent has not heard of it or of all of them; empty: nothing is to be told.
  static std::vector<std::uint16_t> news(const Entry& entry, const std::vector<std::uint16_t>& bids);

  std::map<std::uint16_t, Entry> entries_;
  bool removed_ = false;  // one that the home agent had: an update that leaves it out removes it (§5.2.4)
};

}  // namespace kamesim::mcoa
