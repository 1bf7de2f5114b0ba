#include "protocols/ipsec/control.h"

#include <gtest/gtest.h>

#include <string>

namespace kamesim::ipsec {
namespace {

constexpr std::string_view kScript = R"(
add 2001:db8::1 2001:db8::2 esp 0x1001 -m transport -u 5
    -E aes-cbc "0123456789abcdef" -A hmac-sha1 "0123456789abcdefghij";
add 2001:db8::2 2001:db8::1 ah 0x1002 -A hmac-md5 "0123456789abcdef";
spdadd 2001:db8::1 2001:db8::2 tcp name "web" -P out ipsec esp/transport//unique:5;
spdadd ::/0 ::/0 any -P in none;
)";

struct Node {
  KeyEngine engine{RandomStream(1, 2, "ipsec.spi")};
  std::string run(std::string_view script, Time now = Time()) {
    const auto shown = run_setkey(engine, now, script);
    return shown ? *shown : std::to_string(shown.error().line) + ": " + shown.error().message;
  }
};

TEST(Control, FillsShowsAndEmptiesTheDatabases) {
  Node node;
  EXPECT_EQ(node.run(kScript), "");
  EXPECT_EQ(node.engine.sad().size(), 2u);
  EXPECT_EQ(node.engine.spd().size(), 2u);
  EXPECT_EQ(node.run("dump ah;"),
            "# mature, added at 0.000 s, 0 packets, 0 octets\n"
            "add 2001:db8::2 2001:db8::1 ah 0x00001002 -m any -f cyclic-seq "
            "-A hmac-md5 0x30313233343536373839616263646566 ;\n");
  EXPECT_EQ(node.run("spddump;"),
            "# policy 2, added at 0.000 s\nspdadd ::/0[any] ::/0[any] any -P in none ;\n"
            "# policy 1, added at 0.000 s\nspdadd 2001:db8::1[any] 2001:db8::2[any] tcp name \"web\" -P out ipsec "
            "esp/transport//unique:5 ;\n");
  EXPECT_EQ(node.run("get 2001:db8::2 2001:db8::1 ah 0x1002;"), node.run("dump ah;"));
  EXPECT_EQ(node.run("delete 2001:db8::2 2001:db8::1 ah 0x1002; spddelete ::/0 ::/0 any -P in;"), "");
  EXPECT_EQ(node.run("deleteall 2001:db8::1 2001:db8::2 esp; spdflush;"), "");
  EXPECT_EQ(node.engine.sad().size() + node.engine.spd().size(), 0u);
}

TEST(Control, DoesNothingOfAScriptThatIsNotRight) {
  Node node;
  EXPECT_EQ(node.run(std::string(kScript) + "spdflush"), "7: expected ';', found the end");
  EXPECT_EQ(node.engine.sad().size(), 0u);
}

TEST(Control, SaysWhatIsRefused) {
  struct { std::string_view script, message; } cases[] = {
      {"add 2001:db8::9 2001:db8::2 esp 0x1001 -E des-cbc \"12345678\";",
       "1: an association for esp 0x00001001 to 2001:db8::2: there is one already"},
      {"\nget ::1 ::2 esp 300;", "2: there is no association esp 0x0000012c to ::2 from ::1"},
      {"delete 2001:db8::9 2001:db8::2 esp 0x1001;",
       "1: there is no association esp 0x00001001 to 2001:db8::2 from 2001:db8::9"},
      {"spdadd ::/0 ::/0 any -P in discard;",
       "1: a policy for these packets (spdadd ::/0[any] ::/0[any] any -P in discard ;): there is one already"},
      {"spddelete ::1 ::/0 any -P in;", "1: there is no policy \"in\" for ::1[any] ::/0[any] any"}};
  Node node;
  node.run(kScript);
  for (const auto& c : cases) EXPECT_EQ(node.run(c.script), c.message);
}

TEST(Control, WritesItsConfigurationAsTheScriptThatMakesIt) {
  Node node, other;
  node.run(kScript);
  const std::string script = configuration_script(node.engine);
  EXPECT_EQ(other.run(script), "");
  EXPECT_EQ(configuration_script(other.engine), script);
}

TEST(Control, KeepsOverARebootWhatWasGivenByHandWithNewNumbers) {
  Node node, rebooted;
  node.run(kScript);
  node.engine.sad().in_order()[0]->sequence = 99;
  SaParameters negotiated;
  negotiated.address = {0x2000, Protocol::Esp, "::1"_ip6, "::2"_ip6};
  ASSERT_TRUE(node.engine.sad().add(negotiated, Time()));   // as a daemon would
  const std::string script = configuration_script(node.engine);
  restore(rebooted.engine, Time() + 60_s, configuration_of(node.engine));
  EXPECT_EQ(configuration_script(rebooted.engine), script);
  EXPECT_EQ(rebooted.engine.sad().size(), 2u);
  EXPECT_EQ(rebooted.engine.sad().in_order()[0]->sequence, 0u);
  EXPECT_EQ(rebooted.engine.sad().in_order()[0]->created, Time() + 60_s);
}

}  // namespace
}  // namespace kamesim::ipsec
