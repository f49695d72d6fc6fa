#pragma once

#include "hpcai/config/description.h"
#include "hpcai/config/document.h"
#include "hpcai/config/problems.h"

namespace hpcai::config {

// The values of all keys of a section, defaults filled in, fit for load(). Whatever does not obey the description goes
// to `problems`, with the nearest valid key or value; the result counts only if there are none.
Json resolve(const Section& description, const Node& document, Problems& problems);

}  // namespace hpcai::config
