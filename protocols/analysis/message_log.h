// A record of the signalling messages that leave and reach NICs: Neighbor Discovery, other ICMPv6 and Mobility
// Headers, also inside tunnels. Message ladders are drawn from it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocols/wire/ipv6_address.h"
#include "sim/bytes.h"
#include "sim/nic.h"
#include "sim/time.h"

namespace kamesim {

struct LoggedMessage {
  Time time;
  const Nic* nic;
  Direction direction;
  std::string label;        // the RFC's name of the message: "Binding Update"
  std::string detail;       // what tells it from others of its kind: sequence, target, status
  Ipv6Address source;       // of the innermost IPv6 header
  Ipv6Address destination;
  bool tunnelled;           // at this NIC the message was inside another packet, of IPv6 or IPv4
  std::uint64_t identity;   // the same for all sightings of one message on its way, also in and out of tunnels
};

class MessageLog final : public FrameObserver {
 public:
  void on_frame(const Nic& nic, Direction direction, Time now, Bytes frame) override;
  const std::vector<LoggedMessage>& messages() const { return messages_; }
  void clear() { messages_.clear(); }

 private:
  std::vector<LoggedMessage> messages_;
};

}  // namespace kamesim
