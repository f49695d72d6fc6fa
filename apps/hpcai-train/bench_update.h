#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace hpcai::models {
class Model;
}
namespace hpcai::trainer {
struct Experiment;
}

namespace hpcai::app {

// The time of an update of the model by the config's optimizer, with its clipping and average, for random gradients. Also the
// least time that memory allows: simple loops, or memcpy if it is quicker, read and write as many bytes of weights, gradients and
// state in the same minute. The model's weights change. The model must be on a CPU.
nlohmann::json measure_update(const trainer::Experiment& experiment, models::Model& model);

// The report of `bench --update` for people.
std::string update_report_text(const nlohmann::json& report);

}  // namespace hpcai::app
