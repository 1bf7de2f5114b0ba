#include "protocols/tcp/receiver.h"

#include <algorithm>

#include "protocols/tcp/drops.h"
#include "protocols/tcp/header.h"

namespace kamesim {

void TcpReceiver::start(SeqNum32 irs, const Negotiated& negotiated) {
  irs_ = irs;
  rcv_nxt_ = irs + 1;
  shift_ = negotiated.window_shift;
  sack_ = negotiated.sack;
  ecn_ = negotiated.ecn;
  rmss_ = negotiated.rmss;
  edge_ = furthest_edge_ = rcv_nxt_ + syn_window();
  last_ack_sent_ = rcv_nxt_;
  rcv_up_ = rcv_nxt_;
}

std::uint8_t TcpReceiver::window_shift_for_buffer() const {
  std::uint8_t shift = 0;
  while (shift < kMaxWindowShift && config_.buffer >> shift > 65535) ++shift;
  return shift;
}

std::uint16_t TcpReceiver::syn_window() const {
  return static_cast<std::uint16_t>(std::min<std::uint32_t>(config_.buffer, 65535));
}

std::uint32_t TcpReceiver::rcv_wnd() const {
  return rcv_nxt_.before(edge_) ? static_cast<std::uint32_t>(edge_ - rcv_nxt_) : 0;
}

bool TcpReceiver::acceptable(const TcpSegment& segment) const {
  // RFC 7323 §2.4: what any acknowledgment has offered stays in the window.
  const bool open = rcv_nxt_.before(furthest_edge_);
  const auto in_window = [&](SeqNum32 s) { return !s.before(rcv_nxt_) && s.before(furthest_edge_); };
  const std::uint32_t length = segment.length();
  if (length == 0) return open ? in_window(segment.seq) : segment.seq == rcv_nxt_;
  return open && (in_window(segment.seq) || in_window(segment.end() - 1));
}

TcpReceiver::Arrival TcpReceiver::on_text(Time now, const TcpSegment& segment) {
  Arrival arrival;
  SeqNum32 left = segment.flags.syn() ? segment.seq + 1 : segment.seq;
  Bytes data = segment.data;
  bool fin = segment.flags.fin();
  if (data.empty() && !fin) return arrival;
  if (fin_received_) {  // RFC 9293 §3.10.7.4, seventh step: nothing can follow a FIN
    ack_now_ = true;
    return arrival;
  }
  // Only the new parts are processed (§3.10.7.4, first step): what is before RCV.NXT has arrived before.
  if (left.before(rcv_nxt_)) {
    const auto old = static_cast<std::uint32_t>(rcv_nxt_ - left);
    const std::uint32_t cut = std::min(old, static_cast<std::uint32_t>(data.size()));
    if (cut != 0) report_duplicate({left, left + cut});
    ack_now_ = true;
    if (cut < old && fin) fin = false;  // the FIN is before RCV.NXT as well
    data = data.subspan(cut);
    left = left + cut;
    if (data.empty() && !fin) return arrival;
  }
  // What is beyond the window is cut off, its FIN first.
  const auto room = static_cast<std::uint32_t>(furthest_edge_ - left);
  if (data.size() > room) {
    data = data.first(room);
    fin = false;
    ack_now_ = true;
  } else if (fin && data.size() == room) {
    fin = false;
    ack_now_ = true;
  }
  const auto size = static_cast<std::uint32_t>(data.size());
  largest_segment_ = std::max(largest_segment_, std::min<std::uint32_t>(size, rmss_));
  const SeqNum32 before = rcv_nxt_;
  const std::size_t extent =
      reassembly_.empty() ? buffer_.size() : static_cast<std::size_t>(reassembly_.end() - front());

  if (left == rcv_nxt_) {
    if (size != 0) {
      buffer_.place(buffer_.size(), data, extent);
      if (reassembly_.empty()) [[likely]] {
        rcv_nxt_ = rcv_nxt_ + size;
        buffer_.extend(size);
      } else {
        // RFC 5681 §4.2: a segment that fills all or part of a gap is acknowledged at once.
        const SeqNum32 next = reassembly_.advance(rcv_nxt_ + size);
        buffer_.extend(static_cast<std::size_t>(next - rcv_nxt_));
        rcv_nxt_ = next;
        ack_now_ = true;
      }
    }
    if (fin) fin_at_ = left + size;
  } else {
    // RFC 9293 §3.10.7.4 (SHLD-31): held for later; RFC 5681 §4.2: acknowledged at once.
    ack_now_ = true;
    ++out_of_order_;
    if (size != 0) {
      const auto insertion = reassembly_.insert({left, left + size});
      if (!insertion.kept) {
        arrival.dropped = &kTcpReassemblyFull;
        return arrival;
      }
      if (insertion.duplicate) report_duplicate(*insertion.duplicate);
      buffer_.place(static_cast<std::size_t>(left - front()), data, extent);
    }
    if (fin) fin_at_ = left + size;
  }

  arrival.readable = rcv_nxt_ != before;
  if (fin_at_ && *fin_at_ == rcv_nxt_) {
    rcv_nxt_ = rcv_nxt_ + 1;
    fin_received_ = true;
    fin_at_.reset();
    arrival.fin = true;
    ack_now_ = true;  // §3.10.7.4, eighth step
    reassembly_.clear();
  }
  arrival.advanced = rcv_nxt_ != before;
  if (arrival.advanced) count_for_delayed_ack(now, static_cast<std::uint32_t>(rcv_nxt_ - before));
  return arrival;
}

void TcpReceiver::count_for_delayed_ack(Time now, std::uint32_t length) {
  // RFC 9293 §3.8.6.3 (SHLD-19): at least every second full-sized segment. What the peer's full-sized segments hold
  // is less than RMSS by its options, so the largest one seen stands for it.
  unacknowledged_ += length;
  if (unacknowledged_ >= 2 * largest_segment_) {
    ack_now_ = true;
  } else if (!ack_at_) {
    ack_at_ = now + config_.delayed_ack;
  }
}

void TcpReceiver::on_unacceptable(const TcpSegment& segment) {
  if (segment.data.empty()) return;
  const SeqNum32 left = segment.seq;
  const SeqNum32 right = left + static_cast<std::uint32_t>(segment.data.size());
  if (!rcv_nxt_.before(right)) report_duplicate({left, right});
}

void TcpReceiver::report_duplicate(SackBlock block) {
  ++duplicates_;
  if (sack_) dsack_ = block;
}

void TcpReceiver::on_ecn(const TcpSegment& segment) {
  if (!ecn_) return;
  // RFC 3168 §6.1.3: CWR ends the echo of what came before; a CE mark on this segment begins another.
  if (segment.flags.cwr()) ecn_echo_ = false;
  if (segment.ecn == Ecn::Ce && !segment.data.empty()) ecn_echo_ = true;
}

bool TcpReceiver::on_urgent(const TcpSegment& segment) {
  const SeqNum32 up = segment.seq + segment.urgent_pointer;
  if (!rcv_up_.before(up) || !front().before(up)) return false;
  rcv_up_ = up;
  urgent_ = true;
  return true;  // MUST-32: there was none pending, or the pointer advanced
}

std::uint32_t TcpReceiver::urgent_remaining() const {
  return urgent_ && front().before(rcv_up_) ? static_cast<std::uint32_t>(rcv_up_ - front()) : 0;
}

std::size_t TcpReceiver::read(MutableBytes out) {
  const std::size_t n = std::min(out.size(), buffer_.size());
  buffer_.copy_out(0, out.data(), n);
  consume(n);
  return n;
}

void TcpReceiver::consume(std::size_t n) {
  buffer_.pop_front(n);
  consumed_ = true;
  if (urgent_ && urgent_remaining() == 0) urgent_ = false;
}

SeqNum32 TcpReceiver::edge_to_offer() const {
  // RFC 9293 §3.8.6.2.2 (MUST-39): the edge stays until it can move by min(Fr * RCV.BUFF, Eff.snd.MSS), Fr = 1/2.
  const auto user = static_cast<std::uint32_t>(std::min<std::size_t>(buffer_.size(), config_.buffer));
  const std::uint32_t free = std::min(config_.buffer - user, largest_window());
  const SeqNum32 edge = rcv_nxt_ + free;
  const std::int32_t growth = edge - edge_;
  return growth >= static_cast<std::int32_t>(std::min<std::uint32_t>(config_.buffer / 2, rmss_)) ? edge : edge_;
}

bool TcpReceiver::window_update_due() const {
  if (!consumed_ || fin_received_) return false;  // nothing was read, or nothing more can come
  const std::int32_t growth = edge_to_offer() - edge_;
  if (growth <= 0) return false;
  // Acknowledgments carry the window along, so an update of its own goes only when the peer may be waiting for it:
  // two segments' worth or half of the buffer is free again, or the window had no room for a whole segment.
  const auto g = static_cast<std::uint32_t>(growth);
  return g >= 2u * rmss_ || g >= config_.buffer / 2 || rcv_wnd() < rmss_;
}

void TcpReceiver::acknowledge(OutgoingSegment& segment, std::size_t max_sack_blocks) {
  segment.flags.set(TcpFlags::kAck);
  segment.ack = rcv_nxt_;
  if (segment.flags.syn()) {
    segment.window = syn_window();  // RFC 7323 §2.2
  } else {
    const SeqNum32 edge = edge_to_offer();
    const std::uint32_t window =
        rcv_nxt_.before(edge) ? std::min(static_cast<std::uint32_t>(edge - rcv_nxt_), largest_window()) : 0;
    segment.window = static_cast<std::uint16_t>(window >> shift_);
    edge_ = rcv_nxt_ + (std::uint32_t{segment.window} << shift_);
    if (furthest_edge_.before(edge_)) furthest_edge_ = edge_;
    if (ecn_echo_) segment.flags.set(TcpFlags::kEce);
    if (sack_ && max_sack_blocks != 0 && (dsack_ || !reassembly_.empty())) {
      SackBlocks& blocks = segment.options.sack;
      if (dsack_) {  // RFC 2883 §4: first, and once; the block that it lies in comes next
        blocks.add(*dsack_);
        if (const auto whole = reassembly_.enclosing(*dsack_); whole && max_sack_blocks > 1) blocks.add(*whole);
        dsack_.reset();
      }
      reassembly_.report(blocks, max_sack_blocks);
    }
  }
  last_ack_sent_ = rcv_nxt_;
  consumed_ = false;
  unacknowledged_ = 0;
  ack_now_ = false;
  ack_at_.reset();
}

void TcpReceiver::release() {
  buffer_.reset();
  reassembly_.clear();
}

}  // namespace kamesim
