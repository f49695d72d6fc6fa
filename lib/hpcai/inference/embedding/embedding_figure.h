#pragma once

#include <string>
#include <vector>

#include "hpcai/data/embedding_table.h"
#include "hpcai/draw/cloud.h"

namespace hpcai::inference {

enum class ColourBy { label, predicted };

// What a figure of the table's coordinates shows: a colour for each of `classes`, a shape of the marker for each survey. `axes`:
// the titles of the coordinates.
draw::Cloud cloud_of(const data::EmbeddingTable& table, const std::vector<std::string>& classes, ColourBy colour_by,
                     const std::string& title, const std::vector<std::string>& axes);

}  // namespace hpcai::inference
