#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "hpcai/config/description.h"
#include "hpcai/config/origin.h"

namespace hpcai::config {

// Reads a config file, the one file that it may name as `base:` (relative to itself), and overrides "a.b.c=value", whose values
// are YAML in one line. Of base, file and overrides, the later one wins, key by key. A list is replaced as a whole, but the
// override "a.b[1].c=value" changes one element of a list. A section whose `type` changes starts from the defaults of the new
// type, and drops the earlier keys of the section. Former names of keys and types are read as their present names. Returns
// checked values, as load() needs them. Throws Error{usage} with all problems, Error{missing_input} if a file cannot be read.
// `origins`, if given, receives the places of the values.
Json read_values(const Section& description, const std::filesystem::path& path, const std::vector<std::string>& overrides,
                 Origins* origins = nullptr);

// The same for a text without a base. `name` names the text in messages.
Json parse_values(const Section& description, std::string_view text, const std::string& name,
                  const std::vector<std::string>& overrides);

}  // namespace hpcai::config
