// What the rest of the bindings needs of bind_mcoa.cc.
#pragma once

#include "python/kamesim/bindings/world.h"

namespace kamesim::python {

void bind_mcoa(py::module_& m);
void bind_multihomed_mobile_ip(py::class_<Host>& host);

}  // namespace kamesim::python
