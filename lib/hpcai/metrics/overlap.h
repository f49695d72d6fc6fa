#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <vector>

#include "hpcai/data/progress.h"
#include "hpcai/distributed/exchange/group.h"
#include "hpcai/metrics/predictions.h"
#include "hpcai/simulate/waveform.h"

namespace hpcai::metrics {

// Keys of a summary: the median, and the values that 5 % and 1 % of the samples do not reach.
inline constexpr const char *kOverlapMedianKey = "overlap_median", *kOverlapP05Key = "overlap_p05",
                            *kOverlapP01Key = "overlap_p01";

// The overlaps between true waveforms and waveforms regenerated from predicted parameters.
struct Overlaps {
  std::vector<double> values;  // one for each sample, in the order of the samples
  int64_t clamped = 0;         // predictions outside the waveform model's domain, regenerated at its edge

  // {"overlap_median", "overlap_mean", "overlap_min", "overlap_p001" (0.1 % of the samples do not reach it), "overlap_p01",
  // "overlap_p05", "overlap_p25", "overlap_p75", "overlap_clamped", "overlap_samples"}
  nlohmann::json summary() const;
};

// The binaries in the first three columns of `parameters` [sample, >= 3]: mass ratio, spin 1, spin 2.
std::vector<simulate::Binary> binaries(const at::Tensor& parameters);

// The rows [n], rising, of `truth` [sample, >= 3] whose binary lies in the range of the waveform model (simulate/waveform.h). The
// binaries of a surrogate may lie outside.
at::Tensor covered_rows(const at::Tensor& truth);

// `count` of the `rows` [n], spread evenly, or all if there are fewer.
at::Tensor spread_evenly(const at::Tensor& rows, int64_t count);

// Returns the overlaps of all samples, whose truths must lie in the range of the waveform model. truth [sample, 3], prediction
// [sample, >= 3]: mass ratio, spin 1, spin 2, ... Both (2,2) modes are generated on `grid` (times in M) and compared with
// simulate::overlap (flat noise, maximised over phase and time shift), on `threads` threads (0: all cores). `weights`: of
// simulate::noise_weights(), for coloured noise. A prediction that is not finite has overlap 0 and counts as clamped. `progress`
// is called for every sample.
Overlaps overlaps(const at::Tensor& truth, const at::Tensor& prediction, const simulate::TimeGrid& grid, int threads,
                  std::span<const double> weights = {}, const data::Progress& progress = nullptr);

// Returns the summary() of `count` samples, spread_evenly() over the covered_rows() of all ranks' samples. `all` is the result of
// gather(). Every rank calls it and computes its share on `threads` threads; every rank gets the whole summary. Returns an empty
// object if there is no sample.
nlohmann::json overlap_summary(distributed::Group& group, const Predictions::Gathered& all, const simulate::TimeGrid& grid,
                               int64_t count, int threads);

// Returns the q-quantile by linear interpolation between order statistics, as numpy.quantile. `sorted` rises and is not empty; q
// is in [0, 1].
double quantile(const std::vector<double>& sorted, double q);

}  // namespace hpcai::metrics
