#pragma once

#include <optional>
#include <string>

#include "hpcai/config/document.h"
#include "hpcai/config/problems.h"

namespace hpcai::config {

// Converts the override "a.b[1].c=value", number `order` of the sources, to the document {a: {b: {1: {c: value}}}}, where the
// value of b is of the kind `elements`. Returns nothing, and adds the reason to `problems`, if it is malformed.
std::optional<Node> parse_override(const std::string& text, int order, Problems& problems);

}  // namespace hpcai::config
