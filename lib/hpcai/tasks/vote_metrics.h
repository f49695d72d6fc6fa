#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "hpcai/data/votes.h"

namespace hpcai::tasks {

inline constexpr const char *kFractionErrorKey = "fraction_error", *kVoteAccuracyKey = "vote_accuracy";

// How well predicted fractions of votes agree with those of the volunteers. A question counts for the galaxies on which at least
// `least_votes` volunteers answered it. concentration [sample, answer] and votes [sample, answer] on the CPU.
//   "questions": for each question "galaxies" (how many count), "fraction_error" (the mean over galaxies and answers of
//                |expected - voted fraction|) and "accuracy" (the share of galaxies for which the answer with the largest
//                expected fraction has the most votes; one of several with as many counts as right)
//   "fraction_error", "vote_accuracy": the means of these over the questions
// A number without galaxies is null.
nlohmann::json vote_metrics(const std::vector<data::VoteQuestion>& questions, const at::Tensor& concentration,
                            const at::Tensor& votes, int64_t least_votes);

// What concentrations say of the answers to questions.
struct VotePrediction {
  std::vector<double> fraction;   // [answer] expected: a_i / A of the question
  std::vector<double> low, high;  // [answer] quantiles at 5 and 95 % of the marginal distribution, Beta(a_i, A - a_i)
  std::vector<double> asked;  // [question] the expected part of the volunteers that is asked: the sum over its `asked_after` of
                              // the part asked the earlier question times the fraction that gave the answer; at most 1
};

// concentration: one for each answer of all questions.
VotePrediction predict_votes(const std::vector<data::VoteQuestion>& questions, const double* concentration);

}  // namespace hpcai::tasks
