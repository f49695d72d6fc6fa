#pragma once

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
  Ensemble(const TrainedOptions& options, bool needs_labels);

  // The first run. Its `inputs` are those of all runs.
  Trained& first() { return members_.front(); }
  const std::vector<Trained>& members() const { return members_; }

  // As Trained::evaluate(), with the metrics of Task::measure(). With --calibrated, "calibration" has {"temperatures",
  // "log_loss_before", "ece_before"}.
  tasks::EvaluationResult evaluate();
  metrics::Predictions::Gathered predict();  // as Trained::predict()

  // "galaxy-a, step 12", or "the mean of galaxy-a and galaxy-b".
  std::string name() const;
  // {"step", "checkpoint"} of the only run, or {"runs": [{"run_dir", "step", "checkpoint"}]}.
  nlohmann::json record() const;

 private:
  const data::Dataset& data_of(const Trained& member) const { return member.dataset ? *member.dataset : *members_[0].dataset; }
  bool calibrated() const { return members_.front().temperature.has_value(); }

  std::vector<Trained> members_;
};

}  // namespace hpcai::app
