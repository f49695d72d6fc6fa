#pragma once

#include "hpcai/data/dataset.h"

namespace hpcai::data {

// The samples of another data set without what is known about them: what a prediction may see. The other outlives it.
class WithoutTruth : public Dataset {
 public:
  explicit WithoutTruth(const Dataset& base) : Dataset(base.spec()), base_(base) {}

  int64_t size() const override { return base_.size(); }
  std::string id(int64_t index) const override { return base_.id(index); }
  std::string where(int64_t index) const override { return base_.where(index); }
  void read(int64_t index, const Draw* draw, float* out) const override { base_.read(index, draw, out); }
  void read_channels_last(int64_t index, const Draw* draw, float* out) const override {
    base_.read_channels_last(index, draw, out);
  }
  bool is_channels_last() const override { return base_.is_channels_last(); }
  at::Tensor targets(std::span<const int64_t>) const override { return {}; }  // undefined
  void hash_content(int64_t index, Sha256& hash) const override { base_.hash_content(index, hash); }

 private:
  const Dataset& base_;
};

}  // namespace hpcai::data
