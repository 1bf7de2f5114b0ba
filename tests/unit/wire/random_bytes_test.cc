// Whatever arrives, a parser neither reads beyond it nor loops: valid messages with random damage, and noise. What
// the checks let through is read completely, under AddressSanitizer in `bazel test --config=asan`.
#include <gtest/gtest.h>

#include <random>

#include "protocols/mip6/discovery_messages.h"
#include "protocols/mip6/messages.h"
#include "protocols/wire/extension_headers.h"
#include "protocols/wire/icmp6.h"
#include "protocols/wire/nd.h"
#include "protocols/wire/options_header.h"
#include "protocols/wire/routing_header.h"
#include "protocols/wire/udp.h"
#include "tests/unit/wire/hex.h"

namespace kamesim {
namespace {

constexpr NdContext kIp{Ipv6Address::from_groups({0xfe80, 0, 0, 0, 0, 0, 0, 1}), kAllNodesLinkLocal, kNdHopLimit};

// A sum over everything read, so that no read is optimized away.
std::uint64_t sum_of(Bytes bytes) {
  std::uint64_t sum = 0;
  for (std::uint8_t b : bytes) sum += b;
  return sum;
}

template <typename Option>
std::uint64_t read_option(const NdOptions& options) {
  const auto option = options.find<Option>();
  return option ? sum_of(to_bytes(*option)) : 0;
}

std::uint64_t read_nd_options(const NdOptions& options) {
  std::uint64_t sum = 0;
  for (const NdOption option : options) sum += sum_of(option.bytes);
  sum += read_option<SourceLinkLayerAddress>(options) + read_option<PrefixInformation>(options) +
         read_option<RedirectedHeader>(options) + read_option<RouteInformation>(options) +
         read_option<HomeAgentInformation>(options) + read_option<NdNonce>(options);
  if (const auto servers = options.find<RecursiveDnsServersView>()) sum += sum_of(to_bytes(servers->value()));
  if (const auto names = options.find<DnsSearchListView>()) sum += sum_of(to_bytes(names->value()));
  return sum;
}

template <typename View>
std::uint64_t read_nd(Bytes message) {
  const auto view = View::check(message, kIp);
  return view ? read_nd_options(view->options()) : 0;
}

std::uint64_t read_icmp6(Bytes message) {
  std::uint64_t sum = read_nd<RouterSolicitationView>(message) + read_nd<RouterAdvertisementView>(message) +
                      read_nd<NeighborSolicitationView>(message) + read_nd<NeighborAdvertisementView>(message) +
                      read_nd<RedirectView>(message);
  if (const auto ra = RouterAdvertisementView::check(message, kIp)) sum += sum_of(to_bytes(ra->value()));
  if (const auto error = Icmp6ErrorView::check(message)) sum += sum_of(error->invoking_packet());
  if (const auto reply = HomeAgentAddressDiscoveryReplyView::check(message)) sum += sum_of(to_bytes(reply->value()));
  if (const auto mpa = MobilePrefixAdvertisementView::check(message)) sum += read_nd_options(mpa->options());
  return sum;
}

std::uint64_t read_mobility_header(std::vector<std::uint8_t> message) {
  if (message.size() < 8) return 0;
  const std::size_t size = 8 * (std::size_t{message[kMhHeaderLenOffset]} + 1);
  if (message.size() < size) return 0;
  fill_mobility_header_checksum(kUnspecified, kUnspecified, MutableBytes(message).first(size));
  const auto mh = MobilityHeaderView::check(message, kUnspecified, kUnspecified);
  if (!mh) return 0;
  switch (mh->type()) {
    case MhType::BindingRefreshRequest: return 0;
    case MhType::HomeTestInit: return sum_of(to_bytes(HomeTestInitView(*mh).value()));
    case MhType::CareOfTestInit: return sum_of(to_bytes(CareOfTestInitView(*mh).value()));
    case MhType::HomeTest: return sum_of(to_bytes(HomeTestView(*mh).value()));
    case MhType::CareOfTest: return sum_of(to_bytes(CareOfTestView(*mh).value()));
    case MhType::BindingUpdate: return sum_of(to_bytes(BindingUpdateView(*mh).value()));
    case MhType::BindingAck: return sum_of(to_bytes(BindingAckView(*mh).value()));
    case MhType::BindingError: return sum_of(to_bytes(BindingErrorView(*mh).value()));
  }
  return 0;
}

std::uint64_t read_extension_header(Bytes header) {
  std::uint64_t sum = 0;
  if (const auto view = OptionsHeaderView::check(header)) {
    for (const Tlv option : view->options()) sum += sum_of(option.data);
  }
  const auto routing = RoutingHeaderView::check(header);
  if (!routing) return sum;
  if (const auto route = SourceRouteView::check(*routing)) {
    for (std::size_t i = 0; i < route->address_count(); ++i) sum += route->address(i).low();
  }
  if (const auto type2 = Type2RoutingHeaderView::check(*routing)) sum += type2->home_address().low();
  return sum;
}

std::uint64_t read_packet(Bytes packet) {
  const auto view = Ipv6HeaderView::check_quoted(packet);
  if (!view) return 0;
  std::uint64_t sum = view->source().low() + sum_of(view->payload());
  ExtensionHeaderWalk walk(*view);
  for (auto step = walk.next(); step && *step; step = walk.next()) sum += read_extension_header((*step)->bytes);
  if (const auto upper = find_upper_layer(*view)) sum += sum_of(view->packet().subspan(upper->offset));
  return sum;
}

std::uint64_t read_everything(const std::vector<std::uint8_t>& bytes) {
  std::uint64_t sum = read_packet(bytes) + read_extension_header(bytes) + read_icmp6(bytes);
  sum += read_mobility_header(bytes);
  if (const auto udp = UdpView::check(bytes)) sum += sum_of(udp->data());
  return sum;
}

// One valid message for each parser; the tests of the codecs say where the bytes come from.
const std::vector<std::uint8_t> kSeeds[] = {
    hex("6000000000490040 20010db8000000000000000000000001 20010db8000000000000000000000002 2b00050200000100"
        "2c02020100000000 20010db8000000000000000000000099 3c00000101020304 110201020000c910"
        "20010db8000100000000000000000005 0001000200092bc878"),
    hex("860039e240b80708 00007530000003e8 0101020000000001 05010000000005dc 030440e000278d0000093a8000000000"
        "20010db8000100000000000000000001 0701000000000046 08010000000a0708 1803300800000258"
        "20010db8000200000000000000000000 19050000000004b0 20010db8000000000000000000000053"
        "20010db8000000000000000000000054 1f050000000004b0 076578616d706c6503636f6d00"
        "036c6162076578616d706c65036f7267000000"),
    hex("8900a49600000000 fe800000000000000000000000000003 20010db8000900000000000000000009 0201020000000003"
        "0407000000000000 6000000000081140 20010db8000000000000000000000002 20010db8000900000000000000000009"
        "000100020008a455"),
    hex("3b060500c18a0001800000690100031020010db80002000000000000000000050404010203040102"
        "0000050ca0a1a2a3a4a5a6a7a8a9aaab"),
    hex("3b0106001d6b0080424200690202005a"),
    hex("04d2162e000d458d68656c6c6f"),
};

TEST(RandomBytes, DamagedMessagesAreReadWithinTheirBounds) {
  std::mt19937 random(1);
  std::uint64_t sum = 0;
  for (const auto& seed : kSeeds) {
    for (int i = 0; i < 5000; ++i) {
      std::vector<std::uint8_t> bytes = seed;
      for (unsigned changes = random() % 4; changes > 0; --changes) {
        bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random() % 2 ? random() : random() % 8);
      }
      if (random() % 4 == 0) bytes.resize(random() % (bytes.size() + 1));
      bytes.shrink_to_fit();
      sum += read_everything(bytes);
    }
  }
  EXPECT_NE(sum, 0u);
}

TEST(RandomBytes, NoiseIsReadWithinItsBounds) {
  std::mt19937 random(2);
  for (int i = 0; i < 20000; ++i) {
    std::vector<std::uint8_t> bytes(random() % 96);
    for (auto& b : bytes) b = static_cast<std::uint8_t>(random() % 2 ? random() : random() % 8);
    read_everything(bytes);
  }
}

}  // namespace
}  // namespace kamesim
