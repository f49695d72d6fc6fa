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

// Seconds of one step, and when each bucket was complete, as part of the backward pass.
struct StepParts {
  double forward = 0, backward = 0, update = 0;
  std::vector<double> ready{};

  double sum() const { return forward + backward + update; }
};

// One rank's training step (trainer::Step) among others, which do not exist, with the moments at which its parts were done.
class OneRank {
 public:
  // For batches of up to `batch` samples. With stages, the last one is trained. Throws what trainer::build throws.
  OneRank(trainer::Experiment experiment, at::Device device, int64_t batch);
  OneRank(const OneRank&) = delete;
  OneRank& operator=(const OneRank&) = delete;

  // Called at every step and every batch of the loader.
  void on_progress(std::function<void()> tell) { tell_ = std::move(tell); }
  // Whether batch norms compute as they do among other ranks (default), where their exchanges are counted.
  void among_others(bool yes);
  StepParts step(int64_t size);

  // Of the last step: exchanges that a rank has to wait for.
  double blocking_exchanges() const { return static_cast<double>(group_->blocking_exchanges()); }
  // In all of them, without the outcome's two numbers for each rank, which step_model.h adds for any number of ranks.
  double blocking_bytes() const { return group_->blocking_bytes() - 2 * static_cast<double>(sizeof(double)) * group_->size(); }

  // Those of the last step, complete after these parts of the backward pass.
  std::vector<Bucket> buckets(const std::vector<double>& ready) const;

  // The loader with nothing else to do, for about `seconds`: seconds and processor seconds per sample.
  std::pair<double, double> input(double seconds);

 private:
  void tell_progress() const {
    if (tell_) tell_();
  }

  // A bucket of gradients that has left: when, and its bytes on the wire.
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
