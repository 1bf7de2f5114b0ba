// What AH's ICV covers of the headers before AH: as they will be at the receiver, with zeros for what nodes on the
// way may change (RFC 4302 §3.3.3.1, appendix A; RFC 6275 §9.3.2, §11.3.2 for Mobile IPv6).
#pragma once

#include "sim/bytes.h"

namespace kamesim::ipsec {

// `headers`: a copy of a packet's first octets, up to AH, in place. False: they are malformed.
bool zero_mutable_fields(MutableBytes headers);

}  // namespace kamesim::ipsec
