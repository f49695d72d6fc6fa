#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hpcai/core/json.h"

namespace hpcai::runs {

// The settings of a run, one for each line of its config.yaml that has a value, in the order of the file. A text is YAML in one
// line, as config::write_flow() gives it: `0.001`, `adam`, `"a b"`, `[8, 16]`. A key of a list of sections has the position of
// its section: "training.stages[0].epochs".
class Settings {
 public:
  using Entry = std::pair<std::string, std::string>;

  void add(std::string key, std::string text) { entries_.emplace_back(std::move(key), std::move(text)); }
  const std::vector<Entry>& entries() const { return entries_; }
  // Returns null if the run has no such setting.
  const std::string* find(std::string_view key) const;
  bool empty() const { return entries_.empty(); }

 private:
  std::vector<Entry> entries_;
};

// Reads the text of a config.yaml as config::write_yaml() writes it. Another layout of YAML, which a person may have given the
// file, is not understood: `damage` then receives the first line that cannot be read, and the settings before it are returned.
// Reads some hundred megabytes a second, where a reader of all YAML needs milliseconds for a file.
Settings parse_settings(std::string_view yaml, std::optional<std::string>& damage);

// Returns the value of a text: a number, true, false, null or text. A list stays text.
nlohmann::json value_of(const std::string& text);

}  // namespace hpcai::runs
