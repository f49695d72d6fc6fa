#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

namespace hpcai::metrics {

// What a classification says about samples whose class is known.
struct Classified {
  int64_t classes = 0;
  std::vector<double> probability = {};  // [sample, class], row-major
  std::vector<int64_t> truth = {};       // [sample], 0 to classes - 1

  int64_t samples() const { return static_cast<int64_t>(truth.size()); }
  std::span<const double> row(int64_t sample) const;
  int64_t predicted(int64_t sample) const;  // the most probable class; of equals the first
  double certainty(int64_t sample) const;   // its probability
  bool right(int64_t sample) const { return predicted(sample) == truth[static_cast<size_t>(sample)]; }
};

// probability [sample, class]; target int64 [sample], or soft labels float [sample, class], of which the most probable class
// counts (data/class_targets.h), or undefined. Samples of class data::kUnlabelled are left out. `rows`: where it is not null,
// receives the row of each sample that is kept.
Classified classified(const at::Tensor& probability, const at::Tensor& target, std::vector<int64_t>* rows = nullptr);

// The samples, the most certain first: by falling largest probability, equal ones by the rising sum of the other probabilities
// (which still differ in float32 where the largest is rounded to 1), then in the order of the samples.
std::vector<int64_t> most_certain_first(const Classified& all);

// Some of the samples, by their certainty.
struct Kept {
  int64_t samples = 0, right = 0;
  double least_certainty = 0;  // of them
};

// The most certain samples of `all`, as many as each of `counts` says (from 1 to the number of samples).
std::vector<Kept> keep_most_certain(const Classified& all, std::span<const int64_t> counts);

}  // namespace hpcai::metrics
