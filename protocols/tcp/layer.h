// TCP of one node: finds the connection or listener that a segment is for, answers what none awaits, puts segments
// into packets, and keeps the timers. Takes no protocol decision beyond RFC 9293 §3.10.7.1 and §3.10.7.2; those of
// connections are TcpConnection's.
//
//   layer.cc         input, output, timers
//   listen.cc        listeners: SYN queue, cookies, accept queue
//   icmp_input.cc    ICMPv6 errors about our segments
//   socket.cc        the application's side
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "protocols/ip6/stack.h"
#include "protocols/tcp/four_tuple.h"
#include "protocols/tcp/options.h"
#include "protocols/tcp/segment.h"
#include "protocols/tcp/socket.h"

namespace kamesim {

class TcpConnection;
struct TcpPortsAndSequence;

// Of one node since it began (RFC 4022's names where it has them).
struct TcpCounters {
  std::uint64_t active_opens = 0, passive_opens = 0;
  std::uint64_t attempt_failures = 0;       // SYN-SENT or SYN-RECEIVED to CLOSED
  std::uint64_t established_resets = 0;     // ESTABLISHED or CLOSE-WAIT to CLOSED
  std::uint64_t segments_received = 0, segments_sent = 0, retransmitted_segments = 0;
  std::uint64_t resets_sent = 0, resets_limited = 0;
  std::uint64_t cookies_sent = 0, cookies_accepted = 0;
  std::uint64_t challenge_acks = 0;
};

class TcpLayer final : public PacketHandler {
 public:
  explicit TcpLayer(Ip6Stack& stack);
  ~TcpLayer();
  TcpLayer(const TcpLayer&) = delete;
  TcpLayer& operator=(const TcpLayer&) = delete;

  Ip6Stack& stack() const { return stack_; }
  const TcpConfig& config() const;
  // For what is opened from now on.
  TcpConfig& mutable_config();
  std::optional<TcpConfig> changed_config() const;  // empty: the defaults, for all that is known
  TcpCounters counters() const;
  std::size_t connections() const;  // in any state but CLOSED

  // The node loses power: connections end without a word to their peers.
  void power_off() { powered_ = false; }

  // ---- From the stack -----------------------------------------------------------------------------------------
  void on_packet(InputPacket& packet) override;
  Quotation verify(const Icmp6ErrorReport& report) override;
  void on_icmp6_error_report(const Icmp6ErrorReport& report) override;
  const IpsecSocketPolicy* ipsec_policy(const InputPacket& packet) const override;

 private:
  friend class TcpSocket;
  friend class TcpListener;
  friend struct TcpEndpoint;
  struct State;  // what a node needs once it uses TCP

  State& state();
  // layer.cc
  FourTuple tuple_of(const InputPacket& packet, const TcpSegment& segment) const;
  TcpEndpoint* find(const FourTuple& tuple) const;
  // The connection that has the quoted segment under way, or null.
  TcpEndpoint* find_quoted(const Icmp6ErrorReport& report, const TcpPortsAndSequence& segment) const;
  TcpEndpoint& add_endpoint(const FourTuple& tuple, Ip6Interface* zone, const TcpSocketOptions& options);
  void connection_input(TcpEndpoint& endpoint, const TcpSegment& segment, InputPacket& packet);
  void run(TcpEndpoint& endpoint);
  void wake(TcpEndpoint& endpoint);
  void transmit(TcpEndpoint& endpoint);
  void tell(TcpEndpoint& endpoint);
  void remove(TcpEndpoint& endpoint);
  void send_segment(const FourTuple& tuple, Ip6Interface* zone, const TcpSocketOptions& options,
                    const OutgoingSegment& segment, const TcpConnection* data);
  void refuse(const FourTuple& tuple, Ip6Interface* zone, const TcpSegment& segment);
  std::uint32_t path_mtu(const FourTuple& tuple, Ip6Interface* zone, const TcpSocketOptions& options);
  std::uint32_t path_mtu_of_packets(const FourTuple& tuple, Ip6Interface* zone);
  std::uint16_t announced_mss(const FourTuple& tuple, Ip6Interface* zone);
  void confirm_reachable(TcpEndpoint& endpoint);
  std::uint16_t ephemeral_port(const FourTuple& tuple);
  bool port_taken(std::uint16_t port, const Ipv6Address& address, bool v6_only) const;
  // listen.cc
  TcpListener* find_listener(const Ipv6Address& address, std::uint16_t port) const;
  void listen_input(TcpListener& listener, const FourTuple& tuple, const TcpSegment& segment, InputPacket& packet);
  void take_syn(TcpListener& listener, const FourTuple& tuple, const TcpSegment& segment, InputPacket& packet);
  void send_cookie(TcpListener& listener, const FourTuple& tuple, Ip6Interface* zone, const TcpSegment& syn);
  bool take_cookie(TcpListener& listener, const FourTuple& tuple, const TcpSegment& ack, InputPacket& packet);
  void queue_accepted(TcpEndpoint& endpoint);
  void forget_half_open(TcpEndpoint& endpoint);
  void abandon(TcpListener& listener);

  Ip6Stack& stack_;
  bool powered_ = true;
  std::unique_ptr<State> state_;
};

}  // namespace kamesim
