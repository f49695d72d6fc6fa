#pragma once

#include <string>
#include <string_view>

#include "hpcai/config/description.h"

namespace hpcai::config {

// The settings as aligned columns key, default, allowed, meaning, wrapped to `width` characters; only those of section
// or key `prefix` unless it is empty. Throws Error{usage} if there are none, with the nearest valid one.
std::string write_key_table(const Section& description, std::string_view prefix, size_t width);

// An array with an object for each setting: key, type, default, unit, min, max, choices, required, local, when, help.
Json list_keys(const Section& description);

}  // namespace hpcai::config
