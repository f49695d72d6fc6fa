#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace hpcai::trainer {
struct Experiment;
}

namespace hpcai::app {

// The speed of the training data's path from the files to a batch, without a network: of its stages on one thread and on all of
// them, and of memcpy in the same minute. The first epoch reads without a cache, later ones with that of the config.
nlohmann::json measure_input_path(const trainer::Experiment& experiment, int threads);

// The report of `bench --input` for people. It has the keys of measure_input_path() and `step`.
std::string input_report_text(const nlohmann::json& report);

}  // namespace hpcai::app
