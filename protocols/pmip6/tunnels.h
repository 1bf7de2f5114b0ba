// The bi-directional tunnels between anchors and access gateways (RFC 5213 §5.6.1, §6.10.4): made when the first mobile
// node needs one, shared by the others, and removed with the last. One that an administrator made is used, and stays.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>

#include "protocols/ip6/stack.h"
#include "protocols/ip6/tunnel.h"

namespace kamesim::pmip6 {

class Tunnels {
 public:
  // `name`: their names begin so.
  Tunnels(Ip6Stack& stack, std::string name) : stack_(stack), name_(std::move(name)) {}
  ~Tunnels();
  Tunnels(const Tunnels&) = delete;
  Tunnels& operator=(const Tunnels&) = delete;

  TunnelInterface& acquire(const Ipv6Address& local, const Ipv6Address& remote);
  void release(const TunnelInterface& tunnel);
  // Whether it is one of those in use here.
  bool contains(const Ip6Interface& interface) const;

 private:
  struct Shared {
    TunnelInterface* tunnel = nullptr;
    std::size_t users = 0;
    bool made_here = false;
  };
  using Ends = std::pair<Ipv6Address, Ipv6Address>;
  TunnelInterface* given(const Ends& ends) const;

  Ip6Stack& stack_;
  std::string name_;
  std::map<Ends, Shared> shared_;
  unsigned made_ = 0;
};

}  // namespace kamesim::pmip6
