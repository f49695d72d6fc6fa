#pragma once

#include <string>
#include <string_view>

// How a report names and sorts metrics. The keys of the tasks (tasks/metric.h) are repeated here, so that a report needs no
// LibTorch; a test compares them.
namespace hpcai::runs::report {

// "RMSE" for "rmse_all", "RMSE of redshift" for "rmse.redshift"; of another key the key with blanks for underscores.
std::string label_of(std::string_view key);

// Smaller is more important. Keys of the tasks come first, the loss at their end, then all other keys.
size_t importance_of(std::string_view key);

// The metric that a key gives a value of: "rmse" of "rmse_all", of "rmse.redshift" and of "rmse_each.redshift".
std::string family_of(std::string_view key);

}  // namespace hpcai::runs::report
