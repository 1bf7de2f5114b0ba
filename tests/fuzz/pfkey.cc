// Messages of PF_KEY (RFC 2367) that a daemon writes to the kernel, one after the other, with time between them.
#include "protocols/ipsec/pfkey_kernel.h"
#include "tests/fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kamesim;
  using namespace kamesim::ipsec;
  fuzz::Input input(Bytes(data, size));
  KeyEngine engine(RandomStream(1, 2, "fuzz"));
  PfKeyKernel kernel(engine);
  const auto socket = kernel.open();
  Time now;
  for (int count = 0; count < 64 && !input.empty(); ++count) {
    now += Duration::milliseconds(input.u8() * 100);
    engine.on_timeout(now);
    const std::size_t length = std::size_t{input.u8()} * 8 + input.u8() % 8;
    const Bytes message = input.take(length);
    if (const auto read = pfkey::parse(message)) {
      const auto written = pfkey::to_bytes(*read);
      const auto again = pfkey::parse(written);
      fuzz::require(again.has_value() && pfkey::to_bytes(*again) == written, "a message is read as it was written");
    }
    kernel.receive(now, socket, message);
    for (const auto& delivery : kernel.take()) {
      fuzz::require(delivery.message.size() < 16 + 1 || pfkey::parse(delivery.message).has_value(),
                    "what the kernel says is well-formed");
    }
  }
  return 0;
}
