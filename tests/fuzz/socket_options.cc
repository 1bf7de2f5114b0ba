// Options of UDP, raw and ICMPv6 sockets and the ancillary data of what they send (RFC 3493, 3542, 3678): bytes that an
// application gives. What was accepted is read back; what is sent goes to the node itself and to a link.
//
// An input is a list of calls: which socket, which call, an option's number, a length, and so many bytes.
#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "protocols/host/host.h"
#include "protocols/sockets/datagram_socket.h"
#include "protocols/sockets/option_names.h"
#include "sim/lan.h"
#include "sim/node.h"
#include "sim/simulation.h"
#include "tests/fuzz/fuzz_input.h"

namespace kamesim {
namespace {

using namespace socket_option;

constexpr std::size_t kMaxCalls = 64;
constexpr std::size_t kGroupInFilter = 16, kModeInFilter = 136;  // struct group_filter, an address, and the mode
constexpr std::uint16_t kPort = 7000;

enum class Call : std::uint8_t { Set, Get, Send, Receive, Calls };

class Scene {
 public:
  Scene() : host_(simulation_.add_node("node"), Ip6Config{}) {
    Nic& nic = host_.node().add_nic();
    simulation_.add_medium<Lan>("lan", LinkConfig{.delay = 1_us}).attach(nic);
    EthernetInterface& interface = host_.add_interface(nic);
    own_ = *Ipv6Address::parse("2001:db8:1::1");
    host_.stack().add_address(interface, {.address = own_, .skip_dad = true});
    const NextHeader protocols[] = {NextHeader::Udp, NextHeader{254}, NextHeader::Icmp6};
    for (std::size_t i = 0; i < sockets_.size(); ++i) {
      const auto type = i == 0 ? DatagramSocket::Type::Datagram : DatagramSocket::Type::Raw;
      sockets_[i] = std::make_unique<DatagramSocket>(host_.sockets(), type, protocols[i]);
    }
    sockets_[0]->bind({.address = {}, .port = kPort});
  }

  void play(fuzz::Input& input) {
    for (std::size_t n = 0; n < kMaxCalls && !input.empty(); ++n) {
      DatagramSocket& socket = *sockets_[input.u8() % sockets_.size()];
      const auto call = static_cast<Call>(input.u8() % static_cast<unsigned>(Call::Calls));
      const int levels[] = {kLevelIpv6, kLevelSocket, kLevelUdp, kLevelIcmp6};
      const int level = levels[input.u8() % std::size(levels)];
      const int name = input.u8();
      const Bytes bytes = input.take(input.u16());
      switch (call) {
        case Call::Set: set(socket, level, name, bytes); break;
        case Call::Get: get(socket, level, name); break;
        case Call::Send: send(socket, level, name, bytes); break;
        default: receive(socket);
      }
    }
    simulation_.run_until(simulation_.now() + 1_s);
    for (const auto& socket : sockets_) receive(*socket);
  }

 private:
  void set(DatagramSocket& socket, int level, int name, Bytes value) {
    const bool done = socket.set_option(level, name, value) == std::errc{};
    if (done && level == kLevelIpv6 && name == kSourceFilter) check_filter(socket, value);
    get(socket, level, name);
  }

  // RFC 3678 §5.2: what was set is what there is.
  void check_filter(DatagramSocket& socket, Bytes value) {
    std::uint32_t interface = 0, mode = 0;
    std::memcpy(&interface, value.data(), sizeof interface);
    std::memcpy(&mode, value.data() + kModeInFilter, sizeof mode);
    const Ipv6Address group = Ipv6Address::from_bytes(value.data() + kGroupInFilter);
    SocketGroups::Filter filter;
    const std::errc error = socket.get_source_filter(interface, group, filter);
    const bool includes_nobody = mode == kFilterInclude && value.size() == kModeInFilter + 8;
    fuzz::require(includes_nobody ? error == std::errc::address_not_available : error == std::errc{},
                  "a filter that was set is there");
    if (error != std::errc{}) return;
    fuzz::require((filter.mode == SocketGroups::Mode::Include) == (mode == kFilterInclude), "a filter's mode");
    fuzz::require(filter.sources.size() <= kMaxSocketSources, "the bound on sources");
  }

  void get(DatagramSocket& socket, int level, int name) {
    std::vector<std::uint8_t> value;
    if (socket.get_option(level, name, value) == std::errc{}) fuzz::touch(value);
  }

  void send(DatagramSocket& socket, int level, int name, Bytes bytes) {
    const ControlMessage control{level, name, {bytes.begin(), bytes.end()}};
    socket.send(bytes.first(std::min<std::size_t>(bytes.size(), 64)), SocketAddress{.address = own_, .port = kPort},
                {&control, 1});
    simulation_.run_until(simulation_.now() + 1_ms);
  }

  void receive(DatagramSocket& socket) {
    while (const auto received = socket.receive()) {
      fuzz::touch(received->data);
      for (const ControlMessage& message : received->control) fuzz::touch(message.data);
    }
    while (const auto reported = socket.receive_error()) fuzz::touch(reported->data);
    (void)socket.take_error();
  }

  Simulation simulation_{1};
  Host host_;
  Ipv6Address own_;
  std::array<std::unique_ptr<DatagramSocket>, 3> sockets_;
};

}  // namespace
}  // namespace kamesim

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kamesim::fuzz::Input input(kamesim::Bytes(data, size));
  kamesim::Scene().play(input);
  return 0;
}
