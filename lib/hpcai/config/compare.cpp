#include "hpcai/config/compare.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "hpcai/config/words.h"
#include "hpcai/config/writer.h"
#include "hpcai/core/sha256.h"

namespace hpcai::config {
namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

void flatten(const Section& section, const Json& values, const std::string& path, Settings& settings);

void flatten(const Type& type, const Json& value, const std::string& path, Settings& settings) {
  if (value.is_object()) {
    if (type.kind == Type::Kind::variant) {
      const auto name = value.at("type").get<std::string>();
      settings.emplace_back(path + ".type", name);
      flatten(*type.find_alternative(name)->section, value, path, settings);
    } else {
      flatten(*type.section, value, path, settings);
    }
  } else if (value.is_array() && !value.empty() && value.front().is_structured()) {
    for (size_t i = 0; i < value.size(); ++i) {
      flatten(type.element.front(), value[i], fmt::format("{}[{}]", path, i), settings);
    }
  } else {
    settings.emplace_back(path, write_flow(value));
  }
}

void flatten(const Section& section, const Json& values, const std::string& path, Settings& settings) {
  for (const Key& key : section.keys) {
    if (!key.field.local) flatten(key.type, values.at(key.name), join_path(path, key.name), settings);
  }
}

}  // namespace

std::string digest_of(const Section& description, const Json& values) {
  Settings settings;
  flatten(description, values, "", settings);
  Sha256 hash;
  for (const auto& [key, value] : settings) hash.update(fmt::format("{}={}\n", key, value));
  return hash.hex();
}

std::vector<Difference> compare(const Section& description, const Json& before, const Json& after) {
  Settings old_settings, new_settings;
  flatten(description, before, "", old_settings);
  flatten(description, after, "", new_settings);
  const std::map<std::string, std::string> old_values(old_settings.begin(), old_settings.end());
  const std::map<std::string, std::string> new_values(new_settings.begin(), new_settings.end());
  std::vector<Difference> differences;
  for (const auto& [key, value] : old_settings) {
    const auto found = new_values.find(key);
    const std::string now = found == new_values.end() ? "not set" : found->second;
    if (now != value) differences.push_back({key, value, now});
  }
  for (const auto& [key, value] : new_settings) {
    if (!old_values.contains(key)) differences.push_back({key, "not set", value});
  }
  return differences;
}

}  // namespace hpcai::config
