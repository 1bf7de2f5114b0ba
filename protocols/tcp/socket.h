// TCP sockets of a node, for daemons and applications (RFC 9293 §3.9.1, the user/TCP interface).
//
// A TcpSocket is a handle: the connection behind it lives on its own (RFC 9293's TCB) and may outlast it, as when an
// application closes and the node still waits in TIME-WAIT. A TcpListener makes sockets of those who connect.
//
// Handlers are called from inside the node's TCP. They may do anything with sockets, destroying the one that calls
// included.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "protocols/tcp/options.h"
#include "protocols/tcp/state.h"
#include "protocols/wire/icmp6.h"
#include "protocols/wire/ipv6_address.h"
#include "sim/bytes.h"
#include "sim/time.h"

namespace kamesim {

class Ip6Interface;
class TcpLayer;
class TcpListener;
class TcpSocket;
struct TcpEndpoint;
struct TcpSocketIdle;

enum class TcpError : std::uint8_t {
  None,
  AddressInUse,      // the port is taken, or all ephemeral ones are
  NoRoute,
  NoSourceAddress,
  InvalidAddress,    // not one of ours (bind), or not one to connect to: a group, or unspecified
  AlreadyConnected,
  TooManyConnections,
};
// Words for it; empty for None.
std::string_view to_string(TcpError error);

class TcpSocketHandler {
 public:
  virtual void on_connected(TcpSocket&) {}
  // Data, or the end of the stream, can be read.
  virtual void on_readable(TcpSocket&) {}
  // There is room again, after a write that took less than it was given.
  virtual void on_writable(TcpSocket&) {}
  // RFC 9293 §3.8.5 (MUST-32): urgent data began, or its end moved on: see urgent_remaining().
  virtual void on_urgent(TcpSocket&) {}
  // RFC 9293 §3.9.1.8: an ICMPv6 error told of trouble on the path; the connection goes on. `error` views the
  // message.
  virtual void on_soft_error(TcpSocket&, const Icmp6Error& error) { (void)error; }
  // RFC 9293 §3.8.3 (SHLD-9): R1 is reached.
  virtual void on_delivery_problem(TcpSocket&) {}
  // The connection is no more; what was received can still be read. Not called for a socket that close() or abort()
  // ended.
  virtual void on_closed(TcpSocket&, TcpCloseReason) {}

 protected:
  ~TcpSocketHandler() = default;
};

class TcpSocket {
 public:
  TcpSocket(TcpLayer& layer, TcpSocketHandler& handler);
  // Closes: what was written is still sent. If data was left unread, the peer gets a reset (RFC 9293 §3.6.1, SHLD-3).
  ~TcpSocket();
  TcpSocket(const TcpSocket&) = delete;
  TcpSocket& operator=(const TcpSocket&) = delete;

  void set_handler(TcpSocketHandler& handler) { handler_ = &handler; }
  TcpLayer& layer() const { return layer_; }

  // ---- Opening ----------------------------------------------------------------------------------------------
  // The local end, before connect(). Port 0: an ephemeral one. An unspecified address: chosen by RFC 6724.
  TcpError bind(std::uint16_t port, const Ipv6Address& address = {});
  // Active OPEN. `zone`: the interface of a link-local destination.
  TcpError connect(const Ipv6Address& destination, std::uint16_t port, Ip6Interface* zone = nullptr);

  // ---- Data -------------------------------------------------------------------------------------------------
  // Takes what there is room for; returns how much. Nothing once shutdown() or close() was called, or after a failure.
  // `urgent`: the last octet taken is the end of urgent data (RFC 9293 §3.8.5).
  std::size_t write(Bytes data, bool urgent = false);
  // The same without a copy: fill what is returned, up to n octets, then commit().
  MutableBytes write_room(std::size_t n);
  void commit(std::size_t n);
  std::size_t write_space() const;
  std::size_t read(MutableBytes out);
  // What can be read, its first piece, without a copy; then consume().
  Bytes peek() const;
  void consume(std::size_t n);
  std::size_t readable() const;
  bool at_end() const;        // the peer has sent its FIN, and all before it was read
  std::uint32_t urgent_remaining() const;

  // ---- Closing ----------------------------------------------------------------------------------------------
  // CLOSE: no more will be written; reading goes on (half-close, RFC 9293 §3.6.1).
  void shutdown();
  // No more reading either. The handler is not called again.
  void close();
  // ABORT: a reset to the peer.
  void abort();

  // ---- Looking ----------------------------------------------------------------------------------------------
  TcpState state() const;
  std::optional<TcpCloseReason> close_reason() const;
  const Ipv6Address& local_address() const;
  std::uint16_t local_port() const;
  const Ipv6Address& remote_address() const;
  std::uint16_t remote_port() const;
  Ip6Interface* zone() const;
  TcpInfo info() const;

  // ---- Options ----------------------------------------------------------------------------------------------
  const TcpSocketOptions& options() const;
  // Those that concern the handshake have no effect after it. False: no such congestion control.
  bool set_options(const TcpSocketOptions& options);

 private:
  friend class TcpLayer;
  friend class TcpListener;
  TcpSocket(TcpLayer& layer, TcpSocketHandler& handler, TcpEndpoint& endpoint);
  void detach();
  void unbind();

  TcpLayer& layer_;
  TcpSocketHandler* handler_;
  TcpEndpoint* endpoint_ = nullptr;       // null: not opened yet, or let go
  std::unique_ptr<TcpEndpoint> closed_;   // the same, once the layer is done with it
  std::unique_ptr<TcpSocketIdle> idle_;   // what there is to know without a connection; null with one
};

class TcpListenHandler {
 public:
  // A connection waits to be accepted.
  virtual void on_acceptable(TcpListener&) = 0;

 protected:
  ~TcpListenHandler() = default;
};

class TcpListener {
 public:
  TcpListener(TcpLayer& layer, TcpListenHandler& handler);
  ~TcpListener();
  TcpListener(const TcpListener&) = delete;
  TcpListener& operator=(const TcpListener&) = delete;

  // Passive OPEN. `backlog`: how many connections may wait to be accepted. Port 0: an ephemeral one.
  TcpError listen(std::uint16_t port, const Ipv6Address& address = {}, unsigned backlog = 128);
  // The oldest connection that waits, or null.
  std::unique_ptr<TcpSocket> accept(TcpSocketHandler& handler);
  std::size_t waiting() const;
  std::size_t half_open() const;
  std::uint16_t port() const { return port_; }
  const Ipv6Address& address() const { return address_; }
  // Inherited by the connections that are made from now on.
  TcpSocketOptions& options() { return options_; }
  // Stops; those who wait are reset.
  void close();

 private:
  friend class TcpLayer;
  TcpLayer& layer_;
  TcpListenHandler& handler_;
  TcpSocketOptions options_;
  Ipv6Address address_;
  std::uint16_t port_ = 0;  // 0: not listening
  struct Queue;
  std::unique_ptr<Queue> queue_;
};

}  // namespace kamesim
