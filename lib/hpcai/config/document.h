#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hpcai/config/problems.h"

namespace hpcai::config {

// A YAML text as a tree. Aliases are expanded, every node has its place, and scalars are uninterpreted text.
struct Node {
  // elements: single elements of a list, which an override changes. Its entries have their positions as keys.
  enum class Kind { null, scalar, list, map, elements };
  struct Entry;

  Kind kind = Kind::null;
  std::string text;     // scalar; elements: the path of the list
  bool quoted = false;  // scalar: in quotes or a block, so it is always text
  std::vector<Node> items;
  std::vector<Entry> entries;
  Place place;

  const Entry* find(std::string_view key) const;
  Entry* find(std::string_view key);
};
struct Node::Entry {
  std::string key;
  Place place;
  Node value;
};

inline constexpr size_t kMaxConfigBytes = size_t{1} << 20;
inline constexpr size_t kMaxConfigNodes = 20000;  // after the expansion of aliases
inline constexpr size_t kMaxConfigDepth = 64;

// Reads exactly one YAML document. It refuses the features of YAML whose meaning differs from their look (tags, merge keys,
// repeated keys, cyclic aliases) and texts beyond the limits above. `source` gives the order and name of the places. Returns
// nothing, and adds the reason to `problems`, if the text cannot be read as a whole.
std::optional<Node> parse_document(std::string_view text, const Place& source, Problems& problems);

}  // namespace hpcai::config
