#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "hpcai/distributed/exchange/group.h"
#include "hpcai/metrics/predictions.h"
#include "hpcai/simulate/waveform.h"

namespace hpcai::metrics {

// How well predicted parameters reproduce the waveform: overlaps between true and regenerated waveforms.
struct Overlaps {
  std::vector<double> values;  // one for each sample, in their order
  int64_t clamped = 0;         // predictions outside the waveform model's domain, regenerated at its edge

  // {"overlap_median", "overlap_mean", "overlap_min", "overlap_p05", "overlap_p25", "overlap_p75", "overlap_clamped"}
  nlohmann::json summary() const;
};

// truth [sample, 3], prediction [sample, >= 3]: mass ratio, spin 1, spin 2, ... The (2,2) mode of both is generated on
// `grid` and compared with simulate::overlap (flat noise, maximised over phase and time shift), on `threads` threads
// (0: all cores). A prediction that is not finite counts as overlap 0 and as clamped.
Overlaps overlaps(const at::Tensor& truth, const at::Tensor& prediction, const simulate::TimeGrid& grid, int threads);

// summary() of the overlaps of `count` samples (or of all, if there are fewer), spread evenly over those of all ranks. Each rank
// computes its share on `threads` threads, all get the whole; an empty object if there is no sample.
nlohmann::json overlap_summary(distributed::Group& group, const Predictions::Gathered& all, const simulate::TimeGrid& grid,
                               int64_t count, int threads);

// Linear interpolation between order statistics, as numpy.quantile; `sorted` rises and is not empty, q in [0, 1].
double quantile(const std::vector<double>& sorted, double q);

}  // namespace hpcai::metrics
