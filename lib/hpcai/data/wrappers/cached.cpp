#include "hpcai/data/wrappers/cached.h"

#include <algorithm>

#include "hpcai/data/progress.h"

namespace hpcai::data {

Cached::Cached(std::unique_ptr<const Dataset> base)
    : Dataset(base->spec()), base_(std::move(base)), cache_(base_->size(), input_size()) {}

const float* Cached::kept(int64_t index, std::vector<float>& buffer) const {
  return cache_.get(index, buffer, [&](float* place) { base_->read(index, nullptr, place); });
}

void Cached::read(int64_t index, const Draw*, float* out) const {
  thread_local std::vector<float> buffer;
  const float* from = kept(index, buffer);
  std::copy(from, from + input_size(), out);
}

void Cached::fill(const FillCache& how) const {
  for_each_with_progress(how.what, size(), how.threads, [&](int64_t index) {
    std::vector<float> unused;
    kept(index, unused);
  });
}

std::unique_ptr<Dataset> cached(std::unique_ptr<Dataset> dataset, int64_t limit_mb, const std::optional<FillCache>& fill) {
  if (!Cache<float>::fits(dataset->size(), dataset->input_size(), limit_mb)) return dataset;
  auto kept = std::make_unique<Cached>(std::move(dataset));
  if (fill) kept->fill(*fill);
  return kept;
}

}  // namespace hpcai::data
