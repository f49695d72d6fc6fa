#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hpcai/data/dataset.h"

namespace hpcai::data {

// One image of a catalogue.
struct CatalogueRow {
  std::string file;             // relative to the folder
  int64_t label = kUnlabelled;  // position in the class names
  std::string where;            // "labels.csv:17"
  std::string problem{};        // why there is no label
  int64_t side = 0;             // of the cut-out in pixels of the file; 0 where the catalogue does not say it
  std::vector<float> truth{};   // votes for each answer, or probabilities of the classes; empty if they are not known
};

}  // namespace hpcai::data
