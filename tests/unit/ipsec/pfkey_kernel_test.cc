#include "protocols/ipsec/pfkey_kernel.h"

#include <gtest/gtest.h>

#include <string>

namespace kamesim::ipsec {
namespace {

using namespace pfkey;

const Ipv6Address kHere = "2001:db8::1"_ip6, kThere = "2001:db8::2"_ip6, kOther = "2001:db8::3"_ip6;

pfkey::Address end(const Ipv6Address& a) { return {.address = a}; }

Message about(Type type, SaType sa_type, const Ipv6Address& from, const Ipv6Address& to) {
  Message m{.type = type, .sa_type = sa_type, .sequence = 7, .pid = 42};
  m.source = end(from), m.destination = end(to);
  return m;
}

Message complete(Type type, Spi spi) {
  Message m = about(type, SaType::Esp, kHere, kThere);
  m.sa = Sa{.spi = spi, .replay = 8, .auth = algorithm(Integrity::HmacSha1_96).sadb,
            .encrypt = algorithm(Encryption::AesCbc).sadb};
  m.auth_key = Secret(Bytes(std::vector<std::uint8_t>(20, 1)));
  m.encrypt_key = Secret(Bytes(std::vector<std::uint8_t>(16, 2)));
  m.hard = LifetimeData{.addtime = 60};
  return m;
}

// A node with a daemon on one socket and an onlooker on another.
struct Exchange {
  Exchange() : daemon(kernel.open()), onlooker(kernel.open()) {}
  Exchange& at(Duration t) {
    now = Time() + t;
    engine.on_timeout(now);
    return *this;
  }
  Exchange& sends(const Message& m) {
    kernel.receive(now, daemon, to_bytes(m));
    return *this;
  }
  // What came to the socket since the last question.
  std::vector<Message> hears(PfKeyKernel::SocketId socket) {
    for (auto& d : kernel.take()) inbox[d.to].push_back(*parse(d.message));
    return std::exchange(inbox[socket], {});
  }
  KeyEngine engine{RandomStream(1, 2, "ipsec.spi")};
  PfKeyKernel kernel{engine};
  PfKeyKernel::SocketId daemon, onlooker;
  Time now;
  std::map<PfKeyKernel::SocketId, std::vector<Message>> inbox;
};

int error_of(const std::vector<Message>& heard) { return heard.size() == 1 ? heard[0].error : -1; }

TEST(PfKeyKernel, MakesAnAssociationInTwoSteps) {   // RFC 2367 §3.1.1, §3.1.2
  Exchange x;
  Message reserve = about(Type::GetSpi, SaType::Esp, kHere, kThere);
  reserve.spi_range = SpiRange{1000, 1000};
  x.sends(reserve);
  const auto reserved = x.hears(x.daemon);
  ASSERT_EQ(reserved.size(), 1u);
  EXPECT_EQ(reserved[0].sa->spi, 1000u);
  EXPECT_EQ(reserved[0].sa->state, SaState::Larval);
  EXPECT_EQ(reserved[0].sequence, 7u);
  EXPECT_TRUE(x.hears(x.onlooker).empty());
  EXPECT_EQ(x.engine.sad().in_order().at(0)->state, SaState::Larval);

  x.at(29_s).sends(complete(Type::Update, 1000));
  const auto told = x.hears(x.onlooker);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].sa->state, SaState::Mature);
  EXPECT_FALSE(told[0].auth_key || told[0].encrypt_key);   // keys are not told to all
  x.at(88_s);
  EXPECT_EQ(x.engine.sad().size(), 1u);
  x.at(89_s);
  EXPECT_EQ(x.engine.sad().size(), 0u);
}

TEST(PfKeyKernel, RefusesAnUpdateOfAnotherExchange) {   // §3.1.2: by the sequence number
  Exchange x;
  Message reserve = about(Type::GetSpi, SaType::Esp, kHere, kThere);
  reserve.spi_range = SpiRange{1000, 1000};
  x.sends(reserve).hears(x.daemon);
  Message update = complete(Type::Update, 1000);
  update.sequence = 8;
  EXPECT_EQ(error_of(x.sends(update).hears(x.daemon)), static_cast<int>(std::errc::no_such_process));
  EXPECT_EQ(error_of(x.sends(complete(Type::Update, 1001)).hears(x.daemon)),
            static_cast<int>(std::errc::no_such_process));
}

