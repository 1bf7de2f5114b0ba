// TCP sockets in Python's hands. They outlive a power cycle of their host, but are closed by it.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "protocols/host/host.h"
#include "protocols/host/power.h"
#include "protocols/tcp/socket.h"

namespace kamesim::python {

struct World;
class Waiters;

class StreamSocket final : public PowerListener, private TcpSocketHandler {
 public:
  StreamSocket(World& world, Host& host);
  StreamSocket(World& world, Host& host, TcpListener& listener);  // the oldest connection that waits there
  ~StreamSocket();
  StreamSocket(const StreamSocket&) = delete;
  StreamSocket& operator=(const StreamSocket&) = delete;

  // Throws SimulationError if the socket was closed, or its node rebooted.
  TcpSocket& socket() const;
  Host& host() const { return host_; }
  bool open() const { return socket_ != nullptr; }
  void close();
  void abort();
  // What ICMPv6 errors told of trouble (RFC 9293 §3.9.2.2), oldest first, as (type, code); R1 (§3.8.3) as (0, 0).
  const std::vector<std::pair<int, int>>& soft_errors() const { return soft_errors_; }
  // Dispatches the token at the next event of the connection's.
  void arm(std::uint64_t token);

  void on_power_off() override { close(); }

 private:
  void wake();
  void on_connected(TcpSocket&) override { wake(); }
  void on_readable(TcpSocket&) override { wake(); }
  void on_writable(TcpSocket&) override { wake(); }
  void on_closed(TcpSocket&, TcpCloseReason) override { wake(); }
  void on_soft_error(TcpSocket&, const Icmp6Error& error) override;
  void on_delivery_problem(TcpSocket&) override { soft_errors_.emplace_back(0, 0); }

  Host& host_;
  std::unique_ptr<Waiters> waiters_;
  std::unique_ptr<TcpSocket> socket_;
  std::vector<std::pair<int, int>> soft_errors_;
};

class StreamListener final : public PowerListener, private TcpListenHandler {
 public:
  // Throws SimulationError if the port is taken, or the address cannot be listened on.
  StreamListener(World& world, Host& host, const Ipv6Address& address, std::uint16_t port, unsigned backlog,
                 const TcpSocketOptions& options);
  ~StreamListener();
  StreamListener(const StreamListener&) = delete;
  StreamListener& operator=(const StreamListener&) = delete;

  Host& host() const { return host_; }
  TcpListener& listener() const;
  bool open() const { return listener_ != nullptr; }
  void close();
  void arm(std::uint64_t token);
  void on_power_off() override { close(); }

 private:
  void on_acceptable(TcpListener&) override;

  Host& host_;
  std::unique_ptr<Waiters> waiters_;
  std::unique_ptr<TcpListener> listener_;
};

}  // namespace kamesim::python
