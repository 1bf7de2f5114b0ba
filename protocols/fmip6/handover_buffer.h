// Where packets for a mobile node that is under way wait at the new access router (RFC 5568 §5.4): an interface that a
// host route leads to. It is emptied at the pace of ReleaseSchedule, and while it is, packets that come still queue here,
// so that none overtakes another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>

#include "protocols/fmip6/release_schedule.h"
#include "protocols/ip6/interface.h"
#include "protocols/ip6/stack.h"
#include "sim/packet.h"
#include "sim/timer.h"

namespace kamesim {

inline constexpr DropInfo kHandoverBufferFull{"fmip6.buffer_full", "RFC 5568 §10"};
inline constexpr DropInfo kHandoverGivenUp{"fmip6.handover_given_up", "RFC 5568 §4"};
inline constexpr DropInfo kHandoverNotBuffered{"fmip6.not_buffered", "RFC 5568 §6.2.1.1"};

class HandoverBuffer final : public Ip6Interface {
 public:
  // Packets for `address`, which is on `link`; at most `limit` of them, 0: none is kept. `emptied` is called once the
  // last has been sent on.
  HandoverBuffer(Ip6Stack& stack, Ip6Interface& link, const Ipv6Address& address, std::size_t limit,
                 std::function<void()> emptied);
  ~HandoverBuffer() override;

  std::string name() const override { return "handover"; }
  bool up() const override { return true; }
  bool point_to_point() const override { return true; }
  std::uint32_t mtu() const override { return link_.mtu(); }
  void send(Packet packet, const Ipv6Address& next_hop) override;

  // The mobile node is there.
  void release();
  // It does not come.
  void discard();
  std::size_t size() const { return packets_.size(); }

 private:
  void on_timer();

  Ip6Interface& link_;
  Ipv6Address address_;
  std::size_t limit_;
  std::function<void()> emptied_;
  std::deque<Packet> packets_;
  ReleaseSchedule schedule_;
  Timer timer_;
};

}  // namespace kamesim
