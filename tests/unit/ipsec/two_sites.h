// Two hosts behind two gateways, h1 - g1 - g2 - h2, and what crosses the link between the gateways.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "protocols/host/host.h"
#include "protocols/ipsec/kernel.h"
#include "protocols/wire/ipv6_header.h"
#include "sim/link.h"
#include "sim/node.h"
#include "sim/simulation.h"
#include "tests/unit/wire/hex.h"

namespace kamesim::ipsec {

// A host with IPsec.
struct Station {
  Station(Simulation& simulation, const std::string& name, bool router)
      : host(simulation.add_node(name), {.forwarding = router, .dup_addr_detect_transmits = 0}),
        kernel(host.stack()) {}
  Host host;
  IpsecKernel kernel;
  Ip6Stack& stack() { return host.stack(); }
  std::uint64_t drops(const DropInfo& reason) { return host.node().drops(reason.name); }
};

inline const Ipv6Address kH1 = "2001:db8:1::10"_ip6, kG1 = "2001:db8::1"_ip6, kG2 = "2001:db8::2"_ip6,
                         kH2 = "2001:db8:2::20"_ip6, kG1Inside = "2001:db8:1::1"_ip6, kG2Inside = "2001:db8:2::1"_ip6;

class Heard final : public DatagramHandler {
 public:
  void on_datagram(const Datagram& d) override {
    datagrams.emplace_back(d.payload.begin(), d.payload.end());
    traffic_class = d.traffic_class;
  }
  std::vector<std::vector<std::uint8_t>> datagrams;
  std::uint8_t traffic_class = 0;
};

// The packets that came out of a NIC's link.
class Wire final : public FrameObserver {
 public:
  explicit Wire(Nic& nic) : nic_(nic) { nic.add_observer(this); }
  ~Wire() { nic_.remove_observer(this); }
  Wire(const Wire&) = delete;
  void on_frame(const Nic&, kamesim::Direction direction, Time, Bytes frame) override {
    if (direction == kamesim::Direction::kIn) frames.emplace_back(frame.begin(), frame.end());
  }
  // Those of IPv6 that are no link-local business.
  std::vector<std::vector<std::uint8_t>> packets() const {
    std::vector<std::vector<std::uint8_t>> out;
    for (const auto& f : frames) {
      const auto ip = Ipv6HeaderView::check(Bytes(f).subspan(14));
      if (ip && !ip->source().is_link_local() && !ip->destination().is_multicast() &&
          !(ip->next_header() == NextHeader::Icmp6 && ip->hop_limit() == 255)) {
        out.emplace_back(ip->packet().begin(), ip->packet().end());
      }
    }
    return out;
  }
  std::vector<std::vector<std::uint8_t>> frames;

 private:
  Nic& nic_;
};

class TwoSites {
 public:
  TwoSites()
      : h1(simulation, "h1", false),
        g1(simulation, "g1", true),
        g2(simulation, "g2", true),
        h2(simulation, "h2", false) {
    join("left", h1, kH1, g1, kG1Inside);
    middle = &join("middle", g1, kG1, g2, kG2);
    join("right", g2, kG2Inside, h2, kH2);
    route(h1, "2001:db8::/32"_ip6net, kG1Inside);
    route(g1, "2001:db8:2::/64"_ip6net, kG2);
    route(g2, "2001:db8:1::/64"_ip6net, kG1);
    route(h2, "2001:db8::/32"_ip6net, kG2Inside);
    run_for(1_s);
  }
  void run_for(Duration d) { simulation.run_until(simulation.now() + d); }

  PointToPointLink& join(const std::string& name, Station& a, const Ipv6Address& at_a, Station& b,
                         const Ipv6Address& at_b) {
    auto& link = simulation.add_medium<PointToPointLink>(name, LinkConfig{.delay = 1_ms});
    for (auto& [station, address] : {std::pair<Station*, Ipv6Address>{&a, at_a}, {&b, at_b}}) {
      Nic& nic = station->host.node().add_nic();
      link.attach(nic);
      station->host.stack().add_address(station->host.add_interface(nic), {.address = address});
    }
    return link;
  }
  static void route(Station& station, const Ipv6Prefix& prefix, const Ipv6Address& via) {
    Ip6Interface* out = nullptr;
    for (const auto& i : station.stack().interfaces()) {
      for (const auto& a : i->addresses()) {
        if (a->prefix().contains(via) && !a->address.is_link_local()) out = i.get();
      }
    }
    station.stack().routes().add({.prefix = prefix, .interface = out, .next_hop = via});
  }

  Simulation simulation;
  Station h1, g1, g2, h2;
  PointToPointLink* middle = nullptr;
};

}  // namespace kamesim::ipsec
