#pragma once

#include <string>

#include "hpcai/config/description.h"

namespace hpcai::config {

// Complete values as a YAML text that reads back bit for bit: keys in the order of their description, doubles in their
// shortest exact form (always with a point, so that other YAML readers see a number), lists of scalars in one line.
std::string write_yaml(const Json& values);

// A scalar or a list in one line, as in that text.
std::string write_flow(const Json& value);

}  // namespace hpcai::config
