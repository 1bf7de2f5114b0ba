#include "protocols/mip6/binding_update_transmission.h"

#include <algorithm>

#include "protocols/mip6/binding_status.h"

namespace kamesim {

void BindingUpdateTransmission::start(Time now, Duration initial_timeout) {
  sent_.reset();
  answered_ = false;
  send_at_ = now;
  timeout_ = initial_timeout;
  count_ = 0;
}

void BindingUpdateTransmission::stop() {
  send_at_.reset();
  answered_ = true;
}

std::optional<SeqNum16> BindingUpdateTransmission::send(Time now, Duration lifetime, Acknowledgement acknowledgement) {
  UpdateRateLimit& limit = numbering().limit;
  send_at_ = limit.allowed_at(now);
  if (*send_at_ > now) return std::nullopt;
  limit.record(now);
  if (count_ > 0) timeout_ = std::min(timeout_ * 2, kMaxBindackTimeout);  // RFC 6275 §11.8
  ++count_;
  SeqNum16& sequence = numbering().last;
  sequence = sequence.next();  // §11.8: "Retransmitted Binding Updates MUST use a [greater] Sequence Number"
  sent_ = Sent{sequence, now, lifetime};
  send_at_.reset();
  if (acknowledgement == Acknowledgement::Requested) send_at_ = now + timeout_;
  return sequence;
}

BindingUpdateTransmission::Match BindingUpdateTransmission::match(Time now, const BindingAck& ack) {
  if (answered_ || !sent_) return Match::Unmatched;
  // It tells the last number accepted, not ours.
  if (ack.status == kSequenceNumberOutOfWindow && rules_.renumbers_by_acknowledgement) {
    // Ours is newer: this is about an earlier update, overtaken by one that was accepted.
    SeqNum16& sequence = numbering().last;
    if (sequence.newer_than(ack.sequence)) return Match::Unmatched;
    sequence = ack.sequence;
    send_at_ = now;
    count_ = 0;
    return Match::Renumbered;
  }
  if (ack.sequence != sent_->sequence) return Match::Unmatched;
  stop();
  return Match::Answered;
}

}  // namespace kamesim
