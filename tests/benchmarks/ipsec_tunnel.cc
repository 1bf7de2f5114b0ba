// host -- gateway -- gateway -- host with an ESP tunnel of AES-GCM-128 between the gateways: what a packet costs, beside
// the same packets without the tunnel and the bare cryptography of their octets, once each way as `openssl speed -evp
// aes-128-gcm` does it. And what many associations and policies occupy. Prints one JSON object on one line.
// Usage: ipsec_tunnel [packets=200000] [payload=1400] [associations=100000]
#include <openssl/evp.h>

#include <cstdio>
#include <vector>

#include "protocols/host/host.h"
#include "protocols/ipsec/kernel.h"
#include "sim/link.h"
#include "sim/node.h"
#include "sim/simulation.h"
#include "tests/benchmarks/program.h"

namespace kamesim {
namespace {

using namespace ipsec;

const Ipv6Address kH1 = "2001:db8:1::10"_ip6, kG1Inside = "2001:db8:1::1"_ip6, kG1 = "2001:db8::1"_ip6,
                  kG2 = "2001:db8::2"_ip6, kG2Inside = "2001:db8:2::1"_ip6, kH2 = "2001:db8:2::20"_ip6;

class Counter final : public DatagramHandler {
 public:
  void on_datagram(const Datagram&) override { ++received; }
  std::uint64_t received = 0;
};

class Sites {
 public:
  Sites() {
    join(h1, kH1, g1, kG1Inside);
    join(g1, kG1, g2, kG2);
    join(g2, kG2Inside, h2, kH2);
    route(h1, "2001:db8::/32"_ip6net, kG1Inside);
    route(g1, "2001:db8:2::/64"_ip6net, kG2);
    route(g2, "2001:db8:1::/64"_ip6net, kG1);
    route(h2, "2001:db8::/32"_ip6net, kG2Inside);
    simulation.run_until(Time::from_seconds(1));
  }

  void join(Host& a, const Ipv6Address& at_a, Host& b, const Ipv6Address& at_b) {
    auto& link = simulation.add_medium<PointToPointLink>("link" + std::to_string(links_++),
                                                         LinkConfig{.delay = 1_ms, .mtu = 9000});
    for (auto [host, address] : {std::pair<Host*, Ipv6Address>{&a, at_a}, {&b, at_b}}) {
      Nic& nic = host->node().add_nic();
      link.attach(nic);
      host->stack().add_address(host->add_interface(nic), {.address = address});
    }
  }
  static void route(Host& host, const Ipv6Prefix& prefix, const Ipv6Address& via) {
    for (const auto& interface : host.stack().interfaces()) {
      for (const auto& a : interface->addresses()) {
        if (a->address.is_link_local() || !a->prefix().contains(via)) continue;
        host.stack().routes().add({.prefix = prefix, .interface = interface.get(), .next_hop = via});
        return;
      }
    }
  }
  void tunnel() {
    const std::vector<std::uint8_t> key(20, 7);
    for (Host* gateway : {&g1, &g2}) {
      SaParameters sa;
      sa.address = {1000, Protocol::Esp, kG1, kG2};
      sa.mode = Mode::Tunnel;
      sa.encryption = Encryption::AesGcm16;
      sa.encryption_key = Secret(Bytes(key));
      sa.replay_window = 64;
      KeyEngine& keys = gateway->ipsec().keys();
      (void)keys.sad().add(std::move(sa), simulation.now());
      SecurityPolicy policy;
      policy.direction = gateway == &g1 ? ipsec::Direction::Out : ipsec::Direction::In;
      policy.action = Action::Protect;
      policy.selector.source = AddressRange::of("2001:db8:1::/64"_ip6net);
      policy.selector.destination = AddressRange::of("2001:db8:2::/64"_ip6net);
      policy.requests = {{Protocol::Esp, Mode::Tunnel, Level::Require, 0, kG1, kG2}};
      (void)keys.spd().add(policy, simulation.now());
    }
  }
  // Seconds of the processor for so many packets, in batches.
  double send(std::uint64_t packets, std::size_t payload) {
    Counter counter, nobody;
    UdpSocket receiver(h2.sockets(), counter), sender(h1.sockets(), nobody);
    receiver.bind(7000);
    const std::vector<std::uint8_t> data(payload, 'x');
    const double start = user_cpu();
    for (std::uint64_t sent = 0; sent < packets;) {
      for (int i = 0; i < 32 && sent < packets; ++i, ++sent) sender.send_to(Bytes(data), kH2, 7000);
      simulation.run_until(simulation.now() + 5_ms);
    }
    const double used = user_cpu() - start;
    if (counter.received != packets) std::fprintf(stderr, "only %lu arrived\n", counter.received);
    return used;
  }

