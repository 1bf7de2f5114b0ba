// Mobility Header messages and options (RFC 6275 §6.1, §6.2). The checksum is put right first, or nothing would pass.
#include <vector>

#include "protocols/mip6/authentication_option.h"
#include "protocols/mip6/messages.h"
#include "tests/fuzz/fuzz_input.h"

namespace kamesim {
namespace {

// What is understood of a message survives being written and read again.
template <typename View>
void read(const MobilityHeaderView& mh) {
  const auto value = View(mh).value();
  auto written = to_bytes(value);
  fuzz::touch(written);
  fill_mobility_header_checksum(kUnspecified, kUnspecified, written);
  const auto again = MobilityHeaderView::check(written, kUnspecified, kUnspecified);
  fuzz::require(again.has_value(), "a mobility message written is read again");
  fuzz::require(View(*again).value() == value, "a mobility message round trip");
}

}  // namespace
}  // namespace kamesim

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kamesim;
  std::vector<std::uint8_t> message(data, data + size);
  if (message.size() >= 8) {
    const std::size_t length = 8 * (std::size_t{message[kMhHeaderLenOffset]} + 1);
    if (length <= message.size()) {
      fill_mobility_header_checksum(kUnspecified, kUnspecified, MutableBytes(message).first(length));
    }
  }
  const auto mh = MobilityHeaderView::check(message, kUnspecified, kUnspecified);
  if (!mh) return 0;
  for (const Tlv option : mh->options()) fuzz::touch(option.data);
  if (const auto found = authentication_options(*mh)) {
    for (const auto& value : {found->mn_ha, found->mn_aaa}) {
      if (!value) continue;
      fuzz::touch(value->data);
      fuzz::touch(value->covered);
    }
  }
  switch (mh->type()) {
    case MhType::BindingRefreshRequest: break;
    case MhType::HomeTestInit: read<HomeTestInitView>(*mh); break;
    case MhType::CareOfTestInit: read<CareOfTestInitView>(*mh); break;
    case MhType::HomeTest: read<HomeTestView>(*mh); break;
    case MhType::CareOfTest: read<CareOfTestView>(*mh); break;
    case MhType::BindingUpdate: read<BindingUpdateView>(*mh); break;
    case MhType::BindingAck: read<BindingAckView>(*mh); break;
    case MhType::BindingError: read<BindingErrorView>(*mh); break;
  }
  return 0;
}
