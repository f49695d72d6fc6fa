#pragma once

#include <string>

#include "hpcai/config/description.h"
#include "hpcai/config/document.h"

namespace hpcai::config {

struct Scalar {
  Json value;
  std::string remedy;  // if not ok: a sentence on what to write; may be empty
  bool ok = false;
};

// Reads a scalar of the given kind (boolean, integer, number, text or choice). It refuses notations that readers interpret
// differently, with the reason: 010, 0x1F, 1_000, 1e3 for whole numbers, yes/no for booleans, infinite numbers.
Scalar read_scalar(const Type& type, const Node& node);

}  // namespace hpcai::config
