// Binding Updates and Acknowledgements with the options of RFC 5648 and RFC 6089. The checksum is put right first, or
// nothing would pass.
#include <algorithm>
#include <vector>

#include "protocols/mcoa/messages.h"
#include "tests/fuzz/fuzz_input.h"

namespace kamesim::mcoa {
namespace {

constexpr std::size_t kLongestMessage = 8 * 256;

std::optional<MobilityHeaderView> header_of(std::vector<std::uint8_t>& message) {
  if (message.size() < 8) return std::nullopt;
  const std::size_t length = 8 * (std::size_t{message[kMhHeaderLenOffset]} + 1);
  if (length > message.size()) return std::nullopt;
  fill_mobility_header_checksum(kUnspecified, kUnspecified, MutableBytes(message).first(length));
  const auto mh = MobilityHeaderView::check(message, kUnspecified, kUnspecified);
  return mh ? std::optional(*mh) : std::nullopt;
}

void selectors(const Options& options) {
  for (const FlowIdentification& flow : options.flows) {
    if (!flow.selector) continue;
    const auto selector = parse_traffic_selector(flow.selector->data);
    if (!selector) continue;
    fuzz::require(parse_traffic_selector(to_bytes(*selector)) == selector, "a traffic selector round trip");
  }
}

// What is understood of a message survives being written and read again, but for options that are malformed.
template <typename Read>
void round_trip(const MobilityHeaderView& mh, Read read) {
  const auto value = read(mh);
  selectors(value.options);
  auto written = to_bytes(value);
  fuzz::touch(written);
  const bool malformed = std::ranges::any_of(value.options.flows, &FlowIdentification::malformed);
  if (malformed || value.options.malformed || written.size() > kLongestMessage) return;
  const auto again = header_of(written);
  fuzz::require(again.has_value(), "a message written is read again");
  fuzz::require(read(*again) == value, "a message round trip");
}

}  // namespace
}  // namespace kamesim::mcoa

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kamesim;
  std::vector<std::uint8_t> message(data, data + size);
  const auto mh = mcoa::header_of(message);
  if (!mh) return 0;
  if (mh->type() == MhType::BindingUpdate) mcoa::round_trip(*mh, mcoa::read_multiple_binding_update);
  if (mh->type() == MhType::BindingAck) mcoa::round_trip(*mh, mcoa::read_multiple_binding_ack);
  return 0;
}
