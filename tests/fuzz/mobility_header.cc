// Mobility Header messages and options (RFC 6275 §6.1, §6.2). The checksum is put right first, or nothing would pass.
#include <vector>

#include "protocols/dsmip6/messages.h"
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

// The same with the options of RFC 5555; those that are malformed are left out, and messages end at 2048 octets.
template <typename Read>
void read_dual_stack(const MobilityHeaderView& mh, Read read) {
  constexpr std::size_t kLongestMessage = 8 * 256;
  const auto value = read(mh);
  auto written = to_bytes(value);
  fuzz::touch(written);
  if (value.options.malformed || written.size() > kLongestMessage) return;
  fill_mobility_header_checksum(kUnspecified, kUnspecified, written);
  const auto again = MobilityHeaderView::check(written, kUnspecified, kUnspecified);
  fuzz::require(again.has_value(), "a dual stack message written is read again");
  fuzz::require(read(*again) == value, "a dual stack message round trip");
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
  if (mh->type() == MhType::BindingUpdate) read_dual_stack(*mh, dsmip6::read_dual_stack_binding_update);
  if (mh->type() == MhType::BindingAck) read_dual_stack(*mh, dsmip6::read_dual_stack_binding_ack);
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
