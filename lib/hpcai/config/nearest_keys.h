#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hpcai/config/description.h"

namespace hpcai::config {

// A key that a person may have meant.
struct KnownKey {
  std::string path;  // "optimizer.lr"
  std::string_view help = "";
  std::string_view formerly = "";  // a former name of its last part
};

// Returns the keys of a description, each path once.
std::vector<KnownKey> known_keys(const std::vector<Row>& rows);

// Returns the keys that `written`, a whole path, most likely means: at most `most`, the likeliest first; none if all are
// unrelated. A key may be misspelt, stand in another section or in none, be written in camelCase or with hyphens, or be called by
// a word of its help.
std::vector<std::string> nearest_keys(std::string_view written, const std::vector<KnownKey>& keys, size_t most = 3);

// The same for paths without a description.
std::vector<std::string> nearest_names(std::string_view written, const std::vector<std::string>& paths, size_t most = 3);

}  // namespace hpcai::config