TEST(PfKeyKernel, ChangesNothingOfAMatureOneButItsLifetimes) {   // §3.1.2
  Exchange x;
  x.sends(complete(Type::Add, 1000));
  Message update = complete(Type::Update, 1000);
  update.encrypt_key = Secret(Bytes(std::vector<std::uint8_t>(16, 9)));
  update.hard = LifetimeData{.addtime = 600};
  x.sends(update);
  const SaParameters& p = x.engine.sad().in_order().at(0)->parameters;
  EXPECT_EQ(p.hard.since_added, 600_s);
  EXPECT_EQ(p.encryption_key, Secret(Bytes(std::vector<std::uint8_t>(16, 2))));
  EXPECT_EQ(p.replay_window, 64u);
}

TEST(PfKeyKernel, RefusesWhatProtectsNothing) {   // RFC 4301 §4.2
  Exchange x;
  Message add = complete(Type::Add, 1000);
  add.sa->encrypt = algorithm(Encryption::Null).sadb;
  add.encrypt_key.reset();
  x.sends(add);
  EXPECT_EQ(x.engine.sad().size(), 1u) << "with integrity alone it is right";
  add.sa->spi = 1001, add.sa->auth = 0;
  add.auth_key.reset();
  x.hears(x.daemon);
  EXPECT_EQ(error_of(x.sends(add).hears(x.daemon)), static_cast<int>(std::errc::invalid_argument));
  EXPECT_EQ(x.engine.sad().size(), 1u);
}

TEST(PfKeyKernel, ShowsKeysToWhoAsks) {   // §3.1.5, §3.1.10
  Exchange x;
  x.sends(complete(Type::Add, 1000)).sends(complete(Type::Add, 1001)).hears(x.daemon);
  Message get = about(Type::Get, SaType::Esp, kHere, kThere);
  get.sa = Sa{.spi = 1000};
  const auto shown = x.sends(get).hears(x.daemon);
  ASSERT_EQ(shown.size(), 1u);
  EXPECT_EQ(shown[0].auth_key->size(), 20u);
  x.hears(x.onlooker);
  const auto dumped = x.sends({.type = Type::Dump, .sa_type = SaType::Esp}).hears(x.daemon);
  ASSERT_EQ(dumped.size(), 2u);
  EXPECT_EQ(dumped[0].sequence, 1u);
  EXPECT_EQ(dumped[1].sequence, 0u);
  EXPECT_TRUE(x.hears(x.onlooker).empty());
  EXPECT_EQ(error_of(x.sends({.type = Type::Dump, .sa_type = SaType::Ah}).hears(x.daemon)),
            static_cast<int>(std::errc::no_such_file_or_directory));
}

TEST(PfKeyKernel, DeletesOneOrAllBetweenTwoEnds) {   // §3.1.4; KAME's deleteall
  Exchange x;
  for (Spi spi : {1000, 1001, 1002}) x.sends(complete(Type::Add, spi));
  Message one = about(Type::Delete, SaType::Esp, kHere, kThere);
  one.sa = Sa{.spi = 1001};
  x.sends(one);
  EXPECT_EQ(x.engine.sad().size(), 2u);
  x.sends(about(Type::Delete, SaType::Esp, kHere, kThere));
  EXPECT_EQ(x.engine.sad().size(), 0u);
  x.hears(x.daemon);
  EXPECT_EQ(error_of(x.sends(one).hears(x.daemon)), static_cast<int>(std::errc::no_such_process));
}

TEST(PfKeyKernel, RefusesAssociationsThatCouldNotWork) {
  Exchange x;
  Message no_key = complete(Type::Add, 1000), short_key = no_key, low_spi = complete(Type::Add, 255),
          no_such = no_key, twice = no_key, no_type = no_key;
  no_key.encrypt_key.reset();
  short_key.encrypt_key = Secret(Bytes(std::vector<std::uint8_t>(15, 2)));
  no_such.sa->encrypt = 200;
  no_type.sa_type = SaType::Unspecified;
  twice.sa->encrypt = algorithm(Encryption::AesGcm16).sadb;   // combined, and integrity beside it
  twice.encrypt_key = Secret(Bytes(std::vector<std::uint8_t>(20, 2)));
  for (const Message& wrong : {no_key, short_key, low_spi, no_such, twice, no_type}) {
    EXPECT_EQ(error_of(x.sends(wrong).hears(x.daemon)), static_cast<int>(std::errc::invalid_argument));
  }
  EXPECT_EQ(x.engine.sad().size(), 0u);
}

