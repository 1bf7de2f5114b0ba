// One options or routing header on its own, of any claimed length: the first byte of the input says which parser.
#include "protocols/wire/fragment_header.h"
#include "protocols/wire/options_header.h"
#include "protocols/wire/routing_header.h"
#include "tests/fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kamesim;
  fuzz::Input input(Bytes(data, size));
  const std::uint8_t kind = input.u8();
  const Bytes header = input.take(size);
  switch (kind % 3) {
    case 0:
      if (const auto view = OptionsHeaderView::check(header)) {
        for (const Tlv option : view->options()) {
          fuzz::touch(option.data);
          (void)home_address(option), (void)tunnel_encapsulation_limit(option);
          (void)router_alert(option), (void)jumbo_payload_length(option);
        }
        for (const std::uint8_t type : {kHomeAddressOption, kRouterAlertOption}) (void)view->options().find(type);
      }
      break;
    case 1:
      if (const auto routing = RoutingHeaderView::check(header)) {
        if (const auto route = SourceRouteView::check(*routing)) {
          for (std::size_t i = 0; i < route->address_count(); ++i) fuzz::touch({route->address(i).data(), 16});
        }
        if (const auto type2 = Type2RoutingHeaderView::check(*routing)) fuzz::touch({type2->home_address().data(), 16});
      }
      break;
    default:
      if (const auto fragment = FragmentHeaderView::check(header)) (void)fragment->value();
  }
  return 0;
}
