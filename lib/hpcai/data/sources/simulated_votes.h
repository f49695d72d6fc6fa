#pragma once

#include <cstdint>
#include <vector>

#include "hpcai/data/votes.h"
#include "hpcai/simulate/galaxy_object.h"

namespace hpcai::data {

// The questions that simulated volunteers are asked about a simulated galaxy: the first four of Galaxy Zoo's tree, whether it is
// smooth or featured, and then seen edge-on, with spiral arms, with a bar.
const std::vector<VoteQuestion>& simulated_questions();

// The chance that a volunteer who is asked a question gives each of its answers, for all questions in order; those of a question
// have the sum 1. A simple model: arms are seen the better the stronger they are, a disk looks edge-on from 75 degrees on.
std::vector<double> answer_chances(const simulate::Galaxy& galaxy);

// The votes of so many volunteers on object `index` of the sky `seed`, for each answer: each volunteer answers the questions to
// which the earlier answers lead. A pure function of its arguments.
std::vector<float> draw_votes(const simulate::Galaxy& galaxy, int64_t volunteers, uint64_t seed, uint64_t index);

}  // namespace hpcai::data
