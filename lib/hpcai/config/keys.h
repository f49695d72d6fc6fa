#pragma once

#include <string>
#include <string_view>

#include "hpcai/config/description.h"

namespace hpcai::config {

// Returns the settings as aligned columns key, default, allowed, meaning, at most `width` characters wide. `prefix` selects a
// section or a key; empty selects all. Throws Error{usage} with the nearest valid prefix if it selects nothing.
std::string write_key_table(const Section& description, std::string_view prefix, size_t width);

// Returns an array with an object for each setting: key, type, default, unit, min, max, choices, required, local, when, help.
Json list_keys(const Section& description);

}  // namespace hpcai::config
