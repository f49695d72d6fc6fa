#pragma once

#include <map>
#include <string>
#include <vector>

#include "commands.h"

namespace hpcai::app {

// The keys of all settings, those of lists with "[]", and which of them leave the trained network unchanged.
class KnownSettings {
 public:
  explicit KnownSettings(const CommandLine& line);
  std::vector<std::string> keys() const;
  // `key` may have positions. An unknown key changes the network.
  bool is_local(const std::string& key) const;

 private:
  std::map<std::string, bool> local_;
};

}  // namespace hpcai::app
