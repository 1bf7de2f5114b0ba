#include "protocols/sockets/routing_socket.h"

#include <utility>

#include "protocols/ip6/interface.h"

namespace kamesim {

RoutingSocket::RoutingSocket(Ip6Stack& stack) : stack_(stack) { stack_.add_listener(*this); }

RoutingSocket::~RoutingSocket() { stack_.remove_listener(*this); }

std::optional<RoutingSocket::Message> RoutingSocket::read() {
  if (waiting_.empty()) return std::nullopt;
  Message first = std::move(waiting_.front());
  waiting_.pop_front();
  return first;
}

void RoutingSocket::on_routing_message(const RoutingMessage& message) {
  if (waiting_.size() >= kMaxWaiting) {
    ++lost_;
    return stack_.drop(kRoutingSocketFull, {});
  }
  waiting_.push_back({.at = stack_.now(),
                      .kind = message.kind,
                      .interface = message.interface != nullptr ? message.interface->name() : std::string(),
                      .address = message.address,
                      .route = message.route != nullptr ? std::optional(*message.route) : std::nullopt});
}

}  // namespace kamesim
