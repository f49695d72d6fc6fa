#pragma once

#include <utility>
#include <vector>

#include "hpcai/data/dataset.h"

namespace hpcai::data {

// Some samples of another data set, in the order of their numbers, without what is known about them. The other outlives it.
class Selection : public Dataset {
 public:
  Selection(const Dataset& base, std::vector<int64_t> numbers)
      : Dataset(base.spec()), base_(base), numbers_(std::move(numbers)) {}

  int64_t size() const override { return static_cast<int64_t>(numbers_.size()); }
  std::string id(int64_t index) const override { return base_.id(of(index)); }
  std::string where(int64_t index) const override { return base_.where(of(index)); }
  void read(int64_t index, const Draw* draw, float* out) const override { base_.read(of(index), draw, out); }
  void read_channels_last(int64_t index, const Draw* draw, float* out) const override {
    base_.read_channels_last(of(index), draw, out);
  }
  bool is_channels_last() const override { return base_.is_channels_last(); }
  at::Tensor targets(std::span<const int64_t>) const override { return {}; }  // undefined
  void hash_content(int64_t index, Sha256& hash) const override { base_.hash_content(of(index), hash); }

 private:
  int64_t of(int64_t index) const { return numbers_[static_cast<size_t>(index)]; }

  const Dataset& base_;
  std::vector<int64_t> numbers_;
};

}  // namespace hpcai::data
