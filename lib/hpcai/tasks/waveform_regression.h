#pragma once

#include <memory>
#include <string_view>

#include "hpcai/tasks/options.h"

namespace hpcai::tasks {

class Task;

// The task of finding the mass ratio q and the spins s1, s2 of a black-hole merger from its waveform (Khan, Huerta, Das, PLB 808,
// 135628, 2020).
struct WaveformRegressionConfig {
  static constexpr std::string_view kType = "waveform_mse";
  static constexpr std::string_view kHelp =
      "Regression of mergers: the mean squared error of (q, s1, s2) and of the redundant spins chi_eff and S_eff.";

  template <class Visitor>
  void describe(Visitor&) {}
};

// The regression task. `options` must hold the settings of the section `evaluation`.
std::unique_ptr<Task> make(const WaveformRegressionConfig& config, const EvaluationOptions& options);

}  // namespace hpcai::tasks
