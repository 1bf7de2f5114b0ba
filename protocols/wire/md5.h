// MD5 (RFC 1321), for where an RFC asks for it to spread values, as the groups of Node Information Queries (RFC 4620
// §5): nothing that needs secrets. Each node computes one when it is set up; the library of IPsec's algorithms would
// be read in for that, with more memory than a thousand nodes have.
#pragma once

#include <array>
#include <cstdint>

#include "sim/bytes.h"

namespace kamesim {

using Md5Digest = std::array<std::uint8_t, 16>;

Md5Digest md5(Bytes message);

}  // namespace kamesim
