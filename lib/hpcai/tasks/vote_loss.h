#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "hpcai/data/votes.h"

namespace hpcai::tasks {

// scores [batch, answer] -> concentrations of Dirichlet distributions, float64 [batch, answer]: 1 + 100 / (1 + exp(-score)), as
// in Zoobot (Walmsley et al. 2022, MNRAS 509, 3966; 2023, JOSS 8, 5312).
at::Tensor concentrations(const at::Tensor& scores);

// float64 [answer, question]: 1 where an answer belongs to a question, else 0. The answers are those of all questions in order.
at::Tensor answers_of_questions(const std::vector<data::VoteQuestion>& questions, at::Device device);

// The negative logarithm of the probability of the votes, if the answers of each question are drawn from a Dirichlet-multinomial
// distribution, for each question: float64 [batch, question]. For n votes, of which x_i for answer i, and concentrations a_i:
//   -log p = sum_i (log G(x_i + 1) + log G(a_i) - log G(x_i + a_i)) - (log G(n + 1) + log G(A) - log G(n + A)),  A = sum_i a_i
// with the gamma function G, which makes it defined for votes with fractions too. It is 0, and its gradient too, without votes.
// concentration float64 [batch, answer]; votes [batch, answer], NaN = none; membership as of answers_of_questions().
at::Tensor vote_losses(const at::Tensor& concentration, const at::Tensor& votes, const at::Tensor& membership);

}  // namespace hpcai::tasks
