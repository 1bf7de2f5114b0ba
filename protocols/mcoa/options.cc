#include "protocols/mcoa/options.h"

#include <algorithm>

#include "sim/bytes.h"

namespace kamesim::mcoa {

namespace {

constexpr std::size_t kIdentifierSize = 4;  // RFC 5648 §4.3: 4, 8 with an IPv4, 20 with an IPv6 care-of address
constexpr std::size_t kIpv4Size = 4;
constexpr std::uint8_t kHomeAndForeign = 0x80;
constexpr std::size_t kFlowHeaderSize = 6;      // RFC 6089 §4.2, behind type and length
constexpr std::size_t kSelectorHeaderSize = 2;  // §4.2.1.4: TS Format and Reserved
constexpr std::uint8_t kBindingReference = 2;   // §4.2.1.3, a sub-option
constexpr std::uint8_t kTrafficSelector = 3;    // §4.2.1.4, a sub-option
constexpr std::size_t kFlowsInASummary = 127;   // §5.2.3
constexpr std::size_t kMaxOptionSize = 255;

std::optional<BindingIdentifier> read_identifier(Bytes data) {
  using enum BindingIdentifier::CareOf;
  const bool ipv4 = data.size() == kIdentifierSize + kIpv4Size;
  const bool ipv6 = data.size() == kIdentifierSize + Ipv6Address::kSize;
  if (!ipv4 && !ipv6 && data.size() != kIdentifierSize) return std::nullopt;
  BindingIdentifier read{.bid = load_be16(data.data()), .status = data[2],
                         .home_and_foreign = (data[3] & kHomeAndForeign) != 0,
                         .priority = static_cast<std::uint8_t>(data[3] & kMaxBidPriority),
                         .form = ipv4 ? Ipv4 : ipv6 ? Ipv6 : None, .care_of = {}};
  const std::uint8_t* care_of = data.data() + kIdentifierSize;
  if (ipv6) read.care_of = Ipv6Address::from_bytes(care_of);
  if (ipv4) read.care_of = Ipv6Address::from_halves(0, 0xffff'0000'0000u | load_be32(care_of));
  return read;
}

std::vector<std::uint16_t> read_numbers(Bytes data) {
  std::vector<std::uint16_t> numbers;
  for (std::size_t at = 0; at + 2 <= data.size(); at += 2) numbers.push_back(load_be16(data.data() + at));
  return numbers;
}

void read_sub_option(FlowIdentification& flow, const Tlv& option) {
  if (option.type == kBindingReference) {
    flow.malformed |= flow.bids.has_value() || option.data.empty() || option.data.size() % 2 != 0;
    if (!flow.bids) flow.bids = read_numbers(option.data);
  } else if (option.type == kTrafficSelector) {
    flow.malformed |= flow.selector.has_value() || option.data.size() < kSelectorHeaderSize;
    if (flow.selector || option.data.size() < kSelectorHeaderSize) return;
    flow.selector = FlowIdentification::Selector{
        option.data[0], {option.data.begin() + kSelectorHeaderSize, option.data.end()}};
  }  // §4.2.1: others are skipped
}

FlowIdentification read_flow(Bytes data) {
  FlowIdentification flow{.fid = 0, .priority = 0, .status = 0, .selector = {}, .bids = {}};
  if (data.size() >= 2) flow.fid = load_be16(data.data());
  flow.malformed = data.size() < kFlowHeaderSize;
  if (flow.malformed) return flow;
  flow.priority = load_be16(data.data() + 2);
  flow.status = data[5];
  const auto sub_options = TlvOptions::check(data, kFlowHeaderSize);
  flow.malformed = !sub_options;
  if (!sub_options) return flow;
  for (const Tlv option : *sub_options) read_sub_option(flow, option);
  return flow;
}

void emit_identifier(ByteWriter& out, TlvOptionsWriter& writer, const BindingIdentifier& b) {
  using enum BindingIdentifier::CareOf;
  const std::size_t address = b.form == Ipv6 ? Ipv6Address::kSize : b.form == Ipv4 ? kIpv4Size : 0;
  writer.begin_option(kBindingIdentifierOption, static_cast<std::uint8_t>(kIdentifierSize + address),
                      b.form == None ? TlvAlignment{2, 0} : TlvAlignment{8, 2});
  out.u16(b.bid);
  out.u8(b.status);
  out.u8(static_cast<std::uint8_t>((b.home_and_foreign ? kHomeAndForeign : 0) | (b.priority & kMaxBidPriority)));
  if (b.form == Ipv6) out.address(b.care_of);
  if (b.form == Ipv4) out.u32(static_cast<std::uint32_t>(b.care_of.low()));
}

void emit_flow(ByteWriter& out, TlvOptionsWriter& writer, const FlowIdentification& flow) {
  std::size_t size = kFlowHeaderSize;
  if (flow.selector) size += kTlvHeaderSize + kSelectorHeaderSize + flow.selector->data.size();
  if (flow.bids) size += kTlvHeaderSize + 2 * flow.bids->size();
  const bool pad = flow.bids && size % 2 != 0 && size < kMaxOptionSize;  // §4.2.1.3: 2n
  if (pad) ++size;
  if (size > kMaxOptionSize) return;
  writer.begin_option(kFlowIdentificationOption, static_cast<std::uint8_t>(size), {8, 0});
  out.u16(flow.fid);
  out.u16(flow.priority);
  out.u8(0);
  out.u8(flow.status);
  if (flow.selector) {
    out.u8(kTrafficSelector);
    out.u8(static_cast<std::uint8_t>(kSelectorHeaderSize + flow.selector->data.size()));
    out.u8(flow.selector->format);
    out.u8(0);
    out.bytes(flow.selector->data);
  }
  if (!flow.bids) return;
  if (pad) out.u8(kTlvPad1);
  out.u8(kBindingReference);
  out.u8(static_cast<std::uint8_t>(2 * flow.bids->size()));
  for (const std::uint16_t bid : *flow.bids) out.u16(bid);
}

}  // namespace

Options read_options(const TlvOptions& options) {
  Options read;
  for (const Tlv option : options) {
    switch (option.type) {
      case kBindingIdentifierOption:
        if (const auto identifier = read_identifier(option.data)) {
          read.bindings.push_back(*identifier);
        } else {
          read.malformed = true;
        }
        break;
      case kFlowIdentificationOption: read.flows.push_back(read_flow(option.data)); break;
      case kFlowSummaryOption: std::ranges::copy(read_numbers(option.data), std::back_inserter(read.flow_summary)); break;
      case kLinkLayerAddressOption:
        // RFC 5568 §6.4.4: the option code, then the address.
        if (option.data.size() == 7 && option.data[0] == kLinkLayerAddressOfMobileNode && !read.link_layer_address) {
          std::copy_n(option.data.begin() + 1, 6, read.link_layer_address.emplace().begin());
        }
        break;
      default: break;
    }
  }
  return read;
}

void emit_options(ByteWriter& out, TlvOptionsWriter& writer, const Options& o) {
  for (const BindingIdentifier& binding : o.bindings) emit_identifier(out, writer, binding);
  for (const FlowIdentification& flow : o.flows) emit_flow(out, writer, flow);
  for (std::size_t at = 0; at < o.flow_summary.size(); at += kFlowsInASummary) {
    const std::size_t count = std::min(o.flow_summary.size() - at, kFlowsInASummary);
    writer.begin_option(kFlowSummaryOption, static_cast<std::uint8_t>(2 * count), {2, 0});
    for (std::size_t i = 0; i < count; ++i) out.u16(o.flow_summary[at + i]);
  }
  if (o.link_layer_address) {
    writer.begin_option(kLinkLayerAddressOption, 7, {});
    out.u8(kLinkLayerAddressOfMobileNode);
    out.bytes(*o.link_layer_address);
  }
}

}  // namespace kamesim::mcoa
