// What observers of frames and discards are to be told, kept back during a phase of a parallel run: they are one for
// all shards, and must hear everything in the order of events.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/bytes.h"
#include "sim/drop.h"
#include "sim/event_queue.h"
#include "sim/nic.h"

namespace kamesim {

class Node;

class ObservationLog {
 public:
  void add_frame(EventKey key, const Nic& nic, Direction direction, Bytes frame);
  void add_drop(EventKey key, Node& node, DropReason reason, Bytes packet);
  std::size_t bytes() const { return bytes_.size(); }

  // Tells the observers what the logs hold of events before `limit`, in the order of their keys, and forgets it.
  static void tell(std::vector<ObservationLog>& logs, Time limit);

 private:
  struct Record {
    EventKey key;
    const Nic* nic;     // null: a discard
    Node* node;
    DropReason reason;
    Direction direction;
    std::size_t begin, size;  // in bytes_
  };
  void add(Record record, Bytes bytes);
  void forget(std::size_t count);

  std::vector<Record> records_;  // in the order of keys
  std::vector<std::uint8_t> bytes_;
};

}  // namespace kamesim
