// The codecs of messages: ICMPv6, Neighbor Discovery with each of its options, Mobility Headers. "read" checks a
// message as a node does, its checksum included, and takes its fields; "write" emits it and sets the checksum.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "protocols/mip6/messages.h"
#include "protocols/mip6/mobility_header.h"
#include "protocols/wire/byte_writer.h"
#include "protocols/wire/icmp6.h"
#include "protocols/wire/nd.h"
#include "protocols/wire/nd_options.h"
#include "tests/benchmarks/micro/addresses.h"

namespace kamesim {
namespace {

// Registers NAME/read, a call of `read` with the bytes, which tells whether they were good, and NAME/write.
template <typename Write, typename Read>
void both_ways(const std::string& name, Write write, Read read) {
  benchmark::RegisterBenchmark((name + "/write").c_str(), [write](benchmark::State& state) {
    std::vector<std::uint8_t> bytes;
    for (auto _ : state) {
      bytes.clear();
      write(bytes);
      benchmark::ClobberMemory();
    }
  });
  benchmark::RegisterBenchmark((name + "/read").c_str(), [write, read](benchmark::State& state) {
    std::vector<std::uint8_t> bytes;
    write(bytes);
    for (auto _ : state) {
      if (!read(Bytes(bytes))) {
        state.SkipWithError("the message is not taken");
        break;
      }
    }
  });
}

template <typename Message>
void write_icmp6(std::vector<std::uint8_t>& bytes, const Message& message, const NdContext& ip) {
  ByteWriter out(bytes);
  emit(out, message);
  fill_icmp6_checksum(ip.source, ip.destination, bytes);
}

void icmp6() {
  static const std::vector<std::uint8_t> invoking(512, 0x5a);
  const NdContext ip{kSource, kDestination, 64};
  both_ways(
      "echo_request",
      [ip](auto& bytes) { write_icmp6(bytes, Icmp6Echo{Icmp6Type::EchoRequest, 1, 2, Bytes(invoking).first(56)}, ip); },
      [ip](Bytes bytes) {
        const Icmp6EchoView view = *Icmp6EchoView::check(bytes);
        benchmark::DoNotOptimize(view.value());
        return Icmp6View::check(bytes)->checksum_ok(ip.source, ip.destination);
      });
  both_ways(
      "packet_too_big", [ip](auto& bytes) { write_icmp6(bytes, Icmp6Error::packet_too_big(1280, invoking), ip); },
      [ip](Bytes bytes) {
        const Icmp6ErrorView view = *Icmp6ErrorView::check(bytes);
        benchmark::DoNotOptimize(view.value());
        return Icmp6View::check(bytes)->checksum_ok(ip.source, ip.destination);
      });
}

template <typename View, typename Message, typename... Options>
void nd_message(const std::string& name, const NdContext& ip, const Message& message, const Options&... options) {
  both_ways(
      name,
      [=](auto& bytes) {
        ByteWriter out(bytes);
        emit(out, message);
        (emit(out, options), ...);
        fill_icmp6_checksum(ip.source, ip.destination, bytes);
      },
      [ip](Bytes bytes) {
        if (!Icmp6View::check(bytes)->checksum_ok(ip.source, ip.destination)) return false;
        const auto view = View::check(bytes, ip);
        if (!view) return false;
        if constexpr (requires { view->value(); }) benchmark::DoNotOptimize(view->value());
        for (const NdOption option : view->options()) benchmark::DoNotOptimize(option);
        return true;
      });
}

constexpr MacAddress kMac({2, 0, 0, 0, 0, 1});
constexpr Duration kHour = 3600_s;
const PrefixInformation kPrefix{.address = kSource, .prefix_length = 64, .on_link = true, .autonomous = true,
                                .valid_lifetime = kHour, .preferred_lifetime = kHour};

void neighbor_discovery() {
  const NdContext to_all{kRouterLinkLocal, kAllNodesLinkLocal, kNdHopLimit};
  const NdContext to_one{kRouterLinkLocal, kSource, kNdHopLimit};
  const NdContext to_routers{kRouterLinkLocal, kAllRoutersLinkLocal, kNdHopLimit};
  const NdContext to_target{kRouterLinkLocal, solicited_node(kSource), kNdHopLimit};
  nd_message<RouterSolicitationView>("router_solicitation", to_routers, RouterSolicitation{},
                                     SourceLinkLayerAddress{kMac});
  nd_message<RouterAdvertisementView>("router_advertisement", to_all, RouterAdvertisement{.router_lifetime = kHour},
                                      SourceLinkLayerAddress{kMac}, Mtu{1500}, kPrefix);
  nd_message<NeighborSolicitationView>("neighbor_solicitation", to_target, NeighborSolicitation{kSource},
                                       SourceLinkLayerAddress{kMac});
  nd_message<NeighborAdvertisementView>("neighbor_advertisement", to_one,
                                        NeighborAdvertisement{.target = kSource, .solicited = true, .override = true},
                                        TargetLinkLayerAddress{kMac});
  nd_message<RedirectView>("redirect", to_one, Redirect{kRouterLinkLocal, kDestination}, TargetLinkLayerAddress{kMac});
}

// `Read` is what parses it: the option's own type, or a view.
template <typename Read, typename Option>
void nd_option(const std::string& name, const Option& option) {
  both_ways(
      "option_" + name,
      [option](auto& bytes) {
        ByteWriter out(bytes);
        emit(out, option);
      },
      [](Bytes bytes) { return NdOptions::check(bytes)->find<Read>().has_value(); });
}

void nd_options() {
  static const std::vector<std::uint8_t> quoted(512, 0x5a), nonce(6, 0x5a);
  nd_option<SourceLinkLayerAddress>("source_link_layer_address", SourceLinkLayerAddress{kMac});
  nd_option<TargetLinkLayerAddress>("target_link_layer_address", TargetLinkLayerAddress{kMac});
  nd_option<PrefixInformation>("prefix_information", kPrefix);
  nd_option<RedirectedHeader>("redirected_header", RedirectedHeader{quoted});
  nd_option<Mtu>("mtu", Mtu{1500});
  nd_option<AdvertisementInterval>("advertisement_interval", AdvertisementInterval{1_s});
  nd_option<HomeAgentInformation>("home_agent_information", HomeAgentInformation{1, kHour});
  nd_option<NdNonce>("nonce", NdNonce{nonce});
  nd_option<RouteInformation>("route_information",
                              RouteInformation{Ipv6Prefix(kSource, 48), RouterPreference::High, kHour});
  nd_option<RecursiveDnsServersView>("recursive_dns_servers", RecursiveDnsServers{kHour, {kSource, kDestination}});
  nd_option<DnsSearchListView>("dns_search_list", DnsSearchList{kHour, {"lab.example.org"}});
  nd_option<FlagsExpansion>("flags_expansion", FlagsExpansion{1});
  nd_option<CaptivePortal>("captive_portal", CaptivePortal{"https://example.org/portal"});
}

template <typename View, typename Message>
void mobility_message(const std::string& name, const Message& message) {
  both_ways(
      name,
      [message](auto& bytes) {
        ByteWriter out(bytes);
        emit(out, message);
        fill_mobility_header_checksum(kSource, kDestination, bytes);
      },
      [](Bytes bytes) {
        const auto header = MobilityHeaderView::check(bytes, kSource, kDestination);
        if (!header) return false;
        benchmark::DoNotOptimize(View(*header).value());
        return true;
      });
}

struct BindingRefreshRequestView {  // has no fields
  explicit BindingRefreshRequestView(const MobilityHeaderView&) {}
  BindingRefreshRequest value() const { return {}; }
};

void mobility() {
  mobility_message<BindingRefreshRequestView>("binding_refresh_request", BindingRefreshRequest{});
  mobility_message<HomeTestInitView>("home_test_init", HomeTestInit{});
  mobility_message<CareOfTestInitView>("care_of_test_init", CareOfTestInit{});
  mobility_message<HomeTestView>("home_test", HomeTest{});
  mobility_message<CareOfTestView>("care_of_test", CareOfTest{});
  mobility_message<BindingUpdateView>("binding_update",
                                      BindingUpdate{.sequence = SeqNum16(1), .acknowledge = true, .lifetime = 420_s,
                                                    .alternate_care_of_address = kDestination,
                                                    .nonce_indices = NonceIndices{1, 2},
                                                    .authenticator = Authenticator{}});
  mobility_message<BindingAckView>("binding_ack", BindingAck{.sequence = SeqNum16(1), .lifetime = 420_s,
                                                             .authenticator = Authenticator{}});
  mobility_message<BindingErrorView>("binding_error", BindingError{1, kSource});
}

[[maybe_unused]] const bool registered = [] {
  icmp6(), neighbor_discovery(), nd_options(), mobility();
  return true;
}();

}  // namespace
}  // namespace kamesim
