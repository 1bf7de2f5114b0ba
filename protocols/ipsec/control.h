// What an administrator does with the databases by hand: setkey's scripts, and what a reboot keeps of it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "protocols/ipsec/key_engine.h"
#include "protocols/ipsec/setkey.h"

namespace kamesim::ipsec {

// Reads the whole script, and if it is right does what it says, command by command, until one is refused: those before
// it have been done. What get, dump and spddump show, as lines of setkey's language (with comments). What is added is
// configuration.
Read<std::string> run_setkey(KeyEngine& engine, Time now, std::string_view script, const ResolveName& resolve = {});

// Both databases as a script that makes them anew; of what was made by daemons nothing.
std::string configuration_script(const KeyEngine& engine);

// The same without text, of an engine that is about to go.
struct Configuration {
  IpsecConfig config;
  bool prefer_old = true;
  std::vector<SaParameters> associations;
  std::vector<SecurityPolicy> policies;
};
Configuration configuration_of(const KeyEngine& engine);
void restore(KeyEngine& engine, Time now, Configuration configuration);

}  // namespace kamesim::ipsec