TEST(PfKeyKernel, TellsThoseThatAreRegisteredWhatPacketsWant) {   // §3.1.6, §3.1.7
  Exchange x;
  SecurityPolicy policy{.id = 5, .action = Action::Protect, .requests = {Request{.reqid = 9}}};
  const std::vector<std::uint8_t> packet{0x60, 0, 0, 0};
  x.engine.acquire(x.now, policy, policy.requests[0], kHere, kThere, {}, packet);
  EXPECT_TRUE(x.hears(x.daemon).empty());
  const auto supported = x.sends({.type = Type::Register, .sa_type = SaType::Esp}).hears(x.daemon);
  ASSERT_EQ(supported.size(), 1u);
  EXPECT_FALSE(supported[0].supported_auth->empty());
  EXPECT_FALSE(supported[0].supported_encrypt->empty());
  x.engine.acquire(x.now, policy, policy.requests[0], kHere, kOther, {}, packet);
  const auto wanted = x.hears(x.daemon);
  ASSERT_EQ(wanted.size(), 1u);
  EXPECT_EQ(wanted[0].type, Type::Acquire);
  EXPECT_EQ(wanted[0].destination->address, kOther);
  EXPECT_EQ(wanted[0].policy->id, 5u);
  EXPECT_EQ(wanted[0].sa2->reqid, 9u);
  EXPECT_EQ(wanted[0].packet, packet);
  EXPECT_GT(wanted[0].proposal.size(), 10u);
  EXPECT_TRUE(x.hears(x.onlooker).empty());
}

TEST(PfKeyKernel, DropsWhatWasReservedWhenADaemonGivesUp) {   // §3.1.6, third form
  Exchange x;
  x.sends(about(Type::GetSpi, SaType::Esp, kHere, kThere));
  EXPECT_EQ(x.engine.sad().size(), 1u);
  x.sends({.type = Type::Acquire, .error = 110, .sa_type = SaType::Esp, .sequence = 7});
  EXPECT_EQ(x.engine.sad().size(), 0u);
}

TEST(PfKeyKernel, TellsSoftAndHardEndsApart) {   // §3.1.8
  Exchange x;
  x.sends({.type = Type::Register, .sa_type = SaType::Esp});
  Message m = complete(Type::Add, 1000);
  m.soft = LifetimeData{.addtime = 40};
  x.sends(m).hears(x.daemon);
  auto ended = x.at(40_s).hears(x.daemon);
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].type, Type::Expire);
  EXPECT_TRUE(ended[0].soft && !ended[0].hard && ended[0].current);
  EXPECT_EQ(ended[0].sa->state, SaState::Dying);
  ended = x.at(60_s).hears(x.daemon);
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_TRUE(ended[0].hard && !ended[0].soft);
  EXPECT_EQ(ended[0].sa->state, SaState::Dead);
}

Message policy(Type type, Direction direction, std::vector<Request> requests = {}) {
  Message m = about(type, SaType::Unspecified, kHere, kThere);
  m.policy = PolicyData{requests.empty() ? Action::Discard : Action::Protect, direction, 0, 0, std::move(requests)};
  return m;
}

