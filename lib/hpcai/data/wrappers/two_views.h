#pragma once

#include <memory>

#include "hpcai/data/dataset.h"

namespace hpcai::data {

// Each sample of another data set twice, without what is known about it: first as it is, then changed by the draw. Losses of
// unlabelled samples compare the two. The input's shape is [2, ...that of the other].
class TwoViews : public Dataset {
 public:
  explicit TwoViews(std::unique_ptr<const Dataset> base);

  int64_t size() const override { return base_->size(); }
  std::string id(int64_t index) const override { return base_->id(index); }
  std::string where(int64_t index) const override { return base_->where(index); }
  void read(int64_t index, const Draw* draw, float* out) const override;
  at::Tensor targets(std::span<const int64_t>) const override { return {}; }  // undefined
  void hash_content(int64_t index, Sha256& hash) const override { base_->hash_content(index, hash); }
  std::string incomplete(int64_t index) const override { return base_->incomplete(index); }
  std::string enlarged(int64_t index) const override { return base_->enlarged(index); }

 private:
  std::unique_ptr<const Dataset> base_;
};

}  // namespace hpcai::data
