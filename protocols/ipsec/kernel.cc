#include "protocols/ipsec/kernel.h"

#include <algorithm>

#include "protocols/ipsec/drops.h"
#include "protocols/ipsec/packet_transform.h"

namespace kamesim::ipsec {

IpsecKernel::IpsecKernel(Ip6Stack& stack)
    : stack_(stack), keys_(stack.node().stream("ipsec.spi")), random_(stack.node().stream("ipsec.iv")),
      timer_(Timer::to<&IpsecKernel::expire>(stack.node(), *this)),
      work_timer_(Timer::to<&IpsecKernel::work_done>(stack.node(), *this)) {
  stack_.set_ipsec_hooks(this);
  stack_.set_upper_layer(NextHeader::Esp, this);
  stack_.set_upper_layer(NextHeader::AuthenticationHeader, this);
}

IpsecKernel::~IpsecKernel() {
  stack_.set_upper_layer(NextHeader::AuthenticationHeader, nullptr);
  stack_.set_upper_layer(NextHeader::Esp, nullptr);
  stack_.set_ipsec_hooks(nullptr);
}

void IpsecKernel::reschedule() {
  timetable_seen_ = sad_.timetable();
  const auto next = keys_.next_timeout();
  if (next == armed_) return;
  armed_ = next;
  timer_.arm_at(next);
}

void IpsecKernel::expire() {
  armed_.reset();
  keys_.on_timeout(stack_.now());
  reschedule();
}

// The headers of IPsec are dealt with before a packet comes to its upper layer.
void IpsecKernel::on_packet(InputPacket& in) { (void)in; }

// RFC 4301 §8.2.1, RFC 8201 §4: a Packet Too Big about ESP or AH is believed if there is such an association.
Quotation IpsecKernel::verify(const Icmp6ErrorReport& report) {
  const bool esp = report.protocol == NextHeader::Esp;
  const Bytes header = report.upper();
  const std::size_t at = esp ? 0 : 4;  // RFC 4303 §2, RFC 4302 §2: where the SPI stands
  if (header.size() < at + 4) return Quotation::Forged;
  const SaAddress address{load_be32(header.data() + at), esp ? Protocol::Esp : Protocol::Ah, report.source,
                          report.destination};
  return sad_.find(address) != nullptr ? Quotation::Verified : Quotation::Forged;
}

}  // namespace kamesim::ipsec
