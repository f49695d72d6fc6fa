#include "hpcai/tasks/vote_loss.h"

#include <ATen/ATen.h>

namespace hpcai::tasks {
namespace {

// log (G(total + 1) G(concentration) / G(total + concentration)). In float64, because the logarithms nearly cancel.
at::Tensor log_ways(const at::Tensor& total, const at::Tensor& concentration) {
  return (total + 1).lgamma() + concentration.lgamma() - (total + concentration).lgamma();
}

}  // namespace

at::Tensor concentrations(const at::Tensor& scores) { return 1 + 100 * scores.to(at::kDouble).sigmoid(); }

at::Tensor answers_of_questions(const std::vector<data::VoteQuestion>& questions, at::Device device) {
  int64_t answers = 0;
  for (const data::VoteQuestion& question : questions) answers += static_cast<int64_t>(question.answers.size());
  at::Tensor membership = at::zeros({answers, static_cast<int64_t>(questions.size())}, at::kDouble);
  int64_t first = 0;
  for (size_t q = 0; q < questions.size(); ++q) {
    const auto count = static_cast<int64_t>(questions[q].answers.size());
    membership.narrow(0, first, count).select(1, static_cast<int64_t>(q)).fill_(1);
    first += count;
  }
  return membership.to(device);
}

at::Tensor vote_losses(const at::Tensor& concentration, const at::Tensor& votes, const at::Tensor& membership) {
  const at::Tensor counts = votes.to(at::kDouble).nan_to_num(0);
  const at::Tensor of_answers = log_ways(counts, concentration).matmul(membership);
  return of_answers - log_ways(counts.matmul(membership), concentration.matmul(membership));
}

}  // namespace hpcai::tasks
