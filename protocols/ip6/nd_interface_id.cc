#include "protocols/ip6/nd_interface_id.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <vector>

#include "sim/bytes.h"

namespace kamesim {

InterfaceId opaque_interface_id(const OpaqueIdInput& input, const SecretKey& secret_key) {
  std::vector<std::uint8_t> message(input.prefix.address().bytes().begin(), input.prefix.address().bytes().end());
  message.push_back(static_cast<std::uint8_t>(input.prefix.length()));
  message.push_back(static_cast<std::uint8_t>(input.net_iface.size()));  // so that no two inputs look alike
  message.insert(message.end(), input.net_iface.begin(), input.net_iface.end());
  message.push_back(input.dad_counter);
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> rid{};
  unsigned size = 0;
  HMAC(EVP_sha256(), secret_key.data(), static_cast<int>(secret_key.size()), message.data(), message.size(),
       rid.data(), &size);
  return InterfaceId(load_be64(rid.data() + size - 8));  // "starting from the least significant bit"
}

bool is_reserved(InterfaceId id) {
  const std::uint64_t value = id.value();
  if (value == 0) return true;                                             // Subnet-Router anycast, RFC 4291 §2.6.1
  if (value >> 24 == 0x0200'5eff'fe) return true;                          // IANA's Ethernet block, RFC 5342
  return value >= 0xfdff'ffff'ffff'ff80 && value <= 0xfdff'ffff'ffff'ffff;  // subnet anycast, RFC 2526
}

InterfaceId random_interface_id(RandomStream& random) {
  for (;;) {
    const InterfaceId id(random.next_u64());
    if (!is_reserved(id)) return id;
  }
}

}  // namespace kamesim
