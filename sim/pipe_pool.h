// Pipes that have nothing to do: those of links come and go with the frames, so that of many links those few that carry
// something at a time share pipes.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "sim/pipe.h"

namespace kamesim {

class PipePool {
 public:
  std::unique_ptr<Pipe> take(const Actor& medium, void* target, const Pipe::Kind& kind, const LinkConfig& config) {
    if (free_.empty()) return std::make_unique<Pipe>(medium, target, kind, config);
    std::unique_ptr<Pipe> pipe = std::move(free_.back());
    free_.pop_back();
    pipe->reuse(medium, target, kind, config);
    return pipe;
  }
  // It is pristine.
  void give_back(std::unique_ptr<Pipe> pipe) { free_.push_back(std::move(pipe)); }

  std::size_t heap_bytes() const {  // beyond the object itself
    std::size_t bytes = free_.capacity() * sizeof(void*);
    for (const auto& pipe : free_) bytes += sizeof(Pipe) + pipe->heap_bytes();
    return bytes;
  }

 private:
  std::vector<std::unique_ptr<Pipe>> free_;
};

}  // namespace kamesim
