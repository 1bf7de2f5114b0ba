// Echo requests at an interval, and what comes back (RFC 4443 §4), as ping6 sends them.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "protocols/ip6/socket.h"
#include "protocols/wire/icmp6.h"
#include "sim/timer.h"

namespace kamesim {

struct PingConfig {
  Ipv6Address destination;
  Ipv6Address source;                 // unspecified: chosen by RFC 6724
  Ip6Interface* interface = nullptr;  // the zone of a link-local or multicast destination, or a forced exit
  std::uint16_t identifier = 0;
  std::uint32_t count = 4;            // 1 to 65536
  std::uint32_t data_bytes = 56;
  Duration interval = Duration::seconds(1);
  std::optional<std::uint8_t> hop_limit;
};

class Ping final : private DatagramHandler {
 public:
  struct Probe {
    Time sent;
    std::optional<Duration> round_trip;  // of the first reply
    SendError send_error = SendError::None;
  };
  // An ICMPv6 error about a probe.
  struct Error {
    Time at;
    std::uint16_t sequence;
    Icmp6Type type;
    std::uint8_t code;
    std::uint32_t parameter;  // MTU or Pointer
    Ipv6Address from;
  };

  // Sends the first request as the next event.
  Ping(SocketLayer& sockets, const PingConfig& config);

  const PingConfig& config() const { return config_; }
  const std::vector<Probe>& probes() const { return probes_; }  // by sequence number
  const std::vector<Error>& errors() const { return errors_; }
  std::uint64_t received() const { return received_; }          // probes that were answered
  std::uint64_t duplicates() const { return duplicates_; }      // further replies
  bool sending() const { return timer_.armed(); }
  void stop() { timer_.cancel(); }
  // The node goes down: it sends and hears no more, what it has found stays. The sockets may go after that.
  void end();

 private:
  void send_next();
  void on_datagram(const Datagram& datagram) override;
  void on_packet_error(const PacketError& error) override;
  void on_reply(const Icmp6EchoView& reply);
  void on_error(const Icmp6ErrorView& error, const Ipv6Address& from);
  // The probe that an Echo Request or Reply belongs to.
  std::optional<std::uint16_t> probe_of(const Icmp6EchoView& echo) const;

  PingConfig config_;
  Node& node_;
  bool ip4_;
  std::optional<RawSocket> socket_;  // empty: ended
  Timer timer_;
  std::vector<std::uint8_t> data_;
  std::vector<std::uint8_t> message_;
  std::vector<Probe> probes_;
  std::vector<Error> errors_;
  std::uint64_t received_ = 0;
  std::uint64_t duplicates_ = 0;
};

}  // namespace kamesim
