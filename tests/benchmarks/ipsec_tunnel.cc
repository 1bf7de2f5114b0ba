// host -- gateway -- gateway -- host with an ESP tunnel of AES-GCM-128 between the gateways: what a packet costs, beside
// the same packets without the tunnel and the cryptography of their octets, once each way. `ratio` has that from
// `openssl speed -evp aes-128-gcm -bytes N` itself, where N is what ESP encrypts of a packet; `ratio_16k` from its largest
// blocks, 16 KiB; `ratio_bare` from EVP_CipherUpdate alone with blocks of N octets, without key, nonce or ICV of their own,
// which is less than the tool does. And what many associations and policies occupy before they are used (`megabytes`), and
// when each has borne a packet (`megabytes_used`). Prints one JSON object on one line.
// Usage: ipsec_tunnel [packets=200000] [size=1400] [associations=100000]
#include <openssl/evp.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "protocols/host/host.h"
#include "protocols/ipsec/esp.h"
#include "protocols/ipsec/kernel.h"
#include "protocols/wire/ipv6_header.h"
#include "sim/link.h"
#include "sim/node.h"
#include "sim/simulation.h"
#include "tests/benchmarks/program.h"

namespace kamesim {
namespace {

using namespace ipsec;

const Ipv6Address kH1 = "2001:db8:1::10"_ip6, kG1Inside = "2001:db8:1::1"_ip6, kG1 = "2001:db8::1"_ip6,
                  kG2 = "2001:db8::2"_ip6, kG2Inside = "2001:db8:2::1"_ip6, kH2 = "2001:db8:2::20"_ip6;

constexpr std::size_t kUdpHeaderSize = 8;  // RFC 768
constexpr int kBatch = 32;

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
  void resolve_neighbors() {
    Counter nobody;
    UdpSocket sender(h1.sockets(), nobody);
    sender.send_to(Bytes(), kH2, 7000);
    simulation.run_until(simulation.now() + 1_s);
  }
  // Seconds of the processor for so many packets, in batches.
  double send(std::uint64_t packets, std::size_t payload) {
    Counter counter, nobody;
    UdpSocket receiver(h2.sockets(), counter), sender(h1.sockets(), nobody);
    receiver.bind(7000);
    const std::vector<std::uint8_t> data(payload, 'x');
    const double start = user_cpu();
    for (std::uint64_t sent = 0; sent < packets;) {
      for (int i = 0; i < kBatch && sent < packets; ++i, ++sent) sender.send_to(Bytes(data), kH2, 7000);
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

// Seconds for so many blocks, encrypted and decrypted once.
double cryptography(std::uint64_t blocks, std::size_t size) {
  std::vector<std::uint8_t> data(size), key(16, 7), iv(12, 1);
  EVP_CIPHER_CTX* c = EVP_CIPHER_CTX_new();
  double used = 0;
  for (const int encrypt : {1, 0}) {
    EVP_CipherInit_ex(c, EVP_aes_128_gcm(), nullptr, key.data(), iv.data(), encrypt);
    const double start = user_cpu();
    int written = 0;
    for (std::uint64_t i = 0; i < blocks; ++i) {
      EVP_CipherUpdate(c, data.data(), &written, data.data(), static_cast<int>(size));
    }
    used += user_cpu() - start;
  }
  EVP_CIPHER_CTX_free(c);
  return used;
}

// Seconds for one block, encrypted and decrypted once, by the tool; 0: it is not there.
double openssl_speed(std::size_t size) {
  double used = 0;
  for (const char* direction : {"", " -decrypt"}) {
    const std::string command = "openssl speed -mr -seconds 1 -evp aes-128-gcm -bytes " + std::to_string(size) +
                                direction + " 2>/dev/null";
    std::FILE* output = ::popen(command.c_str(), "r");
    if (output == nullptr) return 0;
    double bytes_per_second = 0;  // in the line "+F:22:AES-128-GCM:1465519220.00"
    char line[256];
    while (std::fgets(line, sizeof line, output) != nullptr) {
      const std::string text = line;
      if (text.starts_with("+F:")) bytes_per_second = std::atof(text.c_str() + text.rfind(':') + 1);
    }
    ::pclose(output);
    if (bytes_per_second == 0) return 0;
    used += static_cast<double>(size) / bytes_per_second;
  }
  return used;
}

double resident_megabytes() {
  long pages = 0, resident = 0;
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr || std::fscanf(file, "%ld %ld", &pages, &resident) != 2) resident = 0;
  if (file != nullptr) std::fclose(file);
  return static_cast<double>(resident) * 4096 / 1e6;
}

const Ipv6Prefix kPeers = "2001:db8:33::/64"_ip6net;
Ipv6Address peer_of(std::uint64_t i) { return with_interface_id(kPeers, InterfaceId(i + 1)); }

// Makes so many associations and policies on a gateway, each of its own.
void associate(Host& gateway, std::uint64_t associations) {
  KeyEngine& keys = gateway.ipsec().keys();
  const std::vector<std::uint8_t> key(20, 7);
  for (std::uint64_t i = 0; i < associations; ++i) {
    const Ipv6Address peer = peer_of(i);
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
}

// Each of them bears a packet of the gateway's own.
void use_each(Sites& sites, std::uint64_t associations) {
  sites.route(sites.g1, kPeers, kG2);
  Counter nobody;
  UdpSocket sender(sites.g1.sockets(), nobody);
  for (std::uint64_t i = 0; i < associations; ++i) {
    sender.send_to(Bytes(), peer_of(i), 7000);
    if (i % kBatch == 0) sites.simulation.run_until(sites.simulation.now() + 5_ms);
  }
  sites.simulation.run_until(sites.simulation.now() + 5_ms);
}

}  // namespace
}  // namespace kamesim

int main(int argc, char** argv) {
  using namespace kamesim;
  const std::uint64_t packets = argument(argc, argv, "packets", 200'000);
  const std::uint64_t size = argument(argc, argv, "size", 1400);
  const std::uint64_t associations = argument(argc, argv, "associations", 100'000);
  Sites plain, tunnelled;
  tunnelled.tunnel();
  constexpr std::uint64_t kLargeBlock = 16'384;
  const std::uint64_t payload = size - kIpv6HeaderSize - kUdpHeaderSize;
  const std::uint64_t encrypted = (size + kEspTrailerSize + 3) / 4 * 4;
  double with = 0, without = 0, bare = 0, tool = 0, tool_large = 0;
  constexpr int kRounds = 5;  // alternately, as the machine has other things to do
  for (Sites* sites : {&plain, &tunnelled}) {
    sites->resolve_neighbors();
    sites->send(1000, payload);
  }
  const auto share = static_cast<double>(packets / kRounds);
  for (int i = 0; i < kRounds; ++i) {
    without += plain.send(packets / kRounds, payload) / share;
    with += tunnelled.send(packets / kRounds, payload) / share;
    bare += cryptography(packets / kRounds, encrypted) / share;
    tool += openssl_speed(encrypted);
    tool_large += openssl_speed(kLargeBlock) * static_cast<double>(encrypted) / static_cast<double>(kLargeBlock);
  }
  const double before = resident_megabytes();
  associate(tunnelled.g1, associations);
  const double associated = resident_megabytes();
  use_each(tunnelled, associations);
  const double used = resident_megabytes();
  constexpr double kNanoseconds = 1e9 / kRounds;
  std::printf("{\"tunnel_ns\": %.0f, \"plain_ns\": %.0f, \"openssl_speed_ns\": %.0f, \"openssl_speed_16k_ns\": %.0f, "
              "\"bare_ns\": %.0f, \"ratio\": %.3f, \"ratio_16k\": %.3f, \"ratio_bare\": %.3f, "
              "\"associations\": %lu, \"megabytes\": %.1f, \"megabytes_used\": %.1f}\n",
              with * kNanoseconds, without * kNanoseconds, tool * kNanoseconds, tool_large * kNanoseconds,
              bare * kNanoseconds, with / (without + tool), with / (without + tool_large), with / (without + bare),
              associations, associated - before, used - before);
  return 0;
}
