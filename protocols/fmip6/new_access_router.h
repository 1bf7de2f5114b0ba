// The new access router's part of a fast handover (RFC 5568 §4, §6.2.1): it says whether the new care-of address will do,
// defends it until the mobile node is there, and keeps its packets.
//
//   HI, Code 0 --(DAD)--> Proxied --UNA of the mobile node--> gone: what was kept is sent on
//   Proxied --PROXY_ND_LIFETIME--> gone: what was kept is discarded
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "protocols/fmip6/constants.h"
#include "protocols/fmip6/messages.h"
#include "protocols/wire/ipv6_address.h"
#include "sim/drop.h"
#include "sim/mac_address.h"
#include "sim/time.h"

namespace kamesim {

inline constexpr DropInfo kHiNoMobileNode{"fmip6.hi_no_mobile_node", "RFC 5568 §6.2.1.1"};
inline constexpr DropInfo kHiNoNewCareOf{"fmip6.hi_no_new_care_of_address", "RFC 5568 §6.2.1.1"};
inline constexpr DropInfo kHiUnknownRouter{"fmip6.hi_unknown_router", "RFC 5568 §10"};

struct NewAccessRouterConfig {
  Ipv6Prefix prefix;                      // of the link that mobile nodes come to
  std::vector<Ipv6Address> routers;       // that may send HIs; empty: any
  bool test_addresses = true;             // DAD of NCoAs; not where DupAddrDetectTransmits is zero (§4, §5.5)
  Duration proxy_lifetime = kProxyNdLifetime;
  std::size_t max_handovers = 256;
};

class NewAccessRouter {
 public:
  struct HandoverAckToSend {
    HandoverAck message;
    Ipv6Address destination;
  };
  struct Arrived {
    Ipv6Address new_care_of;
    MacAddress mobile_node;
  };
  enum class Keep : bool { No, Yes };
  struct Output {
    std::optional<HandoverAckToSend> ack;
    std::optional<Ipv6Address> test;                       // DAD, answered by on_dad_result()
    std::optional<std::pair<Ipv6Address, Keep>> proxy;     // defend it; whether its packets are kept
    std::optional<Arrived> arrived;                        // no proxy any more; send on what was kept
    std::optional<Ipv6Address> gave_up;                    // no proxy any more; discard what was kept
    DropReason dropped = nullptr;
  };
  enum class DadResult { Unique, Duplicate };

  // Whether another than that mobile node has the address on the link, as far as the router knows.
  using InUse = std::function<bool(const Ipv6Address& address, const MacAddress& mobile_node)>;
  // `draw`: for interface identifiers of addresses that it assigns.
  NewAccessRouter(const NewAccessRouterConfig& config, InUse in_use,
                  std::function<std::uint64_t()> draw)
      : config_(config), in_use_(std::move(in_use)), draw_(std::move(draw)) {}

  Output on_handover_initiate(Time now, const Ipv6Address& from, const HandoverInitiate& message);
  Output on_dad_result(Time now, const Ipv6Address& address, DadResult result);
  // An unsolicited Neighbor Advertisement of that target (§6.3).
  Output on_unsolicited_advertisement(Time now, const Ipv6Address& target, const MacAddress& mac);
  // Settles one due entry a call.
  Output on_timeout(Time now);
  std::optional<Time> next_timeout() const;

  std::size_t proxied() const { return handovers_.size(); }

 private:
  struct Handover {
    Ipv6Address from;
    HandoverInitiate initiate;
    bool testing = false;
    std::optional<Time> until;  // of the proxy
  };
  using Handovers = std::map<Ipv6Address, Handover>;  // by NCoA

  Output take(Time now, const Ipv6Address& address, Handover handover);
  Output accept(Time now, Handovers::iterator handover);
  Ipv6Address assign(const MacAddress& mobile_node) const;
  static Output answer(const Handover& handover, std::uint8_t code, std::optional<Ipv6Address> address = {});
  static Output refuse(const Handover& handover, std::uint8_t code, const DropInfo& reason);

  NewAccessRouterConfig config_;
  InUse in_use_;
  std::function<std::uint64_t()> draw_;
  Handovers handovers_;
};

}  // namespace kamesim
