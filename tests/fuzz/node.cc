// A whole node between two links, fed with frames while virtual time runs: a host, a router, a mobile node or a home
// agent, with sockets, a TCP server and a ping on it. What leaves the node must be well-formed, what it keeps bounded.
#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "protocols/host/host.h"
#include "protocols/ip4/stack.h"
#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/mip6/mobile_ipv6.h"
#include "protocols/tcp/layer.h"
#include "protocols/tcp/socket.h"
#include "protocols/wire/arp.h"
#include "protocols/wire/ethernet.h"
#include "protocols/wire/ipv4_header.h"
#include "sim/lan.h"
#include "sim/node.h"
#include "sim/simulation.h"
#include "sim/tester_port.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/repair.h"

namespace kamesim {
namespace {

enum class Role : std::uint8_t { Host, Router, MobileNode, HomeAgent };

Ipv6Address ip6(const char* text) { return *Ipv6Address::parse(text); }

// Sends back what it hears, by UDP and by TCP.
class EchoServer final : private DatagramHandler, private TcpListenHandler, private TcpSocketHandler {
 public:
  EchoServer(SocketLayer& sockets, TcpLayer& tcp) : udp_(sockets, *this), listener_(tcp, *this) {
    udp_.bind(7);
    listener_.listen(7, {}, 4);
  }

 private:
  void on_datagram(const Datagram& d) override {
    if (d.source.is_multicast()) return;
    udp_.send_to(d.payload, d.source, d.source_port, {.interface = d.interface});
  }
  void on_acceptable(TcpListener& listener) override {
    auto socket = listener.accept(*this);
    if (socket != nullptr && connections_.size() < 8) connections_.push_back(std::move(socket));
  }
  void on_readable(TcpSocket& socket) override {
    while (!socket.peek().empty()) {
      const std::size_t written = socket.write(socket.peek());
      if (written == 0) break;
      socket.consume(written);
    }
    if (socket.at_end()) socket.shutdown();
  }

  UdpSocket udp_;
  TcpListener listener_;
  std::vector<std::unique_ptr<TcpSocket>> connections_;
};

class Client final : private TcpSocketHandler {
 public:
  explicit Client(TcpLayer& tcp) : socket_(tcp, *this) { socket_.connect(ip6("2001:db8:1::99"), 80); }

 private:
  void on_connected(TcpSocket& socket) override {
    static constexpr std::array<std::uint8_t, 3000> kRequest{};
    socket.write(kRequest);
  }
  void on_readable(TcpSocket& socket) override { socket.consume(socket.readable()); }
  TcpSocket socket_;
};

class Scene {
 public:
  explicit Scene(Role role) : role_(role), host_(simulation_.add_node("node"), config(role)) {
    for (std::uint8_t i = 0; i < 2; ++i) {
      Lan& lan = simulation_.add_medium<Lan>(i == 0 ? "a" : "b", LinkConfig{.delay = 1_us});
      Nic& nic = host_.node().add_nic();
      nic.set_mac(MacAddress({2, 0, 0, 0, 0, static_cast<std::uint8_t>(i + 1)}));
      lan.attach(nic);
      host_.add_interface(nic);
      ports_[i] = std::make_unique<TesterPort>(lan);
      host_.stack().add_address(interface(i), {.address = ip6(i == 0 ? "2001:db8:1::1" : "2001:db8:2::1")});
      host_.ip4();
      host_.stack().add_address(interface(i), {.address = v4_mapped(i == 0 ? 0xc0000201 : 0xc6336401),
                                               .prefix_length = kV4MappedLength + 24});
    }
    boot(host_);
    host_.at_boot([this](Host& host) { boot(host); });
    host_.ping({.destination = ip6("2001:db8:1::98"), .count = 100, .interval = 500_ms});
    wait(3_s);
  }

  // What begins like a packet of IPv4 or a message of ARP goes as such.
  void send(unsigned link, bool to_group, std::vector<std::uint8_t> packet) {
    const bool ip4 = !packet.empty() && packet[0] >> 4 == 4;
    const bool arp = packet.size() == kArpSize && packet[0] == 0;
    std::vector<std::uint8_t> frame(kEthernetHeaderSize);
    MacAddress to({2, 0, 0, 0, 0, static_cast<std::uint8_t>(link + 1)});
    if (to_group) to = MacAddress({0x33, 0x33, 0, 0, 0, 1});
    if (to_group && (ip4 || arp)) to = MacAddress({0xff, 0xff, 0xff, 0xff, 0xff, 0xff});
    const EtherType type = ip4 ? EtherType::Ipv4 : arp ? EtherType::Arp : EtherType::Ipv6;
    EthernetHeader{to, MacAddress({2, 0, 0, 0, 0, 0x99}), type}.write(frame.data());
    frame.insert(frame.end(), packet.begin(), packet.end());
    if (frame.size() <= kEthernetHeaderSize + 1500) ports_[link]->send(frame);
  }

  void reboot() { host_.reboot(); }

  void wait(Duration d) {
    simulation_.run_until(simulation_.now() + d);
    for (const auto& port : ports_) {
      while (port->pending() > 0) check_sent(port->recv(Duration())->bytes);
    }
  }

