#pragma once

#include <cstdint>

#include "hpcai/data/preparation_config.h"
#include "hpcai/data/tables/csv.h"

namespace hpcai::data {

// The sides of cut-outs that a table gives.
class CutoutColumn {
 public:
  // Throws what Csv::column() does.
  CutoutColumn(const Csv& csv, const CutoutConfig& config);

  // factor x size / pixel_scale, rounded, in pixels. Throws Error{bad_data} with the row unless the cell is a positive number
  // that gives 1 to 1,000,000 pixels.
  int64_t side(int64_t row) const;

 private:
  const Csv& csv_;
  const CutoutConfig& config_;
  size_t column_;
};

}  // namespace hpcai::data
