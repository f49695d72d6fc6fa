#pragma once

#include <cmath>
#include <vector>

#include "hpcai/scaling/study/curve.h"

// Made-up studies with the shapes that a figure must stand: a laptop's and a cluster's, with and without their parts.
namespace hpcai::scaling::test {

inline Outcome finished(int world, double time_s, double epochs, double quality, const StepTime& step, int repeat = 1) {
  Outcome outcome;
  outcome.repeat = repeat;
  outcome.status = "finished";
  outcome.world = world;
  outcome.reached = true;
  outcome.time_to_target_s = time_s;
  outcome.epochs_to_target = epochs;
  outcome.time_s = 1.1 * time_s;
  outcome.epochs = epochs;
  outcome.samples_per_second = 5000 / time_s;
  outcome.quality = quality;
  outcome.step = step;
  return outcome;
}

inline StepTime split(double mean_s, double communication, double input, double imbalance) {
  return {.step_s = mean_s,
          .compute_s = mean_s * (1 - communication - input - imbalance),
          .exposed_communication_s = mean_s * communication,
          .imbalance_s = mean_s * imbalance,
          .input_s = mean_s * input};
}

// `one_rank_s` on one rank, `exponent` 1 is ideal; `input` is the part of a step spent on input.
inline Curve curve(const std::string& model, const std::vector<int>& worlds, double one_rank_s, double exponent, double input) {
  Curve curve{.name = model + "-study",
              .target = {model == "wavenet" ? "overlap_median" : "accuracy", 0.9},
              .weak = false,
              .points = {},
              .predictions = {},
              .published = published_series(model)};
  for (const int world : worlds) {
    const double time_s = one_rank_s / std::pow(world, exponent);
    const StepTime step = split(time_s / 3000, world > 1 ? 0.1 : 0, input, 0.02);
    curve.points.push_back(
        make_point(world, 128,
                   {finished(world, time_s, 20, 0.9912, step), finished(world, 1.3 * time_s, 25, 0.9955, step, 2),
                    finished(world, 0.8 * time_s, 16, 0.9871, step, 3)}));
  }
  for (int world = 1; world <= 64; world *= 2) {
    const double time_s = one_rank_s / std::pow(world, 0.8);
    curve.predictions.push_back({world, 128, time_s, time_s / 20, 20, split(time_s / 3000, 0.3, 0, 0.05)});
  }
  curve.predictions.push_back({1536, 1536, one_rank_s / 300, one_rank_s / 6000, 20, split(one_rank_s / 9e5, 0.6, 0, 0.1)});
  set_efficiencies(curve.points);
  return curve;
}

}  // namespace hpcai::scaling::test
