#pragma once

#include <string_view>

#include "hpcai/config/description.h"

namespace hpcai::config {

// Returns the JSON Schema of the config files (draft-07, the newest that editors' YAML servers support). A file with `base:` may
// omit the keys that its base gives.
Json make_schema(const Section& description, std::string_view title);

}  // namespace hpcai::config
