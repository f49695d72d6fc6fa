#include "hpcai/data/wrappers/subset.h"

#include <stdexcept>

namespace hpcai::data {

Subset::Subset(std::shared_ptr<const Dataset> base, std::vector<int64_t> rows)
    : Dataset(base->spec()), base_(std::move(base)), rows_(std::move(rows)) {
  for (const int64_t row : rows_) {
    if (row < 0 || row >= base_->size()) throw std::out_of_range("Subset: a row outside of the data set");
  }
}

at::Tensor Subset::targets(std::span<const int64_t> index) const {
  std::vector<int64_t> rows;
  rows.reserve(index.size());
  for (const int64_t i : index) rows.push_back(row(i));
  return base_->targets(rows);
}

}  // namespace hpcai::data
