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
  double handicap = 0;             // in typing errors: how much less likely it is than its name says
};

inline constexpr size_t kMostSuggestions = 3;

KnownKey known_key(const Row& row);

// Returns the keys of a description, each path once.
std::vector<KnownKey> known_keys(const std::vector<Row>& rows);

// Returns the places in `keys` of those that nearest_keys() returns. Of several keys with one path it is the likeliest.
std::vector<size_t> nearest_positions(std::string_view path, const std::vector<KnownKey>& keys, size_t most = kMostSuggestions);

// Returns the keys that `written`, a whole path, most likely means: at most `most`, the likeliest first; none if all are
// unrelated. A key may be misspelt, stand in another section or in none, be written in camelCase or with hyphens, or be called by
// a word of its help.
std::vector<std::string> nearest_keys(std::string_view written, const std::vector<KnownKey>& keys,
                                      size_t most = kMostSuggestions);

// The same for paths without a description.
std::vector<std::string> nearest_names(std::string_view written, const std::vector<std::string>& paths,
                                       size_t most = kMostSuggestions);

// "Did you mean a, b or c?" for what the functions above return; empty if that is empty.
std::string did_you_mean(const std::vector<std::string>& nearest);

}  // namespace hpcai::config