TEST(PfKeyKernel, KeepsPolicies) {   // SADB_X_SPDADD, SPDUPDATE, SPDGET, SPDDUMP, SPDDELETE, SPDDELETE2, SPDFLUSH
  Exchange x;
  x.sends(policy(Type::SpdAdd, Direction::Out));
  const auto told = x.hears(x.onlooker);
  ASSERT_EQ(told.size(), 1u);
  const std::uint32_t id = told[0].policy->id;
  x.hears(x.daemon);
  EXPECT_EQ(error_of(x.sends(policy(Type::SpdAdd, Direction::Out)).hears(x.daemon)),
            static_cast<int>(std::errc::file_exists));
  x.sends(policy(Type::SpdUpdate, Direction::Out, {Request{}})).sends(policy(Type::SpdAdd, Direction::In));
  x.hears(x.daemon);
  EXPECT_EQ(x.sends({.type = Type::SpdDump}).hears(x.daemon).size(), 2u);
  Message get{.type = Type::SpdGet};
  get.policy = PolicyData{.id = id};
  EXPECT_EQ(error_of(x.sends(get).hears(x.daemon)), static_cast<int>(std::errc::no_such_file_or_directory));
  get.policy->id = id + 1;
  EXPECT_EQ(x.sends(get).hears(x.daemon).at(0).policy->requests, std::vector<Request>{Request{}});
  x.sends(policy(Type::SpdDelete, Direction::In));
  get.type = Type::SpdDeleteById;
  x.sends(get);
  EXPECT_TRUE(x.engine.spd().empty());
  x.sends(policy(Type::SpdAdd, Direction::In)).sends({.type = Type::SpdFlush});
  EXPECT_TRUE(x.engine.spd().empty());
}

TEST(PfKeyKernel, MovesTheEndsOfATunnel) {   // SADB_X_MIGRATE
  Exchange x;
  const Request tunnel{.mode = Mode::Tunnel, .source = kHere, .destination = kThere};
  Request moved = tunnel;
  moved.destination = kOther;
  Message sa = complete(Type::Add, 1000);
  sa.sa2 = Sa2{.mode = Mode::Tunnel};
  x.sends(sa).sends(policy(Type::SpdAdd, Direction::Out, {tunnel})).hears(x.daemon);
  EXPECT_EQ(error_of(x.sends(policy(Type::Migrate, Direction::Out, {moved, tunnel})).hears(x.daemon)),
            static_cast<int>(std::errc::no_such_process));
  x.sends(policy(Type::Migrate, Direction::Out, {tunnel, moved}));
  EXPECT_EQ(x.engine.spd().in_order().at(0)->requests.at(0).destination, kOther);
  EXPECT_EQ(x.engine.sad().in_order().at(0)->address().destination, kOther);
}

TEST(PfKeyKernel, AnswersWhatIsMalformedWithTheHeaderAlone) {   // §2.1
  Exchange x;
  std::vector<std::uint8_t> wrong = to_bytes(complete(Type::Add, 1000));
  wrong[25] = 9;   // in SADB_EXT_SA a state that there is not
  x.kernel.receive(x.now, x.daemon, wrong);
  const auto answer = x.hears(x.daemon);
  ASSERT_EQ(answer.size(), 1u);
  EXPECT_EQ(answer[0].error, static_cast<int>(std::errc::invalid_argument));
  EXPECT_FALSE(answer[0].sa);
  x.kernel.receive(x.now, x.daemon, Bytes(wrong).first(15));   // not even a header
  EXPECT_TRUE(x.hears(x.daemon).empty());
}

TEST(PfKeyKernel, ShowsAllToTheCurious) {   // §3.1.11: SADB_X_PROMISC
  Exchange x;
  const auto curious = x.onlooker;
  x.kernel.receive(x.now, curious, to_bytes({.type = Type::Promisc, .sa_type = SaType::Esp}));
  x.hears(curious);
  x.sends(about(Type::GetSpi, SaType::Esp, kHere, kThere));
  EXPECT_EQ(x.hears(curious).size(), 1u);
}

TEST(PfKeyKernel, BoundsWhatWaits) {
  Exchange x;
  const auto flush = to_bytes(Message{.type = Type::SpdFlush});
  for (std::size_t i = 0; i < PfKeyKernel::kMaxQueued / 2; ++i) x.kernel.receive(x.now, x.daemon, flush);  // told to both
  EXPECT_EQ(x.kernel.lost(), 0u);
  x.kernel.receive(x.now, x.daemon, flush);
  EXPECT_EQ(x.kernel.lost(), 2u);
  EXPECT_EQ(x.kernel.take().size(), PfKeyKernel::kMaxQueued);
  x.sends(Message{.type = Type::SpdFlush});
  EXPECT_EQ(x.hears(x.onlooker).size(), 1u);
}

}  // namespace
}  // namespace kamesim::ipsec
