// Messages and options of fast handovers (RFC 5568 §6). The checksum of Mobility Headers is put right first.
#include <vector>

#include "protocols/fmip6/messages.h"
#include "protocols/fmip6/nd_messages.h"
#include "tests/fuzz/fuzz_input.h"

namespace kamesim {
namespace {

constexpr NdContext kIp{Ipv6Address::from_groups({0xfe80, 0, 0, 0, 0, 0, 0, 1}), kAllRoutersLinkLocal, kNdHopLimit};

// What is understood of a message survives being written and read again.
template <typename Read>
void read(const MobilityHeaderView& mh, Read read_message) {
  const auto value = read_message(mh);
  auto written = to_bytes(value);
  fuzz::touch(written);
  fill_mobility_header_checksum(kUnspecified, kUnspecified, written);
  const auto again = MobilityHeaderView::check(written, kUnspecified, kUnspecified, kFmip6Types);
  fuzz::require(again.has_value(), "a message written is read again");
  fuzz::require(read_message(*again) == value, "a message round trip");
}

template <typename Option>
void read_option(const NdOptions& options) {
  const auto option = options.find<Option>();
  if (!option) return;
  const auto written = to_bytes(*option);
  const auto again = NdOptions::check(written);
  fuzz::require(again.has_value() && again->template find<Option>() == option, "an option round trip");
}

void mobility_header(std::vector<std::uint8_t> message) {
  if (message.size() < 8) return;
  const std::size_t length = 8 * (std::size_t{message[kMhHeaderLenOffset]} + 1);
  if (length > message.size()) return;
  fill_mobility_header_checksum(kUnspecified, kUnspecified, MutableBytes(message).first(length));
  const auto mh = MobilityHeaderView::check(message, kUnspecified, kUnspecified, kFmip6Types);
  if (!mh) return;
  if (mh->type() == kFastBindingUpdateType) read(*mh, read_fast_binding_update);
  if (mh->type() == kFastBindingAckType) read(*mh, read_fast_binding_ack);
  if (mh->type() == kHandoverInitiateType) read(*mh, read_handover_initiate);
  if (mh->type() == kHandoverAckType) read(*mh, read_handover_ack);
}

}  // namespace
}  // namespace kamesim

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kamesim;
  mobility_header({data, data + size});
  if (const auto view = Fmip6MessageView::check(Bytes(data, size), kIp)) {
    read_option<IpAddressPrefixOption>(view->options());
    read_option<LinkLayerAddressOption>(view->options());
    read_option<NeighborAdvertisementAcknowledgment>(view->options());
  }
  return 0;
}
