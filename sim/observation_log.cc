#include "sim/observation_log.h"

#include "sim/node.h"

namespace kamesim {

void ObservationLog::add_frame(EventKey key, const Nic& nic, Direction direction, Bytes frame) {
  add({key, &nic, nullptr, nullptr, direction, 0, 0}, frame);
}

void ObservationLog::add_drop(EventKey key, Node& node, DropReason reason, Bytes packet) {
  add({key, nullptr, &node, reason, Direction::kOut, 0, 0}, packet);
}

void ObservationLog::add(Record record, Bytes bytes) {
  record.begin = bytes_.size();
  record.size = bytes.size();
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  records_.push_back(record);
}

void ObservationLog::tell(std::vector<ObservationLog>& logs, Time limit) {
  std::vector<std::size_t> told(logs.size());
  for (;;) {
    std::size_t first = logs.size();
    for (std::size_t i = 0; i < logs.size(); ++i) {
      if (told[i] == logs[i].records_.size() || logs[i].records_[told[i]].key.time >= limit) continue;
      if (first == logs.size() || logs[i].records_[told[i]].key < logs[first].records_[told[first]].key) first = i;
    }
    if (first == logs.size()) break;
    const Record& record = logs[first].records_[told[first]++];
    const Bytes bytes(logs[first].bytes_.data() + record.begin, record.size);
    if (record.nic != nullptr) {
      record.nic->tell_observers(record.direction, record.key.time, bytes);
    } else {
      record.node->tell_drop_observer(record.key.time, record.reason, bytes);
    }
  }
  for (std::size_t i = 0; i < logs.size(); ++i) logs[i].forget(told[i]);
}

void ObservationLog::forget(std::size_t count) {
  if (count == 0) return;
  const std::size_t kept_from = count == records_.size() ? bytes_.size() : records_[count].begin;
  records_.erase(records_.begin(), records_.begin() + static_cast<std::ptrdiff_t>(count));
  bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(kept_from));
  for (Record& record : records_) record.begin -= kept_from;
}

}  // namespace kamesim
