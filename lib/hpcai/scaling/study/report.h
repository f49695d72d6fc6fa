#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "hpcai/scaling/study/curve.h"
#include "hpcai/scaling/study/study.h"

namespace hpcai::scaling {

// What the run folders of a study hold, as one curve for each experiment; worlds without a run are left out. With a prediction
// where there is a calibration; it puts `ranks_per_node` on each node of a cluster.
std::vector<Curve> collect(const Study& study, int ranks_per_node);

// For a terminal: one table for each experiment.
std::string table_of(const std::vector<Curve>& curves);

// scaling.json: everything, with where and by what it was measured.
nlohmann::json scaling_json(const Study& study, const std::vector<Curve>& curves, const std::vector<std::string>& command);

// Writes scaling.json and figure1.svg into the study's folder; returns the curves that they show. Throws Error{cannot_write}.
std::vector<Curve> write_report(const Study& study, int ranks_per_node, const std::vector<std::string>& command);

}  // namespace hpcai::scaling
