#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "hpcai/data/dataset.h"
#include "hpcai/data/loader_config.h"
#include "hpcai/distributed/exchange/group.h"
#include "hpcai/models/model.h"
#include "hpcai/tasks/task.h"
#include "hpcai/trainer/training_config.h"

namespace hpcai::trainer {

struct EvaluationSettings {
  Precision precision = Precision::fp32;
  int64_t global_batch = 32;  // samples of one forward pass, over all ranks
  // The same bits for any number of ranks: the samples of a pass do not depend on it, and a CPU rank computes on one thread.
  bool deterministic = false;
  data::LoaderConfig loader;
};

// Throws Error{diverged} on all ranks if the loss of this evaluation is not finite. `what` names the split: "validation".
void require_finite(const tasks::EvaluationResult& result, const std::string& what);

// Evaluates every sample of a split once, with the model in evaluation mode. Restores the former mode of the model. Every rank
// calls this function and receives the same result.
tasks::EvaluationResult evaluate(distributed::Group& group, models::Model& model, const tasks::Task& task,
                                 const data::Dataset& dataset, const EvaluationSettings& settings);

// The samples of a data set, cut into pieces of whole forward passes of one rank: what is predicted for a sample does not depend
// on which pieces are predicted by which rank.
struct PredictionPieces {
  int64_t samples = 0;
  int64_t of_piece = 1;  // samples; the last piece may have fewer

  // Pieces of `least` samples, or of a few more so that they are multiples of `batch`.
  static PredictionPieces of(int64_t samples, int64_t least, int64_t batch) {
    return {samples, (least + batch - 1) / batch * batch};
  }

  int64_t count() const { return (samples + of_piece - 1) / of_piece; }
  int64_t first(int64_t piece) const { return std::min(samples, piece * of_piece); }
  int64_t size(int64_t piece) const { return first(piece + 1) - first(piece); }
};

// Predicts the samples of some pieces on this rank alone, as evaluate() does, without their truth. `numbers`: of the pieces, in
// rising order; all but the last are multiples of settings.global_batch. Calls `take` with each piece when it is ready: index and
// prediction of its samples, in order. `group` tells the device, and learns of progress; nothing is exchanged.
void predict_pieces(distributed::Group& group, models::Model& model, const tasks::Task& task, const data::Dataset& dataset,
                    const EvaluationSettings& settings, const PredictionPieces& pieces, std::span<const int64_t> numbers,
                    const std::function<void(int64_t piece, const metrics::Predictions::Gathered& predicted)>& take);

}  // namespace hpcai::trainer
