#include "protocols/fmip6/handover_buffer.h"

#include <utility>

namespace kamesim {
namespace {

constexpr std::uint32_t kNoIndex = 0;  // it is none of the interfaces of the node that are told of

}  // namespace

HandoverBuffer::HandoverBuffer(Ip6Stack& stack, Ip6Interface& link, const Ipv6Address& address, std::size_t limit,
                               std::function<void()> emptied)
    : Ip6Interface(stack, kNoIndex),
      link_(link),
      address_(address),
      limit_(limit),
      emptied_(std::move(emptied)),
      timer_(Timer::to<&HandoverBuffer::on_timer>(stack.node(), *this)) {
  stack.routes().add({.prefix = Ipv6Prefix(address, 128), .interface = this, .next_hop = {},
                      .kind = RouteKind::Proxied, .origin = RouteOrigin::Mobility});
}

HandoverBuffer::~HandoverBuffer() {
  stack().routes().remove_if([this](const Route& r) { return r.interface == this; });
  stack().invalidate_destinations();
}

void HandoverBuffer::send(Packet packet, const Ipv6Address&) {
  if (limit_ == 0) return stack().drop(kHandoverNotBuffered, packet.bytes());
  if (packets_.size() == limit_) return stack().drop(kHandoverBufferFull, packet.bytes());
  schedule_.on_arrival(stack().now());
  packets_.push_back(std::move(packet));
}

void HandoverBuffer::release() {
  schedule_.start(stack().now());
  on_timer();
}

void HandoverBuffer::discard() {
  for (const Packet& packet : packets_) stack().drop(kHandoverGivenUp, packet.bytes());
  packets_.clear();
}

void HandoverBuffer::on_timer() {
  while (!packets_.empty() && schedule_.take(stack().now())) {
    Packet packet = std::move(packets_.front());
    packets_.pop_front();
    link_.send(std::move(packet), address_);
  }
  if (packets_.empty()) return emptied_();  // this may be gone
  timer_.arm_at(schedule_.next());
}

}  // namespace kamesim
