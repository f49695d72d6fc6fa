#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "hpcai/distributed/exchange/gradient_buffers.h"
#include "hpcai/scaling/model/clock.h"
#include "hpcai/scaling/model/step_model.h"
#include "hpcai/trainer/average.h"
#include "hpcai/trainer/build.h"

namespace hpcai::scaling {

// Seconds of one step, and when each bucket was complete, as part of the backward pass.
struct StepParts {
  double forward = 0, backward = 0, update = 0;
  std::vector<double> ready{};

  double sum() const { return forward + backward + update; }
};

// One rank's step, as Trainer::step does it, with marks between its parts and without its exchanges. Gradients lie in the buckets
// in which they would travel.
class OneRank {
 public:
  // For batches of up to `batch` samples. With stages, the last one is trained. Throws what trainer::build throws.
  OneRank(trainer::Experiment experiment, at::Device device, int64_t batch);
  ~OneRank();
  OneRank(const OneRank&) = delete;
  OneRank& operator=(const OneRank&) = delete;

  // Called at every step and every batch of the loader.
  void on_progress(std::function<void()> tell) { tell_ = std::move(tell); }
  // Whether batch norms compute as they do among other ranks (default), where their exchanges are counted.
  void among_others(bool yes);
  StepParts step(int64_t size);

  // Of the last step among others.
  double blocking_exchanges() const { return static_cast<double>(exchanges_) + 1; }  // and the verdict on the step
  double blocking_bytes() const { return exchanged_bytes_ + 3 * sizeof(double); }

  // Complete after these parts of the backward pass.
  std::vector<Bucket> buckets(const std::vector<double>& ready) const;

  // The loader with nothing else to do, for about `seconds`: seconds and processor seconds per sample.
  std::pair<double, double> input(double seconds);

 private:
  void lay_out_gradients();
  void tell_progress() const {
    if (tell_) tell_();
  }

  trainer::Experiment experiment_;
  std::unique_ptr<distributed::Group> group_;
  trainer::Training training_;
  data::Batch batch_;
  std::vector<at::Tensor> trained_;
  distributed::GradientBuffers buffers_;
  std::optional<trainer::WeightAverage> average_;
  std::vector<std::pair<size_t, Moment>> ready_;
  std::function<void()> tell_;
  int64_t count_ = 0;
  int64_t exchanges_ = 0;
  double exchanged_bytes_ = 0;
};

}  // namespace hpcai::scaling
