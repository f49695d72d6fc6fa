#pragma once

#include <array>
#include <string>

#include "trained.h"

namespace hpcai::app {

// The files of a calibration.
inline constexpr const char *kRanksCsv = "ranks.csv", *kCalibrationJson = "calibration.json", *kPpFigure = "pp.svg";
inline constexpr std::array kCalibrationFiles = {kRanksCsv, kCalibrationJson, kPpFigure};

// Writes into `folder` whether the densities of `result` are calibrated: ranks.csv (the rank of each truth in its density, and
// the density's quantiles), calibration.json, and the P-P plot pp.svg. Throws Error{cannot_write}.
void write_calibration(const Trained& trained, const tasks::EvaluationResult& result, const std::string& folder,
                       const std::string& data_name);

}  // namespace hpcai::app
