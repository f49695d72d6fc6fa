#pragma once

#include <memory>

#include "hpcai/data/dataset.h"

namespace hpcai::data {

// With what a sample is mixed: `part` of the sample itself and 1 - part of the other.
struct Mixture {
  int64_t other = 0;
  double part = 1;
};

// The mixture of sample `index` of `size` in draw.epoch: part is drawn from Beta(alpha, alpha), the other sample evenly among
// all. A pure function of its arguments. `alpha` is above 0.
Mixture draw_mixture(double alpha, const Draw& draw, int64_t index, int64_t size);

// Samples of classes, each mixed with another one (mixup, Zhang et al. 2018, arXiv:1710.09412). Without a draw they are as they
// are. With a draw the input is part * x_i + (1 - part) * x_j, where both are changed by the same draw, that is as each of them
// looks in this epoch, and drawn_targets() are the probabilities of the classes, float [n, class]: part times those of i,
// and 1 - part times those of j. All samples need a label.
class MixedUp : public Dataset {
 public:
  MixedUp(std::unique_ptr<const Dataset> base, double alpha);

  // The samples as they are.
  const Dataset& base() const { return *base_; }

  int64_t size() const override { return base_->size(); }
  std::string id(int64_t index) const override { return base_->id(index); }
  std::string where(int64_t index) const override { return base_->where(index); }
  void read(int64_t index, const Draw* draw, float* out) const override;
  void read_channels_last(int64_t index, const Draw* draw, float* out) const override;
  bool is_channels_last() const override { return base_->is_channels_last(); }
  at::Tensor targets(std::span<const int64_t> index) const override { return base_->targets(index); }
  at::Tensor drawn_targets(std::span<const int64_t> index, const Draw* draw) const override;
  void hash_content(int64_t index, Sha256& hash) const override { base_->hash_content(index, hash); }
  std::string incomplete(int64_t index) const override { return base_->incomplete(index); }
  std::string enlarged(int64_t index) const override { return base_->enlarged(index); }

 private:
  template <class Read>
  void read_mixed(int64_t index, const Draw* draw, float* out, const Read& read) const;

  std::unique_ptr<const Dataset> base_;
  double alpha_;
};

}  // namespace hpcai::data
