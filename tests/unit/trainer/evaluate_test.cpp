#include "hpcai/trainer/evaluate.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "hpcai/core/error.h"
#include "hpcai/distributed/exchange/single_group.h"
#include "hpcai/tasks/tasks.h"
#include "unit/trainer/small_net.h"

using namespace hpcai;
using trainer::PredictionPieces;

TEST_CASE("an evaluation whose loss is not finite ends the run as diverged") {
  tasks::EvaluationResult result;
  result.loss = 3;
  CHECK_NOTHROW(trainer::require_finite(result, "validation"));
  for (const double loss : {std::nan(""), static_cast<double>(INFINITY)}) {
    result.loss = loss;
    try {
      trainer::require_finite(result, "validation");
      FAIL("accepted");
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::diverged);
      CHECK(std::string(error.what()).find("validation") != std::string::npos);
    }
  }
}

TEST_CASE("pieces are whole forward passes, and cover every sample once") {
  for (const int64_t samples : {1, 511, 512, 513, 2000}) {
    for (const int64_t batch : {1, 7, 512, 600}) {
      const auto pieces = PredictionPieces::of(samples, 512, batch);
      CHECK(pieces.of_piece % batch == 0);
      CHECK(pieces.of_piece >= 512);
      CHECK(pieces.of_piece < 512 + batch);
      int64_t sum = 0;
      for (int64_t piece = 0; piece < pieces.count(); ++piece) {
        CHECK(pieces.first(piece) == sum);
        CHECK(pieces.size(piece) > 0);
        sum += pieces.size(piece);
      }
      CHECK(sum == samples);
    }
  }
}

TEST_CASE("predictions in pieces have the bits of one evaluation, whichever pieces are asked for") {
  const auto group = distributed::make_single_group();
  trainer::SmallNet model;
  const auto task = tasks::make_task(tasks::ClassificationConfig{});
  const trainer::Points points(103);
  trainer::EvaluationSettings settings;
  settings.global_batch = 6;
  settings.loader = {.threads = 2, .queue_batches = 2};
  const at::Tensor whole = trainer::evaluate(*group, model, *task, points, settings).predictions.prediction;
  const auto pieces = PredictionPieces::of(points.size(), 20, settings.global_batch);
  REQUIRE(pieces.count() == 5);
  const std::vector<std::vector<int64_t>> shares = {{0, 1, 2, 3, 4}, {4}, {1, 3}, {0, 2, 4}, {}};
  for (const auto& numbers : shares) {
    std::vector<int64_t> taken;
    trainer::predict_pieces(*group, model, *task, points, settings, pieces, numbers,
                            [&](int64_t piece, const metrics::Predictions::Gathered& predicted) {
      taken.push_back(piece);
      CHECK(predicted.prediction.equal(whole.narrow(0, pieces.first(piece), pieces.size(piece))));
      CHECK(predicted.index.front() == pieces.first(piece));
      CHECK(predicted.index.back() == pieces.first(piece + 1) - 1);
      CHECK_FALSE(predicted.target.defined());
    });
    CHECK(taken == numbers);
  }
  CHECK_THROWS_AS(trainer::predict_pieces(*group, model, *task, points, settings, {103, 20}, shares[0], {}),
                  std::invalid_argument);
}
