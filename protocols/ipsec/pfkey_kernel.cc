#include "protocols/ipsec/pfkey_kernel.h"

#include <algorithm>

namespace kamesim::ipsec {

using pfkey::Keys;
using pfkey::Message;
using pfkey::SaType;
using pfkey::Type;

namespace {

// What a request asks of an association; none if a policy's own does not fit in a message.
Message policy_message(Type type, const SecurityPolicy& policy, std::uint32_t sequence, std::uint32_t pid) {
  Message m = describe(type, policy);
  m.sequence = sequence, m.pid = pid;
  return m;
}

std::uint32_t bit(SaType type) { return 1u << static_cast<unsigned>(type); }

// The header of an answer that brings no news but that something was done.
Message echo(const Message& m) {
  Message answer{.type = m.type, .sa_type = m.sa_type, .sequence = m.sequence, .pid = m.pid};
  answer.source = m.source, answer.destination = m.destination;
  return answer;
}

}  // namespace

PfKeyKernel::SocketId PfKeyKernel::open() {
  sockets_.emplace(next_socket_, Socket{});
  return next_socket_++;
}

void PfKeyKernel::close(SocketId socket) {
  sockets_.erase(socket);
  std::erase_if(output_, [socket](const Delivery& d) { return d.to == socket; });
}

void PfKeyKernel::queue(SocketId to, const std::vector<std::uint8_t>& message) {
  if (output_.size() >= kMaxQueued) {
    ++lost_;
    return;
  }
  output_.push_back({to, message});
  if (on_output) on_output();
}

void PfKeyKernel::send(SocketId to, const Message& m) {
  const auto bytes = pfkey::to_bytes(m);
  queue(to, bytes);
  for (const auto& [id, socket] : sockets_) {
    if (socket.promiscuous && id != to) queue(id, bytes);
  }
}

void PfKeyKernel::send_to_all(const Message& m) {
  const auto bytes = pfkey::to_bytes(m);
  for (const auto& [id, socket] : sockets_) queue(id, bytes);
}

void PfKeyKernel::send_to_registered(SaType type, const Message& m) {
  const auto bytes = pfkey::to_bytes(m);
  for (const auto& [id, socket] : sockets_) {
    if ((socket.registered & bit(type)) != 0 || socket.promiscuous) queue(id, bytes);
  }
}

void PfKeyKernel::receive(Time now, SocketId from, Bytes bytes) {
  const auto message = pfkey::parse(bytes);
  if (!message) {
    constexpr std::size_t kHeaderSize = 16;
    if (bytes.size() < kHeaderSize) return;
    // RFC 2367 §2.1: the header alone comes back, with the error.
    std::vector<std::uint8_t> answer(bytes.begin(), bytes.begin() + kHeaderSize);
    answer[2] = static_cast<std::uint8_t>(std::errc::invalid_argument);
    answer[4] = kHeaderSize / 8, answer[5] = 0;
    return queue(from, answer);
  }
  const Failure failure = handle(now, from, *message);
  if (failure == kDone) return;
  Message answer{.type = message->type, .error = static_cast<std::uint8_t>(failure), .sa_type = message->sa_type,
                 .sequence = message->sequence, .pid = message->pid};
  send(from, answer);
}

PfKeyKernel::Failure PfKeyKernel::handle(Time now, SocketId from, const Message& m) {
  switch (m.type) {
    case Type::GetSpi: return get_spi(now, from, m);
    case Type::Update: return update(now, m);
    case Type::Add: return add(now, m);
    case Type::Delete: return remove(m);
    case Type::Get: return get(from, m);
    case Type::Acquire: return acquire(m);
    case Type::Register: return register_socket(from, m);
    case Type::Flush:
      engine_.sad().flush(protocol_of(m.sa_type));
      send_to_all(echo(m));
      return kDone;
    case Type::Dump: return dump(from, m);
    case Type::Promisc:
      sockets_.at(from).promiscuous = m.sa_type != SaType::Unspecified || !sockets_.at(from).promiscuous;
      send(from, echo(m));
      return kDone;
    case Type::SpdAdd:
    case Type::SpdUpdate:
    case Type::SpdSetIndex: return spd_add(now, m);
    case Type::SpdDelete:
    case Type::SpdDeleteById: return spd_delete(m);
    case Type::SpdGet: return spd_get(from, m);
    case Type::SpdDump: return spd_dump(from, m);
    case Type::SpdFlush:
      engine_.spd().flush();
      send_to_all(echo(m));
      return kDone;
    case Type::Migrate: return migrate(m);
    case Type::Expire:
    case Type::PolicyChange:
    case Type::SpdAcquire:
    case Type::SpdExpire:
    case Type::NatMapping: break;  // the kernel's to say
  }
  return std::errc::operation_not_supported;
}

// ---- Associations (RFC 2367 §3.1) -----------------------------------------------------------------------------------

PfKeyKernel::Failure PfKeyKernel::get_spi(Time now, SocketId from, const Message& m) {
  const auto protocol = protocol_of(m.sa_type);
  if (!protocol || !m.source || !m.destination) return std::errc::invalid_argument;
  const pfkey::SpiRange range = m.spi_range.value_or(pfkey::SpiRange{});
  const SaAddress address{0, *protocol, m.source->address, m.destination->address};
  const pfkey::Sa2 sa2 = m.sa2.value_or(pfkey::Sa2{});
  SecurityAssociation* larval =
      engine_.reserve_spi(now, address, range.low, range.high, sa2.mode, sa2.reqid, m.sequence);
  if (larval == nullptr) return std::errc::file_exists;
  Message answer = echo(m);
  answer.sa = pfkey::Sa{.spi = larval->address().spi, .state = SaState::Larval};
  send(from, answer);
  return kDone;
}

PfKeyKernel::Failure PfKeyKernel::add(Time now, const Message& m) {
  auto parameters = pfkey::parameters_of(m);
  if (!parameters) return parameters.error();
  const auto added = engine_.sad().add(std::move(*parameters), now);
  if (!added) return added.error();
  (*added)->acquire_sequence = m.sequence;
  Message answer = describe(m.type, **added, Keys::Hidden);
  answer.sequence = m.sequence, answer.pid = m.pid;
  send_to_all(answer);
  return kDone;
}

PfKeyKernel::Failure PfKeyKernel::update(Time now, const Message& m) {
  const auto protocol = protocol_of(m.sa_type);
  if (!protocol || !m.sa || !m.source || !m.destination) return std::errc::invalid_argument;
  SecurityAssociation* present =
      engine_.sad().find({m.sa->spi, *protocol, m.source->address, m.destination->address});
  if (present == nullptr || present->address().source != m.source->address) return std::errc::no_such_process;
  if (present->state == SaState::Larval) {
    if (present->acquire_sequence != 0 && m.sequence != present->acquire_sequence) return std::errc::no_such_process;
    auto parameters = pfkey::parameters_of(m);
    if (!parameters) return parameters.error();
    engine_.sad().update(*present, std::move(*parameters), now);
  } else {
    // §3.1.2: of a mature one nothing but its lifetimes.
    Message lifetimes = describe(m.type, *present, Keys::Shown);
    lifetimes.soft = m.soft, lifetimes.hard = m.hard;
    auto parameters = pfkey::parameters_of(lifetimes);
    if (!parameters) return parameters.error();
    engine_.sad().update(*present, std::move(*parameters), now);
  }
  Message answer = describe(m.type, *present, Keys::Hidden);
  answer.sequence = m.sequence, answer.pid = m.pid;
  send_to_all(answer);
  return kDone;
}

PfKeyKernel::Failure PfKeyKernel::remove(const Message& m) {
  const auto protocol = protocol_of(m.sa_type);
  if (!protocol || !m.source || !m.destination) return std::errc::invalid_argument;
  const auto of_these = [&](const SecurityAssociation& a) {
    return a.address().protocol == *protocol && a.address().source == m.source->address &&
           a.address().destination == m.destination->address && (!m.sa || a.address().spi == m.sa->spi);
  };
  bool found = false;
  for (SecurityAssociation* association : engine_.sad().in_order()) {  // without an SPI: all between these ends (KAME)
    if (!of_these(*association)) continue;
    engine_.sad().remove(*association);
    found = true;
  }
  if (!found) return std::errc::no_such_process;
  Message answer = echo(m);
  answer.sa = m.sa;
  send_to_all(answer);
  return kDone;
}

PfKeyKernel::Failure PfKeyKernel::get(SocketId from, const Message& m) {
  const auto protocol = protocol_of(m.sa_type);
  if (!protocol || !m.sa || !m.source || !m.destination) return std::errc::invalid_argument;
  const SecurityAssociation* found =
      engine_.sad().find({m.sa->spi, *protocol, m.source->address, m.destination->address});
  if (found == nullptr || found->address().source != m.source->address) return std::errc::no_such_process;
  Message answer = describe(m.type, *found, Keys::Shown);
  answer.sequence = m.sequence, answer.pid = m.pid;
  send(from, answer);
  return kDone;
}

// §3.1.10: one message for each; the numbers count down, and the last one has 0.
PfKeyKernel::Failure PfKeyKernel::dump(SocketId from, const Message& m) {
  const auto protocol = protocol_of(m.sa_type);
  std::vector<const SecurityAssociation*> shown;
  for (const SecurityAssociation* a : engine_.sad().in_order()) {
    if (!protocol || a->address().protocol == *protocol) shown.push_back(a);
  }
  if (shown.empty()) return std::errc::no_such_file_or_directory;
  auto left = static_cast<std::uint32_t>(shown.size());
  for (const SecurityAssociation* a : shown) {
    Message answer = describe(m.type, *a, Keys::Shown);
    answer.sequence = --left, answer.pid = m.pid;
    send(from, answer);
  }
  return kDone;
}

PfKeyKernel::Failure PfKeyKernel::register_socket(SocketId from, const Message& m) {
  if (!protocol_of(m.sa_type)) return std::errc::invalid_argument;
  sockets_.at(from).registered |= bit(m.sa_type);
  Message answer{.type = m.type, .sa_type = m.sa_type, .sequence = m.sequence, .pid = m.pid};
  list_supported(m.sa_type, answer);
  send_to_registered(m.sa_type, answer);
  return kDone;
}

// §3.1.6: a daemon gives up. What it had reserved goes, and all that are registered hear of it.
PfKeyKernel::Failure PfKeyKernel::acquire(const Message& m) {
  if (m.error == 0) return std::errc::operation_not_supported;
  SecurityAssociation* larval = engine_.sad().find_larval(m.sequence);
  if (larval == nullptr) return std::errc::no_such_process;
  engine_.sad().remove(*larval);
  Message told{.type = m.type, .error = m.error, .sa_type = m.sa_type, .sequence = m.sequence, .pid = m.pid};
  send_to_registered(m.sa_type, told);
  return kDone;
}

// ---- Policies (KAME) ------------------------------------------------------------------------------------------------

PfKeyKernel::Failure PfKeyKernel::spd_add(Time now, const Message& m) {
  if (!m.policy || (!m.tag && (!m.source || !m.destination))) return std::errc::invalid_argument;
  SecurityPolicy policy{.priority = m.policy->priority, .direction = m.policy->direction, .action = m.policy->action,
                        .requests = m.policy->requests};
  if (m.tag) policy.tag = *m.tag;
  if (m.source && m.destination) {
    const auto selector = pfkey::to_selector(*m.source, *m.destination);
    if (!selector) return std::errc::invalid_argument;
    policy.selector = *selector;
  }
  constexpr std::uint64_t kLongest = 0x7fffffff;
  if (m.hard) policy.lifetime = Duration::seconds(static_cast<std::int64_t>(std::min(m.hard->addtime, kLongest)));
  const auto added = m.type == Type::SpdAdd ? engine_.spd().add(std::move(policy), now)
                                            : engine_.spd().update(std::move(policy), now);
  if (!added) return added.error();
  send_to_all(policy_message(m.type, **added, m.sequence, m.pid));
  return kDone;
}

PfKeyKernel::Failure PfKeyKernel::spd_delete(const Message& m) {
  if (!m.policy) return std::errc::invalid_argument;
  SecurityPolicy* found = nullptr;
  if (m.type == Type::SpdDeleteById) {
    found = engine_.spd().find(m.policy->id);
  } else if (m.source && m.destination) {
    const auto selector = pfkey::to_selector(*m.source, *m.destination);
    if (!selector) return std::errc::invalid_argument;
    found = engine_.spd().find(m.policy->direction, *selector);
  }
  if (found == nullptr) return std::errc::no_such_file_or_directory;
  const Message told = policy_message(m.type, *found, m.sequence, m.pid);
  engine_.spd().remove(*found);
  send_to_all(told);
  return kDone;
}

PfKeyKernel::Failure PfKeyKernel::spd_get(SocketId from, const Message& m) {
  const SecurityPolicy* found = m.policy ? engine_.spd().find(m.policy->id) : nullptr;
  if (found == nullptr) return std::errc::no_such_file_or_directory;
  send(from, policy_message(m.type, *found, m.sequence, m.pid));
  return kDone;
}

PfKeyKernel::Failure PfKeyKernel::spd_dump(SocketId from, const Message& m) {
  const auto policies = engine_.spd().in_order();
  if (policies.empty()) return std::errc::no_such_file_or_directory;
  auto left = static_cast<std::uint32_t>(policies.size());
  for (const SecurityPolicy* policy : policies) send(from, policy_message(m.type, *policy, --left, m.pid));
  return kDone;
}

// draft-sugimoto-mip6-pfkey-migrate §5: the policy's selector, and requests in pairs, of the old ends and the new ones.
PfKeyKernel::Failure PfKeyKernel::migrate(const Message& m) {
  if (!m.policy || !m.source || !m.destination || m.policy->requests.size() % 2 != 0 || m.policy->requests.empty()) {
    return std::errc::invalid_argument;
  }
  const auto selector = pfkey::to_selector(*m.source, *m.destination);
  if (!selector) return std::errc::invalid_argument;
  SecurityPolicy* found = engine_.spd().find(m.policy->direction, *selector);
  if (found == nullptr) return std::errc::no_such_file_or_directory;
  const auto ends = [](const Request& r) { return KeyEngine::Ends{r.source, r.destination}; };
  std::size_t moved = 0;
  for (std::size_t i = 0; i < m.policy->requests.size(); i += 2) {
    moved += engine_.migrate(*found, ends(m.policy->requests[i]), ends(m.policy->requests[i + 1]));
  }
  if (moved == 0) return std::errc::no_such_process;
  send_to_all(policy_message(m.type, *found, m.sequence, m.pid));
  return kDone;
}

// ---- What the kernel says by itself ---------------------------------------------------------------------------------

void PfKeyKernel::on_acquire(const Acquire& acquire) {
  const SaType type = pfkey::sa_type(acquire.request->protocol);
  Message m{.type = Type::Acquire, .sa_type = type, .sequence = acquire.sequence};
  const auto end = [](const Ipv6Address& a) {
    return pfkey::Address{.address = a, .prefix_length = static_cast<std::uint8_t>(a.is_v4_mapped() ? 32 : 128)};
  };
  m.source = end(acquire.source);
  m.destination = end(acquire.destination);
  list_proposal(type, m);
  m.policy = pfkey::PolicyData{acquire.policy->action, acquire.policy->direction, acquire.policy->id,
                               acquire.policy->priority, {}};
  m.sa2 = pfkey::Sa2{.mode = acquire.request->mode, .reqid = acquire.request->reqid};
  if (!acquire.packet.empty()) {
    const Bytes packet = acquire.packet.first(std::min(acquire.packet.size(), pfkey::kMaxPacket));
    m.packet = std::vector<std::uint8_t>(packet.begin(), packet.end());
  }
  send_to_registered(type, m);
}

void PfKeyKernel::on_expire(const SecurityAssociation& association, Sad::Expiration::Kind kind) {
  Message m = describe(Type::Expire, association, Keys::Hidden);
  // §3.1.8: the one that is over is there, and the other is not.
  if (kind == Sad::Expiration::Kind::Soft) m.hard.reset();
  else m.soft.reset();
  send_to_registered(m.sa_type, m);
}

void PfKeyKernel::on_policy_expire(const SecurityPolicy& policy) { send_to_all(describe(Type::SpdExpire, policy)); }

}  // namespace kamesim::ipsec
