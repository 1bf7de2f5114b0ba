// Bringing near what another thread wrote last and this one will write next.
#pragma once

namespace kamesim {

// Asks for a cache line for writing, so that it need not be asked for a second time when it is written. Where the compiler
// does not know the processor to have such an instruction, its own builtin asks for reading; and it takes a function that
// does nothing but ask for one that does nothing. On processors without the instruction it has no effect.
inline void prefetch_to_write(const void* line) {
#if defined(__x86_64__)
  asm volatile("prefetchw %0" : : "m"(*static_cast<const char*>(line)));
#else
  __builtin_prefetch(line, 1);
#endif
}

}  // namespace kamesim
