#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "hpcai/config/field.h"
#include "hpcai/data/votes.h"
#include "hpcai/tasks/options.h"

namespace hpcai::tasks {

class Task;

// The task of predicting how volunteers vote on the questions of a decision tree.
struct DirichletMultinomialConfig {
  static constexpr std::string_view kType = "dirichlet_multinomial";
  static constexpr std::string_view kHelp =
      "Votes on questions (data.votes): the negative log probability of a Dirichlet-multinomial for each question.";
  int64_t least_votes = 10;
  std::vector<data::VoteQuestion> questions{};  // no setting: those of the data, see trainer::build_task()

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("least_votes", least_votes,
                  {.help = "Metrics compare the fractions of a question for galaxies with at least so many votes on it.",
                   .min = 1,
                   .local = true});
  }
};

// The task. Its predictions are concentrations [sample, answer], see vote_loss.h.
std::unique_ptr<Task> make(const DirichletMultinomialConfig& config, const EvaluationOptions& options);

}  // namespace hpcai::tasks
