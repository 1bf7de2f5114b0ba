// What was found for the packets of a flow: its policy and the associations in use. An answer is good as long as the
// databases have not changed, so that a packet of a known flow costs the same whatever they hold.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "protocols/ipsec/sad.h"
#include "protocols/ipsec/spd.h"

namespace kamesim::ipsec {

struct KnownFlow {
  Flow flow;
  Direction direction = Direction::In;
  std::uint64_t spd_generation = 0;   // 0: of no database
  std::uint64_t sad_generation = 0;
  SecurityPolicy* policy = nullptr;   // null: none matches
  SecurityPolicy* leaving = nullptr;  // of Direction::Forward: the one of Direction::Out; else the same
  // Of the requests of `leaving` in their order, where they were looked for.
  std::array<SecurityAssociation*, kMaxRequests> associations{};
  // The longest packet that these make fit into the MTU of their tunnel's way.
  std::uint32_t way_mtu = 0;          // 0: not found out yet
  std::uint32_t fits = 0;
};

class FlowCache {
 public:
  // The entry for the flow, its policy looked up if need be. Valid until the next call.
  KnownFlow& find(Spd& spd, Direction direction, const Flow& flow) {
    const std::size_t at = place(direction, flow);
    if (!entries_.empty()) [[likely]] {
      KnownFlow& known = entries_[at];
      if (known.spd_generation == spd.generation() && known.direction == direction && known.flow == flow) return known;
    }
    return look_up(spd, direction, flow);
  }

  // The association for the i-th request of the policy by which the flow leaves, which goes between these ends. Null:
  // there is none (and the next packet looks again).
  static SecurityAssociation* association(KnownFlow& known, const Sad& sad, std::size_t i, const Ipv6Address& source,
                                          const Ipv6Address& destination) {
    if (known.sad_generation != sad.generation()) [[unlikely]] {
      known.associations.fill(nullptr);
      known.sad_generation = sad.generation();
      known.way_mtu = 0;
    }
    SecurityAssociation*& association = known.associations[i];
    if (association == nullptr) [[unlikely]] {
      association = sad.outbound(known.leaving->requests[i], source, destination);
    }
    return association;
  }

 private:
  static constexpr std::size_t kFirstSize = 16, kLargestSize = 1 << 16;  // entries; powers of 2
  void grow();
  KnownFlow& look_up(Spd& spd, Direction direction, const Flow& flow);
  std::size_t place(Direction direction, const Flow& flow) const {
    return (std::hash<Flow>{}(flow) + static_cast<std::size_t>(direction) * 0x9e37u) & mask_;
  }

  std::vector<KnownFlow> entries_;  // each flow has one place; the last that came keeps it
  std::size_t mask_ = 0;            // how many there are, less 1
  std::size_t displaced_ = 0;       // good entries that lost their place since the table last grew
};

}  // namespace kamesim::ipsec
