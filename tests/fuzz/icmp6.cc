// ICMPv6 messages (RFC 4443) with what errors quote, and the discovery messages of Mobile IPv6 (RFC 6275 §6.5 to §6.8).
#include <vector>

#include "protocols/mip6/discovery_messages.h"
#include "protocols/wire/extension_headers.h"
#include "protocols/wire/icmp6.h"
#include "protocols/wire/mld.h"
#include "tests/fuzz/fuzz_input.h"

namespace kamesim {
namespace {

void read_error(Bytes message) {
  const auto view = Icmp6ErrorView::check(message);
  if (!view) return;
  fuzz::touch(view->invoking_packet());
  const auto quoted = Ipv6HeaderView::check_quoted(view->invoking_packet());
  if (!quoted) return;
  if (const auto upper = find_upper_layer(*quoted)) fuzz::touch(quoted->packet().subspan(upper->offset));
}

void read_discovery(Bytes message) {
  if (const auto view = HomeAgentAddressDiscoveryRequestView::check(message)) (void)view->value();
  if (const auto view = HomeAgentAddressDiscoveryReplyView::check(message)) {
    const auto value = view->value();
    fuzz::require(value.home_agent_addresses.size() == view->size(), "the addresses of a reply (RFC 6275 §6.6)");
    fuzz::touch(to_bytes(value));
  }
  if (const auto view = MobilePrefixSolicitationView::check(message)) {
    for (const NdOption option : view->options()) fuzz::touch(option.bytes);
  }
  if (const auto view = MobilePrefixAdvertisementView::check(message)) {
    fuzz::touch(to_bytes(view->value()));
    for (const NdOption option : view->options()) fuzz::touch(option.bytes);
  }
}

void read_listener_discovery(Bytes message) {
  if (const auto query = MulticastListenerQuery::parse(message)) {
    const auto again = MulticastListenerQuery::parse(to_bytes(*query));
    fuzz::require(again && again->max_response_delay == query->max_response_delay, "a delay round trip (RFC 3810 §5.1.3)");
  }
  if (const auto report = MulticastListenerReportV2::parse(message)) {
    const auto again = MulticastListenerReportV2::parse(to_bytes(*report));
    fuzz::require(again && again->records.size() == report->records.size(), "the records of a report (RFC 3810 §5.2)");
  }
  if (const auto one = MulticastListenerV1::parse(message)) fuzz::touch(to_bytes(*one));
}

}  // namespace
}  // namespace kamesim

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kamesim;
  const Bytes message(data, size);
  const auto icmp6 = Icmp6View::check(message);
  if (!icmp6) return 0;
  (void)icmp6->checksum_ok(kUnspecified, kUnspecified);
  std::vector<std::uint8_t> sent(message.begin(), message.end());
  fill_icmp6_checksum(kUnspecified, kUnspecified, sent);
  fuzz::require(Icmp6View::check(sent)->checksum_ok(kUnspecified, kUnspecified), "a checksum that was filled in");
  read_error(message);
  if (const auto echo = Icmp6EchoView::check(message)) {
    const auto again = to_bytes(echo->value());
    fuzz::require(again.size() == message.size(), "an echo message round trip");
  }
  read_discovery(message);
  read_listener_discovery(message);
  return 0;
}
