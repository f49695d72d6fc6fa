#pragma once

#include <memory>
#include <string_view>

#include "hpcai/config/field.h"
#include "hpcai/tasks/options.h"

namespace hpcai::tasks {

class Task;

// The regression of mergers with a loss that counts an error of (q, s1, s2) by the mismatch that it causes.
struct WaveformMismatchConfig {
  static constexpr std::string_view kType = "waveform_mismatch";
  static constexpr std::string_view kHelp =
      "Regression of mergers: log(1 + m / scale), where m is the mismatch of the waveforms with the predicted and the true (q, "
      "s1, "
      "s2), to second order.";
  double scale = 0.01;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("scale", scale,
                  {.help = "Mismatches above this count by their logarithm, those below in proportion.",
                   .min = 0,
                   .max = 1,
                   .min_excluded = true});
  }
};

// The regression task. Task::prepare() computes the waveforms that the loss needs.
std::unique_ptr<Task> make(const WaveformMismatchConfig& config, const EvaluationOptions& options);

}  // namespace hpcai::tasks
