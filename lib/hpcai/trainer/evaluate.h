#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "hpcai/data/config.h"
#include "hpcai/data/dataset.h"
#include "hpcai/distributed/exchange/group.h"
#include "hpcai/metrics/predictions.h"
#include "hpcai/models/loss.h"
#include "hpcai/models/model.h"
#include "hpcai/simulate/waveform.h"
#include "hpcai/trainer/experiment.h"

namespace hpcai::trainer {

struct EvaluationSettings {
  Precision precision = Precision::fp32;
  int64_t global_batch = 32;     // samples at once, over all ranks
  bool symmetric_views = false;  // average over the eight flips and quarter turns of an image
  int64_t overlap_samples = 0;   // waveforms whose overlap is computed
  std::optional<simulate::TimeGrid> overlap_grid;
  int threads = 0;  // of this rank, for the overlaps
  data::LoaderConfig loader;
};

struct EvaluationResult {
  nlohmann::json metrics;  // {"loss", "samples", "accuracy", ...} or {"loss", "samples", "rmse", "overlap_median", ...}
  double loss = 0;         // mean over all samples of all ranks
  metrics::Predictions::Gathered predictions;  // of all ranks: class probabilities [sample, class] or values [sample, output]
};

// Throws, on all ranks alike, Error{diverged} unless the loss of this evaluation is finite. `what`: such as "validation".
void require_finite(const EvaluationResult& result, const std::string& what);

// Evaluates a whole split, every sample once, in evaluation mode; the model returns to its former mode. The result is
// the same on all ranks.
EvaluationResult evaluate(distributed::Group& group, models::Model& model, const models::Loss& loss, const data::Dataset& dataset,
                          const EvaluationSettings& settings);

}  // namespace hpcai::trainer
