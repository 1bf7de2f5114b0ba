// Proxy Binding Updates and Acknowledgements (RFC 5213 §8). The checksum is put right first, or nothing would pass.
#include <vector>

#include "protocols/pmip6/messages.h"
#include "tests/fuzz/fuzz_input.h"

namespace kamesim::pmip6 {
namespace {

std::optional<MobilityHeaderView> header_of(std::vector<std::uint8_t>& message) {
  if (message.size() < 8) return std::nullopt;
  const std::size_t length = 8 * (std::size_t{message[kMhHeaderLenOffset]} + 1);
  if (length > message.size()) return std::nullopt;
  fill_mobility_header_checksum(kUnspecified, kUnspecified, MutableBytes(message).first(length));
  const auto mh = MobilityHeaderView::check(message, kUnspecified, kUnspecified);
  return mh ? std::optional(*mh) : std::nullopt;
}

// What is understood of a message survives being written and read again.
template <typename Read>
void round_trip(const MobilityHeaderView& mh, Read read) {
  const auto value = read(mh);
  if (!value) return;
  auto written = to_bytes(*value);
  fuzz::touch(written);
  if (written.size() > 8 * 256) return;
  const auto again = header_of(written);
  fuzz::require(again.has_value(), "a proxy message written is read again");
  fuzz::require(read(*again) == value, "a proxy message round trip");
}

}  // namespace
}  // namespace kamesim::pmip6

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kamesim;
  std::vector<std::uint8_t> message(data, data + size);
  const auto mh = pmip6::header_of(message);
  if (!mh) return 0;
  if (mh->type() == MhType::BindingUpdate) pmip6::round_trip(*mh, pmip6::read_proxy_binding_update);
  if (mh->type() == MhType::BindingAck) pmip6::round_trip(*mh, pmip6::read_proxy_binding_ack);
  return 0;
}
