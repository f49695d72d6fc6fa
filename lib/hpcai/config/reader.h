#pragma once

#include "hpcai/config/description.h"
#include "hpcai/config/document.h"
#include "hpcai/config/problems.h"

namespace hpcai::config {

// Returns the values of all keys of a section, with defaults, as load() needs them. Adds each violation of the description to
// `problems`, with the nearest valid key or value. The result is valid only if `problems` stays empty.
Json resolve(const Section& description, const Node& document, Problems& problems);

}  // namespace hpcai::config
