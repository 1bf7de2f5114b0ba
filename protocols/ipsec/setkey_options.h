// The options of setkey's `add`, keys and algorithms among them.
#pragma once

#include "protocols/ipsec/security_association.h"
#include "protocols/ipsec/text_cursor.h"

namespace kamesim::ipsec {

inline constexpr const char* kOptionsOfAdd =
    "an option of add: -m, -r, -u, -f, -lh, -ls, -bh, -bs, -esn, -E, -A or -C";

struct GivenOptions {
  bool encryption = false, integrity = false, compression = false, cyclic = false;
};

// As many as there are.
Read<void> read_options(TextCursor& in, SaParameters& parameters, GivenOptions& given);
// What the options together leave open or rule out. `at`: where they ended.
Read<void> check_options(TextCursor::Place at, const SaParameters& parameters, const GivenOptions& given);

// Behind -ctx: DOI ALGORITHM "CONTEXT" (SELinux), which is read to its end and refused.
Read<void> read_security_context(TextCursor& in);

// Bytes as 0x and hexadecimal digits, or text between quotes.
Read<Secret> read_key(TextCursor& in);

}  // namespace kamesim::ipsec
