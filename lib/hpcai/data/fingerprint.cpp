#include "hpcai/data/fingerprint.h"

#include <ATen/core/Tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "hpcai/core/error.h"
#include "hpcai/core/sha256.h"
#include "hpcai/core/text.h"

namespace hpcai::data {
namespace {

constexpr int64_t kContentSamples = 32;

std::string names_digest(const Dataset& dataset) {
  Sha256 hash;
  for (int64_t i = 0; i < dataset.size(); ++i) {
    hash.update(dataset.id(i));
    hash.update(std::string_view("\0", 1));
  }
  return hash.hex();
}

std::string targets_digest(const Dataset& dataset) {
  std::vector<int64_t> all(static_cast<size_t>(dataset.size()));
  std::iota(all.begin(), all.end(), 0);
  const at::Tensor targets = dataset.targets(all);
  Sha256 hash;
  if (targets.defined()) hash.update(targets.contiguous().const_data_ptr(), targets.nbytes());
  return hash.hex();
}

std::string content_digest(const Dataset& dataset) {
  Sha256 hash;
  const int64_t count = std::min(dataset.size(), kContentSamples);
  for (int64_t i = 0; i < count; ++i) {
    try {
      dataset.hash_content(i * dataset.size() / count, hash);
    } catch (const Error&) {  // training tells, when it reads it
      hash.update("unreadable");
    }
  }
  return hash.hex();
}

}  // namespace

Fingerprint fingerprint(const Dataset* dataset) {
  if (dataset == nullptr || dataset->size() == 0) return {};
  return {dataset->size(), names_digest(*dataset), targets_digest(*dataset), content_digest(*dataset)};
}

std::string describe_change(const Fingerprint& then, const Fingerprint& now) {
  if (then == now) return "";
  if (then.samples != now.samples) return fmt::format("{} then, {} now", plural(then.samples, "sample"), now.samples);
  std::vector<std::string> changes;
  if (then.names != now.names) changes.emplace_back("names or order");
  if (then.targets != now.targets) changes.emplace_back("labels");
  if (then.content != now.content) changes.emplace_back("contents");
  return fmt::format("{}, whose {} have changed", plural(now.samples, "sample"), join_words(changes, "and"));
}

}  // namespace hpcai::data
