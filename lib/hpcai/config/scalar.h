#pragma once

#include <string>

#include "hpcai/config/description.h"
#include "hpcai/config/document.h"

namespace hpcai::config {

struct Scalar {
  Json value;
  std::string remedy;  // if not ok: a sentence on what to write, may be empty
  bool ok = false;
};

// Reads a scalar as the given kind (boolean, integer, number, text or choice), with nothing left to guess: 010, 0x1F,
// 1_000, 1e3 for whole numbers, yes/no for booleans and infinite numbers are refused with the reason.
Scalar read_scalar(const Type& type, const Node& node);

}  // namespace hpcai::config
