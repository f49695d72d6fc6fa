#include "hpcai/tasks/waveform_mismatch.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <stdexcept>

#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/tasks/mismatch_metric.h"
#include "hpcai/tasks/task.h"
#include "hpcai/tasks/waveform_coordinates.h"
#include "hpcai/tasks/waveform_objective.h"

namespace hpcai::tasks {
namespace {

// Added to the metric for the width of s1 - s2, because some waveforms do not depend on it. The network then learns its mean.
constexpr double kLeastMismatch = 1e-4;
constexpr int64_t kFewestSamples = 8;  // of a waveform; fewer do not determine the metric

// The outputs are coordinates; see coordinates_of_output().
class Mismatch : public WaveformObjective {
 public:
  explicit Mismatch(double scale) : scale_(scale) {}

  std::string_view type() const override { return WaveformMismatchConfig::kType; }
  int64_t outputs() const override { return 3; }
  void check(const std::optional<simulate::TimeGrid>& grid) const override {
    if (!grid) {
      throw Error(ExitCode::usage, fmt::format("loss.type: {} needs the times of the waveforms", type()), "use waveform_mse");
    }
    const int64_t samples = MismatchMetric::grid_of(*grid).size();
    if (samples >= kFewestSamples) return;
    throw Error(ExitCode::usage,
                fmt::format("loss.type: {} needs waveforms of {} samples, at least 1 M apart; these have {}", type(),
                            kFewestSamples, samples),
                "Take more times (data.t_min, t_max, t_step), or use waveform_mse.");
  }
  void prepare(const simulate::TimeGrid& grid, at::Device device) override {
    const auto start = std::chrono::steady_clock::now();
    metric_.emplace(grid, device, at::get_num_threads());
    log::info("the metric of the mismatch took {:.1f} s",
              std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }

  at::Tensor parameters(const at::Tensor& output) const override { return to_parameters(coordinates_of_output(output)); }

  at::Tensor loss(const at::Tensor& output, const at::Tensor& label) const override {
    if (!metric_) throw std::logic_error("waveform_mismatch: prepare() was not called");
    const at::Tensor change = coordinates_of_output(output) - to_coordinates(label);
    const at::Tensor free = (change.select(1, 2) / kCoordinateWidth[2]).square() * kLeastMismatch;
    return ((*metric_)(change, label) + free).div(scale_).log1p().mean();
  }

 private:
  double scale_;
  std::optional<MismatchMetric> metric_;
};

}  // namespace

std::unique_ptr<Task> make(const WaveformMismatchConfig& config, const EvaluationOptions& options) {
  return waveform_regression(std::make_unique<Mismatch>(config.scale), options);
}

}  // namespace hpcai::tasks
