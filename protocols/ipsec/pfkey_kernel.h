// The kernel's end of PF_KEY sockets (RFC 2367 §3): what messages of daemons do to the databases, and who hears of it.
// A machine: time and messages come in, messages for sockets go out.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <system_error>
#include <vector>

#include <tl/expected.hpp>

#include "protocols/ipsec/key_engine.h"
#include "protocols/ipsec/pfkey.h"

namespace kamesim::ipsec {

class PfKeyKernel final : public KeyListener {
 public:
  using SocketId = std::uint32_t;
  struct Delivery {
    SocketId to;
    std::vector<std::uint8_t> message;
  };

  explicit PfKeyKernel(KeyEngine& engine) : engine_(engine) { engine_.add_listener(*this); }
  ~PfKeyKernel() { engine_.remove_listener(*this); }
  PfKeyKernel(const PfKeyKernel&) = delete;
  PfKeyKernel& operator=(const PfKeyKernel&) = delete;

  // Called when there is something to be delivered, from within whatever brought it about.
  std::function<void()> on_output;

  SocketId open();
  void close(SocketId socket);
  // A socket writes. What is malformed is answered with an error (§2.1) if there is a header to say whose it is.
  void receive(Time now, SocketId from, Bytes message);
  // Messages that wait to be delivered; what comes beyond is lost, as from a socket whose buffer is full.
  static constexpr std::size_t kMaxQueued = 1 << 17;
  std::uint64_t lost() const { return lost_; }
  // What is to be delivered now, in order.
  std::vector<Delivery> take() { return std::exchange(output_, {}); }

  void on_acquire(const Acquire& acquire) override;
  void on_expire(const SecurityAssociation& association, Sad::Expiration::Kind kind) override;
  void on_policy_expire(const SecurityPolicy& policy) override;

 private:
  struct Socket {
    std::uint32_t registered = 0;  // a bit for each pfkey::SaType
    bool promiscuous = false;      // SADB_X_PROMISC
  };
  using Message = pfkey::Message;
  // Null: done, and answered.
  using Failure = std::errc;
  static constexpr Failure kDone{};

  Failure handle(Time now, SocketId from, const Message& m);
  Failure get_spi(Time now, SocketId from, const Message& m);
  Failure add(Time now, const Message& m);
  Failure update(Time now, const Message& m);
  Failure remove(const Message& m);
  Failure get(SocketId from, const Message& m);
  Failure dump(SocketId from, const Message& m);
  Failure register_socket(SocketId from, const Message& m);
  Failure acquire(const Message& m);
  Failure spd_add(Time now, const Message& m);
  Failure spd_delete(const Message& m);
  Failure spd_get(SocketId from, const Message& m);
  Failure spd_dump(SocketId from, const Message& m);
  Failure migrate(const Message& m);

  void send(SocketId to, const Message& m);
  void send_to_all(const Message& m);
  void send_to_registered(pfkey::SaType type, const Message& m);
  void queue(SocketId to, const std::vector<std::uint8_t>& message);

  KeyEngine& engine_;
  std::map<SocketId, Socket> sockets_;
  std::vector<Delivery> output_;
  std::uint64_t lost_ = 0;
  SocketId next_socket_ = 1;
};

namespace pfkey {

// What a SADB_ADD or SADB_UPDATE says. Refused: invalid_argument, with lengths of keys that the algorithms do not take,
// numbers of algorithms that are not known, missing extensions.
tl::expected<SaParameters, std::errc> parameters_of(const Message& message);
// The association as SADB_GET shows it; without keys, as it is told to all.
enum class Keys : bool { Hidden, Shown };
Message describe(Type type, const SecurityAssociation& association, Keys keys);
// A policy as SADB_X_SPDGET shows it.
Message describe(Type type, const SecurityPolicy& policy);
// All algorithms of a type (§2.3.8), and what a packet may be protected with (§2.3.7).
void list_supported(SaType type, Message& message);
void list_proposal(SaType type, Message& message);

}  // namespace pfkey

}  // namespace kamesim::ipsec
