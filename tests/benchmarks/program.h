// What the benchmark programs share: their arguments, and the processor's time.
#pragma once

#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace kamesim {

inline double user_cpu() {
  rusage u{};
  getrusage(RUSAGE_SELF, &u);
  return static_cast<double>(u.ru_utime.tv_sec) + static_cast<double>(u.ru_utime.tv_usec) * 1e-6;
}

// With the system's part: setting up a large network is to a good part the kernel's giving of memory.
inline double total_cpu() {
  rusage u{};
  getrusage(RUSAGE_SELF, &u);
  return user_cpu() + static_cast<double>(u.ru_stime.tv_sec) + static_cast<double>(u.ru_stime.tv_usec) * 1e-6;
}

inline double real_time() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// The value of the word `name=value`.
inline std::string_view text_argument(int argc, char** argv, std::string_view name, std::string_view fallback) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word.starts_with(name) && word.size() > name.size() && word[name.size()] == '=') {
      return word.substr(name.size() + 1);
    }
  }
  return fallback;
}

inline std::uint64_t argument(int argc, char** argv, std::string_view name, std::uint64_t fallback) {
  const std::string_view text = text_argument(argc, argv, name, "");
  return text.empty() ? fallback : static_cast<std::uint64_t>(std::strtod(text.data(), nullptr));
}

}  // namespace kamesim
