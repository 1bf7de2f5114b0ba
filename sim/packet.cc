#include "sim/packet.h"

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
  if (buffer_->references != 1 || end_ + n > buffer_->capacity) {
    Packet larger = PacketPool::responsible(*buffer_).allocate(size() + n, begin_);
    std::memcpy(larger.buffer_->bytes() + larger.begin_, data(), size());
    larger.end_ -= static_cast<std::uint32_t>(n);
    *this = std::move(larger);
  }
  std::uint8_t* first = buffer_->bytes() + end_;
  end_ += static_cast<std::uint32_t>(n);
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
  return Packet(buffer, static_cast<std::uint32_t>(headroom), static_cast<std::uint32_t>(headroom + size));
}

Packet PacketPool::copy_of(Bytes bytes, std::size_t headroom) {
  Packet packet = allocate(bytes.size(), headroom);
  if (!bytes.empty()) std::memcpy(packet.buffer_->bytes() + packet.begin_, bytes.data(), bytes.size());
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
  BufferList spare;
  for (std::size_t c = 0; c < free_.size(); ++c) {
    for (; most > 0 && free_count_[c] > kSpareAbove; --most) {
      PacketBuffer* buffer = std::exchange(free_[c], free_[c]->next_free);
      --free_count_[c];
      spare.push(buffer);
    }
  }
  return spare;
}

void PacketPool::take_back(BufferList buffers) {
  while (buffers.first != nullptr) {
    PacketBuffer* buffer = std::exchange(buffers.first, buffers.first->next_free);
    buffer->next_free = std::exchange(free_[buffer->size_class], buffer);
    ++free_count_[buffer->size_class];
  }
}

}  // namespace kamesim
