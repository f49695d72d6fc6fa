#pragma once

#include <string>

#include "hpcai/config/description.h"

namespace hpcai::config {

// Returns complete values as a YAML text that reads back bit for bit. Keys have the order of their description. Doubles have
// their shortest exact form, always with a point, so that other YAML readers see a number. Lists of scalars take one line.
std::string write_yaml(const Json& values);

// Returns a scalar or a list in one line, as in that text.
std::string write_flow(const Json& value);

}  // namespace hpcai::config
