#pragma once

#include <memory>
#include <string_view>

#include "hpcai/config/field.h"
#include "hpcai/tasks/options.h"

namespace hpcai::tasks {

class Task;

// Whose squared error counts: q, s1, s2, chi_eff and S_eff, all outputs of the network; the same with chi_eff and S_eff computed
// from the network's q, s1 and s2; or the coordinates of waveform_coordinates.h.
enum class WaveformTargets { redundant, derived, coordinates };
inline config::EnumNames<WaveformTargets> enum_names(WaveformTargets) {
  return {{WaveformTargets::redundant, "redundant"},
          {WaveformTargets::derived, "derived"},
          {WaveformTargets::coordinates, "coordinates"}};
}

// The task of finding the mass ratio q and the spins s1, s2 of a black-hole merger from its waveform (Khan, Huerta, Das, PLB 808,
// 135628, 2020).
struct WaveformRegressionConfig {
  static constexpr std::string_view kType = "waveform_mse";
  static constexpr std::string_view kHelp =
      "Regression of mergers: the mean squared error of (q, s1, s2) and of the redundant spins chi_eff and S_eff.";
  WaveformTargets targets = WaveformTargets::redundant;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field(
        "targets", targets,
        {.help = "What the network learns: q, s1, s2, chi_eff and S_eff, 5 outputs (redundant); q, s1 and s2, from which "
                 "the others are computed (derived); ln q, chi_eff and s1 - s2 (coordinates)."});
  }
};

// The regression task. `options` must hold the settings of the section `evaluation`.
std::unique_ptr<Task> make(const WaveformRegressionConfig& config, const EvaluationOptions& options);

}  // namespace hpcai::tasks
