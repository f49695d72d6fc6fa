#pragma once

#include <memory>
#include <string>
#include <vector>

#include "trained.h"

namespace hpcai::app {

// The networks of one or several runs, which judge the same samples. The class probabilities of several networks are averaged;
// with --calibrated each network's own temperature comes first. The data are those of the first run; a run with other settings of
// `data` reads the same samples with its own.
class Ensemble {
 public:
  // Loads all networks and opens the data. Throws what load_trained() throws; Error{usage} that names the runs if one of several
  // predicts no class probabilities, if their classes or the kinds of their samples differ, or for --checkpoint DIR with several
  // runs; Error{bad_data} if a run's own settings of `data` lead to other samples.
  // `world`: the ranks that predict together; all construct the ensemble, and an error of one of them is thrown on all.
  Ensemble(const TrainedOptions& options, bool needs_labels, const distributed::World& world = {});

  // The first run. Its `inputs` are those of all runs.
  Trained& first() { return members_.front(); }
  const std::vector<Trained>& members() const { return members_; }

  // The samples as one of the members reads them.
  const data::Dataset& data_of(const Trained& member) const { return member.dataset ? *member.dataset : *members_[0].dataset; }

  // As Trained::evaluate(), with the metrics of Task::measure(). With --calibrated, "calibration" has {"temperatures",
  // "log_loss_before", "ece_before"}.
  tasks::EvaluationResult evaluate();
  // As Trained::predict(), with the truth where it is known, see add_truth().
  metrics::Predictions::Gathered predict();
  // The same from the predictions of each network, in the order of members().
  metrics::Predictions::Gathered combine(std::vector<metrics::Predictions::Gathered> of_members) const;

  // "galaxy-a, step 12", or "the mean of galaxy-a and galaxy-b".
  std::string name() const;
  // {"step", "checkpoint"} of the only run, or {"runs": [{"run_dir", "step", "checkpoint"}]}.
  nlohmann::json record() const;

 private:
  void load(const TrainedOptions& options, bool needs_labels, const std::shared_ptr<distributed::Group>& group);
  bool calibrated() const { return members_.front().temperature.has_value(); }

  std::vector<Trained> members_;
};

}  // namespace hpcai::app
