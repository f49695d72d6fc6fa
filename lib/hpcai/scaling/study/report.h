#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "hpcai/scaling/study/curve.h"
#include "hpcai/scaling/study/study.h"

namespace hpcai::scaling {

// Reads the run folders of a study and returns one curve for each experiment. Worlds without a run are left out. A curve has
// predictions if the experiment has a calibration. They assume `ranks_per_node` ranks on each node of a cluster.
std::vector<Curve> collect(const Study& study, int ranks_per_node);

// One table for each experiment, for a terminal.
std::string table_of(const std::vector<Curve>& curves);

// The content of scaling.json: the curves, the settings of the study, `command` and the environment.
nlohmann::json scaling_json(const Study& study, const std::vector<Curve>& curves, const std::vector<std::string>& command);

// Writes scaling.json and figure1.svg into the study's folder. Returns the curves. Throws Error{cannot_write}.
std::vector<Curve> write_report(const Study& study, int ranks_per_node, const std::vector<std::string>& command);

}  // namespace hpcai::scaling
