// Neighbor Discovery messages and options (RFC 4861, 4191, 6275, 8106, 5175, 8910, 3971, 5380).
#include "protocols/wire/nd.h"

#include "protocols/hmip6/map_option.h"
#include "tests/fuzz/fuzz_input.h"

namespace kamesim {
namespace {

constexpr NdContext kIp{Ipv6Address::from_groups({0xfe80, 0, 0, 0, 0, 0, 0, 1}), kAllNodesLinkLocal, kNdHopLimit};

// What an option was read as is written and read again.
template <typename Option>
void read_option(const NdOptions& options) {
  const auto option = options.find<Option>();
  if (!option) return;
  const auto written = to_bytes(*option);
  fuzz::touch(written);
  const auto again = NdOptions::check(written);
  fuzz::require(again.has_value() && again->template find<Option>().has_value(), "an option written is read again");
}

void read_options(const NdOptions& options) {
  for (const NdOption option : options) {
    fuzz::touch(option.bytes);
    fuzz::require(option.bytes.size() >= 8 && option.bytes.size() % 8 == 0, "an option's size (RFC 4861 §4.6)");
  }
  read_option<SourceLinkLayerAddress>(options);
  read_option<TargetLinkLayerAddress>(options);
  read_option<PrefixInformation>(options);
  read_option<RedirectedHeader>(options);
  read_option<Mtu>(options);
  read_option<AdvertisementInterval>(options);
  read_option<HomeAgentInformation>(options);
  read_option<NdNonce>(options);
  read_option<RouteInformation>(options);
  read_option<FlagsExpansion>(options);
  read_option<CaptivePortal>(options);
  read_option<MapOption>(options);
  if (const auto servers = options.find<RecursiveDnsServersView>()) fuzz::touch(to_bytes(servers->value()));
  if (const auto names = options.find<DnsSearchListView>()) fuzz::touch(to_bytes(names->value()));
}

template <typename View>
void read(Bytes message) {
  const auto view = View::check(message, kIp);
  if (!view) return;
  if constexpr (requires { view->value(); }) fuzz::touch(to_bytes(view->value()));
  read_options(view->options());
}

}  // namespace
}  // namespace kamesim

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kamesim;
  const Bytes message(data, size);
  read<RouterSolicitationView>(message);
  read<RouterAdvertisementView>(message);
  read<NeighborSolicitationView>(message);
  read<NeighborAdvertisementView>(message);
  read<RedirectView>(message);
  if (const auto options = NdOptions::check(message)) read_options(*options);
  return 0;
}
