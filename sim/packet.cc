#include "sim/packet.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "sim/pool.h"

namespace kamesim {

Packet Packet::clone() const { return PacketPool::responsible(*buffer_).copy_of(bytes()); }

void Packet::unshare(std::size_t headroom) {
  Packet own = PacketPool::responsible(*buffer_).copy_of(bytes(), headroom);
  *this = std::move(own);
}

std::uint8_t* Packet::append(std::size_t n) {
  if (buffer_->references != 1 || end() + n > buffer_->capacity) {
    Packet larger = PacketPool::responsible(*buffer_).allocate(size() + n, begin());
    std::memcpy(larger.buffer_->bytes() + larger.begin(), data(), size());
    larger.trim_back(n);
    *this = std::move(larger);
  }
  std::uint8_t* first = buffer_->bytes() + end();
  window_ += at_end(n);
  return first;
}

PacketPool::~PacketPool() {
  for (PacketBuffer* list : free_) {
    while (list != nullptr) {
      PacketBuffer* next = list->next_free;
      Pool::release(list, sizeof(PacketBuffer) + list->capacity, Pool::kLine);
      list = next;
    }
  }
}

Packet PacketPool::allocate(std::size_t size, std::size_t headroom) {
  PacketBuffer* buffer = take(size + headroom);
  return Packet(buffer, Packet::at_end(headroom + size) | headroom);
}

Packet PacketPool::copy_of(Bytes bytes, std::size_t headroom) {
  Packet packet = allocate(bytes.size(), headroom);
  if (!bytes.empty()) std::memcpy(packet.buffer_->bytes() + packet.begin(), bytes.data(), bytes.size());
  return packet;
}

PacketBuffer* PacketPool::take(std::size_t capacity) {
  std::uint8_t size_class = 0;
  while (kCapacities[size_class] != 0 && kCapacities[size_class] < capacity) ++size_class;
  ++in_use_;
  if (PacketBuffer* buffer = free_[size_class]; buffer != nullptr) {
    free_[size_class] = buffer->next_free;
    --free_count_[size_class];
    buffer->pool = this;
    buffer->references = 1;
    return buffer;
  }
  const std::size_t bytes = kCapacities[size_class] != 0 ? kCapacities[size_class] : capacity;
  ++allocated_;
  return new (Pool::allocate(sizeof(PacketBuffer) + bytes, Pool::kLine))
      PacketBuffer{this, 1, static_cast<std::uint32_t>(bytes) & PacketBuffer::kMostCapacity, size_class, {nullptr}};
}

BufferList PacketPool::take_spare(std::size_t most) {
  const auto c = static_cast<std::size_t>(std::ranges::max_element(free_count_) - free_count_.begin());
  const std::size_t count = std::min(most, free_count_[c]);
  if (count == 0) return {};
  BufferList spare{free_[c], free_[c], c, count};
  for (std::size_t i = 1; i < count; ++i) spare.last = spare.last->next_free;
  free_[c] = spare.last->next_free;
  free_count_[c] -= count;
  return spare;
}

// Touches no buffer but the last: the others were another thread's, which would have to be fetched one by one.
void PacketPool::take_back(const BufferList& buffers) {
  if (buffers.count == 0) return;
  buffers.last->next_free = std::exchange(free_[buffers.size_class], buffers.first);
  free_count_[buffers.size_class] += buffers.count;
}

}  // namespace kamesim
