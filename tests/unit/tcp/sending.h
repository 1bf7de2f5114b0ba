// The sending half of a connection in scripts: what is written, what is acknowledged, and what goes out when.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "protocols/tcp/sender.h"

namespace kamesim {

inline constexpr std::uint32_t kIss = 0xffff'f000;  // the sequence numbers wrap in the middle of the tests
inline constexpr std::uint32_t kMss = 1000;
inline constexpr std::uint32_t kWindow = 1 << 20;

// One sender, past its handshake (which took 100 ms) unless said otherwise. Positions count from the first octet.
class Sending {
 public:
  explicit Sending(TcpSender::Config config = {}, TcpSender::Features features = {.mss = kMss, .sack = true},
                   bool handshake = true)
      : sender([&] {
          config.iss = SeqNum32(kIss);
          config.mss = kMss;
          return config;
        }()) {
    if (!handshake) return;
    EXPECT_EQ(sends(), "SYN");
    now += 100_ms;
    sender.agree(features);
    EXPECT_TRUE(sender.on_ack(now, {.ack = SeqNum32(kIss + 1), .window = kWindow}).syn_acked);
  }

  void writes(std::uint64_t octets, bool fin = false) {
    written_ += octets;
    sender.written(written_, fin);
  }
  // What goes out now: "0-1000 1000-1500F", with R in front of retransmissions, P of window probes.
  std::string sends() {
    std::string text;
    while (const auto s = sender.next_segment(now)) {
      if (!text.empty()) text += ' ';
      const std::uint32_t from = s->seq.value() - kIss - 1;
      if (s->retransmission) text += 'R';
      if (s->probe) text += 'P';
      if (s->cwr) text += 'C';
      text += s->syn ? "SYN" : std::to_string(from) + "-" + std::to_string(from + s->length);
      if (s->fin) text += 'F';
      last = *s;
      ++count;
    }
    return text;
  }
  // How many segments go out now.
  int burst() {
    count = 0;
    sends();
    return count;
  }
  using Blocks = std::vector<std::pair<std::uint32_t, std::uint32_t>>;
  TcpSender::AckResult acked(std::uint32_t position, const Blocks& blocks = {}, std::uint32_t window = kWindow,
                             bool ece = false) {
    std::vector<SackBlock> sack;
    for (const auto& [l, r] : blocks) sack.push_back({SeqNum32(kIss + 1 + l), SeqNum32(kIss + 1 + r)});
    return sender.on_ack(now, {.ack = SeqNum32(kIss + 1 + position), .window = window, .sack = sack, .ece = ece});
  }
  // To the next timer, and what it does.
  TcpSender::TimeoutResult waits() {
    EXPECT_TRUE(sender.next_timeout());
    now = *sender.next_timeout();
    return sender.on_timeout(now);
  }
  std::uint64_t cwnd() const { return sender.info().congestion_window; }

  TcpSender sender;
  Time now = Time{} + 10_s;
  TcpSender::Segment last;
  int count = 0;

 private:
  std::uint64_t written_ = 0;
};

inline constexpr TcpSender::Features kNoSack{.mss = kMss};

}  // namespace kamesim
