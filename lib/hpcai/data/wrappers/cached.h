#pragma once

#include <memory>
#include <optional>

#include "hpcai/data/cache.h"
#include "hpcai/data/dataset.h"

namespace hpcai::data {

// A data set whose inputs are kept in memory once they have been read or made: as floats, so images have CachedImages, which
// takes a quarter. What it wraps must not depend on a draw, since inputs that are drawn anew in every epoch cannot be kept.
class Cached : public Dataset {
 public:
  explicit Cached(std::unique_ptr<const Dataset> base);

  int64_t size() const override { return base_->size(); }
  std::string id(int64_t index) const override { return base_->id(index); }
  std::string where(int64_t index) const override { return base_->where(index); }
  void read(int64_t index, const Draw* draw, float* out) const override;
  at::Tensor targets(std::span<const int64_t> index) const override { return base_->targets(index); }
  void hash_content(int64_t index, Sha256& hash) const override { base_->hash_content(index, hash); }

  void fill(const FillCache& how) const;

 private:
  const float* kept(int64_t index, std::vector<float>& buffer) const;

  std::unique_ptr<const Dataset> base_;
  mutable Cache<float> cache_;
};

// The data set itself where its inputs take more than limit_mb, else Cached, filled now if `fill` asks for it.
std::unique_ptr<Dataset> cached(std::unique_ptr<Dataset> dataset, int64_t limit_mb,
                                const std::optional<FillCache>& fill = std::nullopt);

}  // namespace hpcai::data
