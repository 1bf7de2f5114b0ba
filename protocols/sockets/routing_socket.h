// The kernel part's routing messages (routing_message.h), kept for who reads them later: KAME's sockets of PF_ROUTE. Who
// must act at once is a RoutingListener instead.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "protocols/ip6/route_table.h"
#include "protocols/ip6/routing_message.h"
#include "protocols/ip6/stack.h"

namespace kamesim {

inline constexpr DropInfo kRoutingSocketFull{"socket.routing_buffer_full", "the routing socket's limit on messages"};

class RoutingSocket final : private RoutingListener {
 public:
  static constexpr std::size_t kMaxWaiting = 4096;

  struct Message {
    Time at;
    RoutingMessage::Kind kind;
    std::string interface;       // empty: of none
    Ipv6Address address;         // unspecified if it is of none
    std::optional<Route> route;  // of messages about routes; what it points to may be gone
  };

  explicit RoutingSocket(Ip6Stack& stack);
  ~RoutingSocket();
  RoutingSocket(const RoutingSocket&) = delete;
  RoutingSocket& operator=(const RoutingSocket&) = delete;

  // The oldest that waits.
  std::optional<Message> read();
  std::uint64_t lost() const { return lost_; }  // for want of room

 private:
  void on_routing_message(const RoutingMessage& message) override;

  Ip6Stack& stack_;
  std::deque<Message> waiting_;
  std::uint64_t lost_ = 0;
};

}  // namespace kamesim
