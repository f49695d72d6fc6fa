#pragma once

#include <map>
#include <string>

#include "hpcai/config/document.h"

namespace hpcai::config {

// Where the values of a config come from: "optimizer.lr" -> "configs/a.yaml:14" or "--set optimizer.lr". Keys of lists of
// sections have positions: "training.stages[0].epochs". A key that is not here has its default.
using Origins = std::map<std::string, std::string>;

// Returns the place of each value in a document: of each scalar, of each list without sections, and of null.
Origins origins_of(const Node& document);

}  // namespace hpcai::config
