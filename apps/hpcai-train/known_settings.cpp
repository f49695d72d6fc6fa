#include "known_settings.h"

#include "hpcai/config/key_path.h"

namespace hpcai::app {

KnownSettings::KnownSettings(const CommandLine& line) {
  for (const config::KeyLine& setting : line.settings()) local_.emplace(setting.path, setting.local);
}

std::vector<std::string> KnownSettings::keys() const {
  std::vector<std::string> keys;
  for (const auto& [key, local] : local_) keys.push_back(key);
  return keys;
}

bool KnownSettings::is_local(const std::string& key) const {
  const auto found = local_.find(config::without_positions(key));
  return found != local_.end() && found->second;
}

}  // namespace hpcai::app
