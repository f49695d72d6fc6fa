#include "hpcai/data/wrappers/cached_images.h"

#include <cstring>

#include "hpcai/data/progress.h"

namespace hpcai::data {

CachedImages::CachedImages(std::unique_ptr<const ImageSet> base)
    : ImageSet(*base), base_(std::move(base)), cache_(size(), image_size()) {}

const uint8_t* CachedImages::pixels(int64_t index, std::vector<uint8_t>& buffer) const {
  return cache_.get(index, buffer, [&](uint8_t* place) { base_->make_pixels(index, place); });
}

void CachedImages::make_pixels(int64_t index, uint8_t* out) const {
  std::vector<uint8_t> buffer;
  std::memcpy(out, pixels(index, buffer), static_cast<size_t>(image_size()));
}

void CachedImages::fill(const FillCache& how) const {
  for_each_with_progress(how.what, size(), how.threads, [&](int64_t index) {
    std::vector<uint8_t> unused;
    pixels(index, unused);
  });
}

std::unique_ptr<const ImageSet> cached(std::unique_ptr<const ImageSet> images, int64_t limit_mb,
                                       const std::optional<FillCache>& fill) {
  if (!Cache<uint8_t>::fits(images->size(), images->image_size(), limit_mb)) return images;
  auto kept = std::make_unique<CachedImages>(std::move(images));
  if (fill) kept->fill(*fill);
  return kept;
}

}  // namespace hpcai::data
