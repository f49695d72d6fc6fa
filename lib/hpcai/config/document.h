#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hpcai/config/problems.h"

namespace hpcai::config {

// A YAML text as read: aliases are expanded, every part knows its place, scalars are not interpreted yet.
struct Node {
  enum class Kind { null, scalar, list, map };
  struct Entry;

  Kind kind = Kind::null;
  std::string text;     // scalar
  bool quoted = false;  // scalar: written in quotes or as a block, so it is text whatever it looks like
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
inline constexpr size_t kMaxConfigNodes = 20000;  // after alias expansion
inline constexpr size_t kMaxConfigDepth = 64;

// Reads exactly one YAML document, with the parts of YAML refused that read differently from how they look: tags,
// merge keys, keys given twice, cyclic aliases; and the limits above. `source` gives order and name of the places.
// Returns nothing if the text cannot be read as a whole; `problems` then says why.
std::optional<Node> parse_document(std::string_view text, const Place& source, Problems& problems);

}  // namespace hpcai::config
