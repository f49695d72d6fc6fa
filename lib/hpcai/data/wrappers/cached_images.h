#pragma once

#include <memory>
#include <optional>

#include "hpcai/data/cache.h"
#include "hpcai/data/image_set.h"

namespace hpcai::data {

// Images that are kept in memory once they have been read or made.
class CachedImages : public ImageSet {
 public:
  explicit CachedImages(std::unique_ptr<const ImageSet> base);

  std::string id(int64_t index) const override { return base_->id(index); }
  std::string where(int64_t index) const override { return base_->where(index); }
  void hash_content(int64_t index, Sha256& hash) const override { base_->hash_content(index, hash); }
  std::string incomplete(int64_t index) const override { return base_->incomplete(index); }
  std::string enlarged(int64_t index) const override { return base_->enlarged(index); }
  void make_pixels(int64_t index, uint8_t* out) const override;
  const uint8_t* pixels(int64_t index, std::vector<uint8_t>& buffer) const override;
  bool make_part(int64_t index, const PickBox& pick, uint8_t* out) const override { return base_->make_part(index, pick, out); }

  void fill(const FillCache& how) const;

 private:
  std::unique_ptr<const ImageSet> base_;
  mutable Cache<uint8_t> cache_;
};

// The images themselves where they take more than limit_mb, else CachedImages, filled now if `fill` asks for it.
std::unique_ptr<const ImageSet> cached(std::unique_ptr<const ImageSet> images, int64_t limit_mb,
                                       const std::optional<FillCache>& fill = std::nullopt);

}  // namespace hpcai::data