  Simulation simulation;
  Host h1{simulation.add_node("h1"), {.dup_addr_detect_transmits = 0}};
  Host g1{simulation.add_node("g1"), {.forwarding = true, .dup_addr_detect_transmits = 0}};
  Host g2{simulation.add_node("g2"), {.forwarding = true, .dup_addr_detect_transmits = 0}};
  Host h2{simulation.add_node("h2"), {.dup_addr_detect_transmits = 0}};

 private:
  int links_ = 0;
};

// Seconds for the octets of so many packets, encrypted and decrypted once.
double cryptography(std::uint64_t packets, std::size_t size) {
  std::vector<std::uint8_t> data(size), key(16, 7), iv(12, 1);
  EVP_CIPHER_CTX* c = EVP_CIPHER_CTX_new();
  double used = 0;
  for (const int encrypt : {1, 0}) {
    EVP_CipherInit_ex(c, EVP_aes_128_gcm(), nullptr, key.data(), iv.data(), encrypt);
    const double start = user_cpu();
    int written = 0;
    for (std::uint64_t i = 0; i < packets; ++i) {
      EVP_CipherUpdate(c, data.data(), &written, data.data(), static_cast<int>(size));
    }
    used += user_cpu() - start;
  }
  EVP_CIPHER_CTX_free(c);
  return used;
}

double resident_megabytes() {
  long pages = 0, resident = 0;
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr || std::fscanf(file, "%ld %ld", &pages, &resident) != 2) resident = 0;
  if (file != nullptr) std::fclose(file);
  return static_cast<double>(resident) * 4096 / 1e6;
}

// What so many associations and policies, each of its own, occupy on one gateway, as many in use as not.
double megabytes_of(Host& gateway, std::uint64_t associations) {
  KeyEngine& keys = gateway.ipsec().keys();
  const std::vector<std::uint8_t> key(20, 7);
  const double before = resident_megabytes();
  for (std::uint64_t i = 0; i < associations; ++i) {
    const Ipv6Address peer = with_interface_id("2001:db8:33::/64"_ip6net, InterfaceId(i + 1));
    SaParameters sa;
    sa.address = {static_cast<Spi>(2000 + i), Protocol::Esp, kG1, peer};
    sa.mode = Mode::Tunnel;
    sa.encryption = Encryption::AesGcm16;
    sa.encryption_key = Secret(Bytes(key));
    sa.replay_window = 64;
    (void)keys.sad().add(std::move(sa), gateway.stack().now());
    SecurityPolicy policy;
    policy.direction = ipsec::Direction::Out;
    policy.action = Action::Protect;
    policy.selector.destination = AddressRange::of(peer);
    policy.requests = {{Protocol::Esp, Mode::Tunnel, Level::Require, 0, kG1, peer}};
    (void)keys.spd().add(policy, gateway.stack().now());
  }
  return resident_megabytes() - before;
}

}  // namespace
}  // namespace kamesim

int main(int argc, char** argv) {
  using namespace kamesim;
  const std::uint64_t packets = argument(argc, argv, "packets", 200'000);
  const std::uint64_t payload = argument(argc, argv, "payload", 1400);
  const std::uint64_t associations = argument(argc, argv, "associations", 100'000);
  Sites plain, tunnelled;
  tunnelled.tunnel();
  double with = 0, without = 0, bare = 0;
  constexpr int kRounds = 5;  // alternately, as the machine has other things to do
  plain.send(1000, payload);
  tunnelled.send(1000, payload);
  for (int i = 0; i < kRounds; ++i) {
    without += plain.send(packets / kRounds, payload);
    with += tunnelled.send(packets / kRounds, payload);
    bare += cryptography(packets / kRounds, payload);
  }
  const double each = 1e9 / static_cast<double>(packets / kRounds * kRounds);
  std::printf("{\"tunnel_ns\": %.0f, \"plain_ns\": %.0f, \"cryptography_ns\": %.0f, \"ratio\": %.3f, "
              "\"associations\": %lu, \"megabytes\": %.1f}\n",
              with * each, without * each, bare * each, with / (without + bare), associations,
              megabytes_of(tunnelled.g1, associations));
  return 0;
}
