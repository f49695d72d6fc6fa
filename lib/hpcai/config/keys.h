#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hpcai/config/description.h"

namespace hpcai::config {

// What the table of settings says about a key.
struct KeyLine {
  std::string path;           // "optimizer.lr"
  std::string default_value;  // as YAML, or "required"
  std::string allowed;        // "number, greater than 0"
  std::string meaning;
  std::string when;         // "optimizer.type: adam": the alternatives that must be chosen for the key to exist
  bool is_setting = false;  // false for a key whose value is a section
  bool local = false;       // whether the trained network does not depend on it

  bool operator==(const KeyLine&) const = default;
};

// Returns the lines of all keys, in the order of the description.
std::vector<KeyLine> key_lines(const Section& description);

// Key lines as text, one a line with tabs between the members, and back.
std::string write_key_lines(const std::vector<KeyLine>& lines);
std::vector<KeyLine> read_key_lines(std::string_view text);

// Returns the settings as aligned columns key, default, allowed, meaning, at most `width` characters wide. `prefix` selects a
// section or a key; empty selects all. Throws Error{usage} with the nearest valid prefix if it selects nothing.
std::string write_key_table(const std::vector<KeyLine>& lines, std::string_view prefix, size_t width);

// Returns an array with an object for each setting: key, type, default, unit, min, max, choices, required, local, when, help.
Json list_keys(const Section& description);

}  // namespace hpcai::config
