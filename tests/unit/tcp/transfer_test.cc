// Whole transfers between two hosts: every octet arrives, in order, whatever the link does, and in the time that it
// takes.
#include <gtest/gtest.h>

#include <vector>

#include "protocols/tcp/layer.h"
#include "tests/unit/apps/two_hosts.h"

namespace kamesim {
namespace {

constexpr std::uint16_t kPort = 7000;

std::uint8_t octet(std::uint64_t position) { return static_cast<std::uint8_t>(position * 0x9e3779b97f4a7c15ull >> 56); }

// Writes `total` octets that tell their position, then closes.
class Source final : public TcpSocketHandler {
 public:
  Source(Host& host, std::uint64_t total, const TcpSocketOptions& options = {}) : total_(total), socket(host.tcp(), *this) {
    socket.set_options(options);
    EXPECT_EQ(socket.connect(TwoHosts::kB, kPort), TcpError::None);
  }
  void on_connected(TcpSocket&) override { write(); }
  void on_writable(TcpSocket&) override { write(); }
  void on_closed(TcpSocket&, TcpCloseReason why) override { reason = why; }
  void write() {
    while (written_ < total_) {
      const MutableBytes room = socket.write_room(static_cast<std::size_t>(std::min<std::uint64_t>(total_ - written_, 5000)));
      if (room.empty()) return;
      for (std::uint8_t& o : room) o = octet(written_++);
      socket.commit(room.size());
    }
    socket.shutdown();
  }

 private:
  std::uint64_t total_, written_ = 0;

 public:
  TcpSocket socket;
  std::optional<TcpCloseReason> reason;
};

// Checks what arrives, and closes when the peer does.
class Sink final : public TcpListenHandler, public TcpSocketHandler {
 public:
  explicit Sink(Host& host, const TcpSocketOptions& options = {}) : host_(host), listener(host.tcp(), *this) {
    listener.options() = options;
    EXPECT_EQ(listener.listen(kPort), TcpError::None);
  }
  void on_acceptable(TcpListener& l) override {
    socket = l.accept(*this);
    on_readable(*socket);
  }
  void on_readable(TcpSocket& s) override {
    while (!s.peek().empty()) {
      const Bytes data = s.peek();
      for (const std::uint8_t o : data) EXPECT_EQ(o, octet(received++));
      s.consume(data.size());
    }
    if (s.at_end() && !ended_at) {
      ended_at = host_.node().now();
      s.shutdown();
    }
  }

 private:
  Host& host_;

 public:
  TcpListener listener;
  std::unique_ptr<TcpSocket> socket;
  std::uint64_t received = 0;
  std::optional<Time> ended_at;
};

TEST(Transfer, TakesTheRoundTripsOfSlowStart) {  // RFC 6928, RFC 5681 §3.1
  TwoHosts net({.delay = 50_ms});
  Sink sink(net.b);
  const std::uint64_t size = 10 * 1428;  // the initial window: ten segments of 1500 - 40 - 20 - 12 octets
  Source source(net.a, size);
  net.run_for(10_s);
  EXPECT_EQ(sink.received, size);
  // Neighbour discovery, the handshake, then one window and the FIN behind it.
  ASSERT_TRUE(sink.ended_at);
  EXPECT_EQ(sink.ended_at->ns(), (100_ms + 150_ms).ns());
  EXPECT_EQ(source.socket.info().retransmissions, 0u);
  EXPECT_EQ(source.socket.state(), TcpState::TimeWait);
  EXPECT_EQ(sink.socket->state(), TcpState::Closed);
}

TEST(Transfer, FillsTheLink) {
  TwoHosts net({.rate_bps = 10'000'000, .delay = 10_ms});
  Sink sink(net.b);
  Source source(net.a, 10'000'000);
  net.run_for(60_s);
  EXPECT_EQ(sink.received, 10'000'000u);
  const double seconds = sink.ended_at->to_seconds();
  const double ideal = 10'000'000.0 * 8 / 10e6 * 1514 / 1428;
  EXPECT_GT(seconds, ideal);
  EXPECT_LT(seconds, ideal * 1.05);
}

struct Lossy {
  const char* name;
  double loss;
  Duration jitter;
  TcpSocketOptions options;
};

class LossyTransfer : public ::testing::TestWithParam<Lossy> {};

TEST_P(LossyTransfer, Arrives) {
  for (const std::uint64_t size : {std::uint64_t{1}, std::uint64_t{5'000}, std::uint64_t{1'000'000}}) {
    TwoHosts net({.rate_bps = 20'000'000, .delay = 10_ms, .jitter = GetParam().jitter, .loss = GetParam().loss});
    Sink sink(net.b, GetParam().options);
    Source source(net.a, size, GetParam().options);
    net.run_for(3000_s);
    EXPECT_EQ(sink.received, size) << to_string(source.reason.value_or(TcpCloseReason::Finished))
                                   << source.socket.info().timeouts;
    EXPECT_TRUE(sink.ended_at);
    EXPECT_EQ(net.a.tcp().connections(), 0u);
    EXPECT_EQ(net.b.tcp().connections(), 0u);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Links, LossyTransfer,
    ::testing::Values(Lossy{"cubic", 0.02, {}, {}}, Lossy{"newreno_without_sack", 0.02, {}, {.congestion_control = "newreno", .sack = false}},
                      Lossy{"reno_without_sack", 0.02, {}, {.congestion_control = "reno", .sack = false}},
                      Lossy{"rfc6675", 0.02, {}, {.congestion_control = "newreno", .rack = false}},
                      Lossy{"much", 0.2, {}, {}}, Lossy{"jitter", 0.01, 5_ms, {}},
                      Lossy{"bare", 0.05, {}, {.timestamps = false, .window_scaling = false, .sack = false}}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace kamesim
