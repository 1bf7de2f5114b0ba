// What was found for the packets of a flow: its policy and the associations in use. An answer is good as long as the
// databases have not changed, so that a packet of a known flow costs the same whatever they hold.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "protocols/ipsec/sad.h"
#include "protocols/ipsec/spd.h"

namespace kamesim::ipsec {

struct KnownFlow {
  Flow flow;
  Direction direction = Direction::In;
  std::uint64_t spd_generation = 0;  // 0: of no database
  std::uint64_t sad_generation = 0;
  SecurityPolicy* policy = nullptr;  // null: none matches
  // Of the policy's requests in their order, where they were looked for.
  std::array<SecurityAssociation*, kMaxRequests> associations{};
};

class FlowCache {
 public:
  // The entry for the flow, its policy looked up if need be. Valid until the next call.
  KnownFlow& find(Spd& spd, Direction direction, const Flow& flow);

  // The association for the policy's i-th request, which goes between these ends. Null: there is none (and the next
  // packet looks again).
  static SecurityAssociation* association(KnownFlow& known, const Sad& sad, std::size_t i, const Ipv6Address& source,
                                          const Ipv6Address& destination);

 private:
  static constexpr std::size_t kFirstSize = 16, kLargestSize = 1 << 16;  // entries; powers of 2
  void grow();
  std::size_t place(Direction direction, const Flow& flow) const;

  std::vector<KnownFlow> entries_;  // each flow has one place; the last that came keeps it
  std::size_t displaced_ = 0;       // good entries that lost their place since the table last grew
};

}  // namespace kamesim::ipsec
