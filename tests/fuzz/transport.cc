// UDP datagrams (RFC 768) and TCP segments with their options (RFC 9293 §3.1); the first byte says which.
#include "protocols/tcp/header.h"
#include "protocols/wire/udp.h"
#include "tests/fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kamesim;
  fuzz::Input input(Bytes(data, size));
  const std::uint8_t kind = input.u8();
  const Bytes message = input.take(size);
  if (kind % 2 == 0) {
    if (const auto udp = UdpView::check(message)) {
      fuzz::touch(udp->data());
      fuzz::require(udp->length() <= message.size(), "a datagram's length (RFC 768)");
      (void)udp->checksum_ok(kUnspecified, kUnspecified);
    }
    return 0;
  }
  if (const auto segment = parse_tcp_segment(message)) fuzz::touch(segment->data);
  (void)parse_tcp_quoted(message);
  return 0;
}