  void check_bounds() {
    const Ip6Config& c = host_.stack().config();
    for (const unsigned i : {0u, 1u}) {
      NeighborDiscovery& nd = *interface(i).nd();
      fuzz::require(nd.cache().size() <= c.max_neighbors, "the bound on neighbours");
      fuzz::require(host_.ip4().neighbors(interface(i)).size() <= c.max_neighbors, "the bound on neighbours of IPv4");
      fuzz::require(nd.routers().default_routers().routers().size() <= c.max_default_routers,
                    "the bound on default routers");
      fuzz::require(interface(i).addresses().size() <= c.max_autoconfigured_addresses * 2 + 8, "the bound on addresses");
    }
    const Reassembler* reassemblers[] = {&host_.stack().reassembler(), &host_.ip4().reassembler()};
    for (const Reassembler* reassembler : reassemblers) {
      const auto usage = reassembler->usage();
      fuzz::require(usage.bytes <= c.reassembly.bytes && usage.packets <= c.reassembly.packets,
                    "the bounds on reassemblies");
    }
    fuzz::require(host_.stack().path_mtu().size() <= c.path_mtu.entries, "the bound on path MTUs");
  }

 private:
  static Ip6Config config(Role role) {
    const bool router = role == Role::Router || role == Role::HomeAgent;
    Ip6Config c{.forwarding = router, .accept_router_advertisements = !router};
    c.max_neighbors = 32;
    c.reassembly = {.packets = 8, .packets_per_source = 4, .fragments = 32, .fragments_per_packet = 16,
                    .bytes = 1 << 16, .bytes_per_source = 1 << 15};
    c.path_mtu.entries = 16;
    c.path_mtu.unverified_entries = 8;
    return c;
  }
  EthernetInterface& interface(unsigned i) { return *host_.stack().interface_on(*host_.node().nics()[i]); }

  void boot(Host& host) {
    host.start<EchoServer>(host.sockets(), host.tcp());
    host.start<Client>(host.tcp());
    if (role_ == Role::Router || role_ == Role::HomeAgent) {
      host.router_advertisements().advertise(interface(0), {.max_rtr_adv_interval = 10_s});
    }
    if (role_ == Role::MobileNode || role_ == Role::HomeAgent) {
      auto& mip6 = host.start<MobileIpv6>(host.sockets());
      if (role_ == Role::HomeAgent) {
        mip6.start_home_agent(interface(0));
      } else {
        mip6.start_mobile_node(interface(0),
                               {.home_address = ip6("2001:db8:5::50"), .home_agent = ip6("2001:db8:5::1")});
      }
    }
  }

  static void check_sent(Bytes frame) {
    const auto ethernet = EthernetHeaderView::check(frame);
    fuzz::require(ethernet.has_value() && frame.size() <= kEthernetHeaderSize + 1500, "a frame that the node sent");
    if (ethernet->ethertype() == EtherType::Ipv4) {
      const auto packet = Ipv4HeaderView::check(ethernet->payload());
      fuzz::require(packet.has_value(), "a packet of IPv4 that the node sent");
      fuzz::require(ipv4_identifies_a_host(packet->source()), "its source (RFC 1122 §3.2.1.3)");
    }
    if (ethernet->ethertype() != EtherType::Ipv6) return;
    const auto packet = Ipv6HeaderView::check(ethernet->payload());
    fuzz::require(packet.has_value(), "a packet that the node sent");
    fuzz::require(!packet->source().is_multicast() && !packet->source().is_loopback(), "its source (RFC 4291 §2.7)");
    if (packet->next_header() != NextHeader::Icmp6 || packet->payload().size() < 4 ||
        packet->payload()[0] >= 128) {
      return;
    }
    fuzz::require(packet->packet().size() <= kIpv6MinimumMtu || packet->hop_limit() != 64,
                  "an error fits the minimum MTU (RFC 4443 §2.4 c)");
  }

  Role role_;
  Simulation simulation_{1};
  Host host_;
  std::array<std::unique_ptr<TesterPort>, 2> ports_;
};

}  // namespace
}  // namespace kamesim

// The role, then records: an octet that says what, and what it needs. Bit 0: the link; bit 1: to a group; bit 2: lengths
// and checksums are put right; bits 3 to 5: 7 is time that passes, 6 with all else set a reboot, others a packet whose
// size comes first.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kamesim;
  fuzz::Input input(Bytes(data, size));
  Scene scene(static_cast<Role>(input.u8() % 4));
  for (int i = 0; i < 300 && !input.empty(); ++i) {
    const std::uint8_t what = input.u8();
    const unsigned action = what >> 3 & 7;
    if (action == 7) {
      const int units = input.u8();
      scene.wait(1_ms * (units * units));
    } else if (what == 0xf7) {
      scene.reboot();
    } else {
      const Bytes bytes = input.take(input.u16() % 1600);
      std::vector<std::uint8_t> packet(bytes.begin(), bytes.end());
      if ((what & 4) != 0) fuzz::repair(packet);
      scene.send(what & 1, (what & 2) != 0, std::move(packet));
      if ((what & 0x40) == 0) scene.wait(100_us);
    }
  }
  scene.wait(70_s);
  scene.check_bounds();
  return 0;
}
