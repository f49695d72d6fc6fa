#include "hpcai/simulate/strain/frequency_band.h"

#include <cmath>

#include <fmt/format.h>

#include "hpcai/core/error.h"

namespace hpcai::simulate {

namespace {

constexpr double kMostFrequencies = 1 << 24;
constexpr double kStepRounding = 1e-6;  // of a step: a bound that is a multiple of the step belongs to the band

}  // namespace

FrequencyBand frequency_band(double lowest_hz, double highest_hz, double step_hz) {
  const bool ordered = step_hz > 0 && lowest_hz >= step_hz && highest_hz >= lowest_hz && std::isfinite(highest_hz);
  if (!ordered || highest_hz / step_hz > kMostFrequencies) {
    throw Error(
        ExitCode::usage,
        fmt::format("strain: no band of frequencies from {:g} to {:g} Hz in steps of {:g} Hz", lowest_hz, highest_hz, step_hz),
        "the lowest frequency must be at least the step (1 / duration) and at most the highest: 20 to 1000 Hz, 4 s");
  }
  return {step_hz, static_cast<int64_t>(std::ceil(lowest_hz / step_hz - kStepRounding)),
          static_cast<int64_t>(std::floor(highest_hz / step_hz + kStepRounding)) + 1};
}

}  // namespace hpcai::simulate
