// A measured UDP flow: a sender at a given rate on one node, a receiver on another. Each datagram carries the
// flow's number, its sequence number and when it was sent, so captures can be read without this program.
//
// Neither allocates per packet, beyond the growth of the logs, of which nothing is copied as they grow.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "protocols/ip6/socket.h"
#include "protocols/wire/ipv6_address.h"
#include "sim/pool.h"
#include "sim/random.h"
#include "sim/time.h"
#include "sim/timer.h"

namespace kamesim {

// The start of every datagram of a flow, in network order; zeros fill it up to its size.
struct UdpFlowHeader {
  static constexpr std::size_t kSize = 24;
  static constexpr std::uint32_t kMagic = 0x6b6d666c;  // "kmfl"

  std::uint32_t flow_id;
  std::uint64_t sequence;  // from 0
  Time sent;

  // Writes kSize bytes.
  void write(std::uint8_t* out) const;
  // Empty if the payload is not of a flow.
  static std::optional<UdpFlowHeader> read(Bytes payload);
};

enum class SendPattern : std::uint8_t {
  Constant,  // equal intervals
  Poisson,   // exponentially distributed intervals with the same mean
};

// How long the periods of an on-off source are: the same each, exponentially distributed, or by Pareto's distribution with
// a shape of 1.5, whose sums of many sources are self-similar (Willinger et al., SIGCOMM 1995).
enum class PeriodLength : std::uint8_t { Constant, Exponential, Pareto };

// A source that sends in periods with pauses between them.
struct OnOff {
  PeriodLength lengths = PeriodLength::Exponential;
  Duration on;   // mean. Intervals between packets pass during periods only, and go on behind a pause
  Duration off;  // mean
};

struct UdpFlowConfig {
  std::uint32_t flow_id = 0;
  Ipv6Address source;             // unspecified: chosen for each packet by RFC 6724
  std::uint16_t source_port = 0;  // 0: an ephemeral one
  Ipv6Address destination;
  std::uint16_t destination_port = 0;
  std::uint32_t payload_bytes = 100;  // UdpFlowHeader::kSize to 65527
  double rate = 100;                  // packets a second
  SendPattern pattern = SendPattern::Constant;
  std::optional<OnOff> periods;       // empty: it sends all the time. `rate` is that within a period
  Time start;
  Time stop = Time::max();            // exclusive
};

// What a flow notes of its packets.
using FlowTimes = std::deque<Time, PoolAllocator<Time>>;

// When packets arrived, and which: most follow the one before them, so that only others are noted.
class FlowArrivals {
 public:
  void add(std::uint64_t sequence, Time at) {
    if (sequence != next_sequence_) jumps_.push_back({times_.size(), sequence});
    next_sequence_ = sequence + 1;
    times_.push_back(at);
  }
  std::size_t size() const { return times_.size(); }
  // Calls call(sequence, at) for each, in the order in which they arrived.
  template <typename F>
  void for_each(F&& call) const {
    auto jump = jumps_.begin();
    std::uint64_t sequence = 0, arrival = 0;
    for (const Time at : times_) {
      if (jump != jumps_.end() && jump->arrival == arrival) sequence = (jump++)->sequence;
      call(sequence++, at);
      ++arrival;
    }
  }

 private:
  struct Jump {
    std::uint64_t arrival, sequence;
  };
  FlowTimes times_;
  std::vector<Jump> jumps_;
  std::uint64_t next_sequence_ = 0;
};

class UdpFlowSender final : private DatagramHandler {
 public:
  // Sends from max(config.start, now) on. Throws SimulationError if the source port is taken.
  UdpFlowSender(SocketLayer& sockets, const UdpFlowConfig& config);

  const UdpFlowConfig& config() const { return config_; }
  std::uint16_t source_port() const { return source_port_; }
  // Where the packets go from now on.
  void set_destination(const Ipv6Address& destination) { config_.destination = destination; }
  void stop() { timer_.cancel(); }
  // The node goes down, and comes up again with new sockets: the flow goes on as planned. What the application would
  // have sent meanwhile is not made up for.
  void power_off();
  void power_on(SocketLayer& sockets);

  // Packets that the node could not send (no route, no address) are among them.
  std::uint64_t sent() const { return sent_; }
  Time sent_at(std::uint64_t sequence) const;
  std::uint64_t send_errors() const { return send_errors_; }

 private:
  void send_next();
  void arm_next();
  Duration draw_period(Duration mean);
  Time time_in_period(std::uint64_t number) const;
  // When packets go follows from their numbers.
  bool regular() const { return config_.pattern == SendPattern::Constant && !config_.periods; }
  void on_datagram(const Datagram&) override {}

  UdpFlowConfig config_;
  std::uint16_t source_port_ = 0;
  Node& node_;
  std::optional<UdpSocket> socket_;  // empty: the node is off
  OutputRequest request_;            // of all packets: it is large
  Timer timer_;
  RandomStream intervals_;
  Time first_;
  // The end of the present period, and its first packet: when it goes, and its number.
  Time on_until_ = Time::max(), first_in_period_;
  std::uint64_t first_of_period_ = 0;
  std::uint64_t sent_ = 0;
  FlowTimes send_times_;  // unless they are regular
  std::uint64_t send_errors_ = 0;
};

class UdpFlowReceiver final : private DatagramHandler {
 public:
  // Throws SimulationError if the port is taken.
  UdpFlowReceiver(SocketLayer& sockets, std::uint32_t flow_id, std::uint16_t port);

  // Duplicates included.
  const FlowArrivals& arrivals() const { return arrivals_; }

  void power_off() { socket_.reset(); }
  void power_on(SocketLayer& sockets);

 private:
  void on_datagram(const Datagram& datagram) override;

  std::uint32_t flow_id_;
  std::uint16_t port_;
  Node& node_;
  std::optional<UdpSocket> socket_;  // empty: the node is off
  FlowArrivals arrivals_;
};

// What a flow has come to so far. Packets under way count as lost.
struct UdpFlowMeasurement {
  static constexpr std::int64_t kLost = -1;

  std::vector<std::int64_t> send_ns;   // by sequence number
  std::vector<std::int64_t> delay_ns;  // by sequence number: until the first arrival; kLost: none
  std::uint64_t sent = 0, received = 0, lost = 0;
  std::uint64_t duplicated = 0;        // arrivals of a packet that had arrived before
  std::uint64_t reordered = 0;         // RFC 4737 §3.3: first arrivals after a packet with a higher number
};
UdpFlowMeasurement measure(const UdpFlowSender& sender, const UdpFlowReceiver& receiver);

}  // namespace kamesim
