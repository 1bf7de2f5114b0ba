// TCP sockets in Python's hands. They outlive a power cycle of their host, but are closed by it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "protocols/host/host.h"
#include "protocols/host/power.h"
#include "protocols/tcp/socket.h"

namespace kamesim::python {

class StreamSocket final : public PowerListener, private TcpSocketHandler {
 public:
  explicit StreamSocket(Host& host);
  StreamSocket(Host& host, TcpListener& listener);  // the oldest connection that waits there
  ~StreamSocket();
  StreamSocket(const StreamSocket&) = delete;
  StreamSocket& operator=(const StreamSocket&) = delete;

  // Throws SimulationError if the socket was closed, or its node rebooted.
  TcpSocket& socket() const;
  bool open() const { return socket_ != nullptr; }
  void close() { socket_.reset(); }
  void abort();
  // What ICMPv6 errors told of trouble (RFC 9293 §3.9.2.2), oldest first, as (type, code); R1 (§3.8.3) as (0, 0).
  const std::vector<std::pair<int, int>>& soft_errors() const { return soft_errors_; }

  void on_power_off() override { socket_.reset(); }

 private:
  void on_soft_error(TcpSocket&, const Icmp6Error& error) override;
  void on_delivery_problem(TcpSocket&) override { soft_errors_.emplace_back(0, 0); }

  Host& host_;
  std::unique_ptr<TcpSocket> socket_;
  std::vector<std::pair<int, int>> soft_errors_;
};

class StreamListener final : public PowerListener, private TcpListenHandler {
 public:
  // Throws SimulationError if the port is taken, or the address cannot be listened on.
  StreamListener(Host& host, const Ipv6Address& address, std::uint16_t port, unsigned backlog,
                 const TcpSocketOptions& options);
  ~StreamListener();
  StreamListener(const StreamListener&) = delete;
  StreamListener& operator=(const StreamListener&) = delete;

  Host& host() const { return host_; }
  TcpListener& listener() const;
  bool open() const { return listener_ != nullptr; }
  void close() { listener_.reset(); }
  void on_power_off() override { listener_.reset(); }

 private:
  void on_acceptable(TcpListener&) override {}

  Host& host_;
  std::unique_ptr<TcpListener> listener_;
};

}  // namespace kamesim::python
