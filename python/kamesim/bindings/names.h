// Words of Python's for values of the kernel part.
#pragma once

#include "protocols/ip6/route_table.h"

namespace kamesim::python {

const char* kind_name(RouteKind kind);
const char* origin_name(RouteOrigin origin);

}  // namespace kamesim::python
