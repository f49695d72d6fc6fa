#pragma once

#include <string_view>

#include "hpcai/config/description.h"

namespace hpcai::config {

// JSON Schema (draft-07, the newest that editors' YAML servers know) of the config files. A file with `base:` may leave
// out what its base gives.
Json make_schema(const Section& description, std::string_view title);

}  // namespace hpcai::config
