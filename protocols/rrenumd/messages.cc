#include "protocols/rrenumd/messages.h"

#include "protocols/wire/nd_options.h"

namespace kamesim {

namespace {

constexpr std::size_t kMatchPartSize = 24, kUsePartSize = 32;
constexpr std::uint8_t kT = 0x80, kR = 0x40, kA = 0x20, kS = 0x10, kP = 0x08;
constexpr std::uint32_t kInfinity = 0xffff'ffff;

void put16(std::vector<std::uint8_t>& out, std::uint32_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}
void put32(std::vector<std::uint8_t>& out, std::uint32_t value) {
  put16(out, value >> 16);
  put16(out, value & 0xffff);
}
void put(std::vector<std::uint8_t>& out, const Ipv6Address& address) {
  out.insert(out.end(), address.bytes().begin(), address.bytes().end());
}

Duration seconds(std::uint32_t value) { return value == kInfinity ? kInfiniteLifetime : 1_s * value; }
std::uint32_t in_seconds(Duration lifetime) {
  return lifetime == kInfiniteLifetime ? kInfinity : static_cast<std::uint32_t>(lifetime / 1_s);
}

std::vector<std::uint8_t> head(const RenumberingHeader& h) {
  std::vector<std::uint8_t> out{kRouterRenumbering, h.code, 0, 0};
  put32(out, h.sequence_number);
  out.push_back(h.segment_number);
  out.push_back(static_cast<std::uint8_t>((h.test ? kT : 0) | (h.result_requested ? kR : 0) |
                                          (h.all_interfaces ? kA : 0) | (h.site_specific ? kS : 0) |
                                          (h.processed_previously ? kP : 0)));
  put16(out, static_cast<std::uint32_t>(h.max_delay / 1_ms));
  put32(out, 0);
  return out;
}

UsePrefix parse_use(Bytes part) {
  return {.use_len = part[0],
          .keep_len = part[1],
          .flag_mask = part[2],
          .ra_flags = part[3],
          .valid_lifetime = seconds(load_be32(part.data() + 4)),
          .preferred_lifetime = seconds(load_be32(part.data() + 8)),
          .decrement_valid = (part[12] & 0x80) != 0,
          .decrement_preferred = (part[12] & 0x40) != 0,
          .prefix = Ipv6Address::from_bytes(part.data() + 16)};
}

}  // namespace

RenumberingHeader RenumberingHeader::parse(Bytes m) {
  const std::uint8_t flags = m[9];
  return {.code = m[1],
          .sequence_number = load_be32(m.data() + 4),
          .segment_number = m[8],
          .test = (flags & kT) != 0,
          .result_requested = (flags & kR) != 0,
          .all_interfaces = (flags & kA) != 0,
          .site_specific = (flags & kS) != 0,
          .processed_previously = (flags & kP) != 0,
          .max_delay = 1_ms * load_be16(m.data() + 10)};
}

// §3.2.1, §4.2.
std::vector<ParsedOperation> parse_operations(Bytes body) {
  std::vector<ParsedOperation> found;
  while (body.size() >= kMatchPartSize) {
    const std::size_t size = 8 * std::size_t{body[1]};
    ParsedOperation& next = found.emplace_back();
    next.ordinal = body[2];
    if (body[1] % 4 != 3 || size > body.size()) return found;
    PrefixControlOperation op{.op_code = static_cast<PrefixControlOperation::OpCode>(body[0]),
                              .ordinal = body[2],
                              .match_len = body[3],
                              .min_len = body[4],
                              .max_len = body[5],
                              .match_prefix = Ipv6Address::from_bytes(body.data() + 8),
                              .use = {}};
    bool in_bounds = body[0] >= 1 && body[0] <= 3 && op.match_len <= 128;
    for (std::size_t at = kMatchPartSize; at < size; at += kUsePartSize) {
      op.use.push_back(parse_use(body.subspan(at, kUsePartSize)));
      in_bounds = in_bounds && op.use.back().use_len + op.use.back().keep_len <= 128;
    }
    if (in_bounds) next.operation = std::move(op);
    body = body.subspan(size);
  }
  return found;
}

std::vector<std::uint8_t> to_bytes(const RenumberingHeader& header,
                                   const std::vector<PrefixControlOperation>& operations) {
  std::vector<std::uint8_t> out = head(header);
  for (const PrefixControlOperation& op : operations) {
    out.push_back(static_cast<std::uint8_t>(op.op_code));
    out.push_back(static_cast<std::uint8_t>((kMatchPartSize + op.use.size() * kUsePartSize) / 8));
    for (const std::uint8_t b : {op.ordinal, op.match_len, op.min_len, op.max_len}) out.push_back(b);
    put16(out, 0);
    put(out, op.match_prefix);
    for (const UsePrefix& u : op.use) {
      for (const std::uint8_t b : {u.use_len, u.keep_len, u.flag_mask, u.ra_flags}) out.push_back(b);
      put32(out, in_seconds(u.valid_lifetime));
      put32(out, in_seconds(u.preferred_lifetime));
      put32(out, (u.decrement_valid ? 1u << 31 : 0) | (u.decrement_preferred ? 1u << 30 : 0));
      put(out, u.prefix);
    }
  }
  return out;
}

std::vector<std::uint8_t> to_bytes(const RenumberingHeader& header, const std::vector<MatchReport>& reports) {
  std::vector<std::uint8_t> out = head(header);
  for (const MatchReport& r : reports) {
    put16(out, (r.out_of_bounds ? 2u : 0u) | (r.forbidden ? 1u : 0u));
    out.push_back(r.ordinal);
    out.push_back(static_cast<std::uint8_t>(r.matched.length()));
    put32(out, r.interface_index);
    put(out, r.matched.address());
  }
  return out;
}

}  // namespace kamesim
