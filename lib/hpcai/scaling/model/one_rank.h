#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "hpcai/scaling/model/clock.h"
#include "hpcai/scaling/model/rehearsal_group.h"
#include "hpcai/scaling/model/step_model.h"
#include "hpcai/trainer/build.h"
#include "hpcai/trainer/experiment.h"
#include "hpcai/trainer/step.h"

namespace hpcai::scaling {

// The times of one step in seconds. `ready`: for each bucket, the fraction of the backward pass after which it was complete.
struct StepParts {
  double forward = 0, backward = 0, update = 0;
  std::vector<double> ready{};

  double sum() const { return forward + backward + update; }
};

// Runs trainer::Step in one process as rank 0 of a RehearsalGroup, so that the step does the work of a rank among other ranks.
// Records the times of the parts of each step.
class OneRank {
 public:
  // Prepares batches of up to `batch` samples. An experiment with stages trains as in its last stage. Throws what trainer::build
  // throws.
  OneRank(trainer::Experiment experiment, at::Device device, int64_t batch);
  OneRank(const OneRank&) = delete;
  OneRank& operator=(const OneRank&) = delete;

  // Sets a function that is called at every step and every batch of the loader.
  void on_progress(std::function<void()> tell) { tell_ = std::move(tell); }
  // true (default): batch norms are synchronised over the group, and their exchanges are counted. false: they are not.
  void among_others(bool yes);
  // Runs one training step with the first `size` samples of a batch that is read once. The learning rate is too small to change
  // the weights.
  StepParts step(int64_t size);

  // The number of exchanges in the last step for which a rank has to wait.
  double blocking_exchanges() const { return static_cast<double>(group_->blocking_exchanges()); }
  // Bytes of these exchanges together. The two numbers for each rank in the outcome of the step are subtracted, because
  // step_model.h adds them for any number of ranks.
  double blocking_bytes() const { return group_->blocking_bytes() - 2 * static_cast<double>(sizeof(double)) * group_->size(); }

  // The buckets of the last step in the order of sending. `ready[i]` becomes Bucket::ready of bucket i.
  std::vector<Bucket> buckets(const std::vector<double>& ready) const;

  // Reads batches from the loader for about `seconds` and computes nothing. Returns seconds and processor seconds per sample.
  std::pair<double, double> input(double seconds);

 private:
  void tell_progress() const {
    if (tell_) tell_();
  }

  // A bucket of gradients at the moment when it would be sent, and its bytes on the wire.
  struct Departure {
    Moment moment;
    double bytes;
  };

  trainer::Experiment experiment_;
  std::unique_ptr<distributed::Group> alone_;
  std::unique_ptr<RehearsalGroup> group_;
  trainer::Training training_;
  std::optional<trainer::Step> step_;
  data::StepBatch batch_;
  std::optional<Moment> forward_done_;
  std::vector<Departure> departures_;
  std::function<void()> tell_;
  int64_t count_ = 0;
};

}  // namespace hpcai::scaling
