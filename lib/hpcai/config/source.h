#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "hpcai/config/description.h"

namespace hpcai::config {

// Reads a config file, the one file it may name as `base:` (relative to itself), and overrides "a.b.c=value", whose
// values are YAML in one line. What comes later in "base, file, overrides" wins key by key; lists are replaced whole,
// and a section whose `type` changes starts from that type's defaults. Former names of keys and types are read as their present
// ones. Returns checked values, fit for load(). Throws Error{usage} with all problems, Error{missing_input} if a file cannot be
// read.
Json read_values(const Section& description, const std::filesystem::path& path, const std::vector<std::string>& overrides);

// The same for a text, called `name` in messages, that has no base.
Json parse_values(const Section& description, std::string_view text, const std::string& name,
                  const std::vector<std::string>& overrides);

}  // namespace hpcai::config
