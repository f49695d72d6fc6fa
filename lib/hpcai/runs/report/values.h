#pragma once

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "hpcai/core/json.h"

// Values of the JSON files of a run, which may be missing or of another type than expected.
namespace hpcai::runs::report {

// Stands for a number that is missing.
inline constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// The number under `key`; kNone if there is none.
double number_in(const nlohmann::json& object, const std::string& key);
// The value under `key` as text for people, a number with all its digits; "" if there is none.
std::string text_in(const nlohmann::json& object, const std::string& key);
// The object under `key`; an empty one if there is none.
nlohmann::json object_in(const nlohmann::json& object, const std::string& key);

// All numbers within an object, in its order, with the path of each: {"by.class.a", 0.5}.
std::vector<std::pair<std::string, double>> numbers_in(const nlohmann::json& object);

// The same, the most important metrics first (metric_names.h).
std::vector<std::pair<std::string, double>> sorted_metrics(const nlohmann::json& metrics);

}  // namespace hpcai::runs::report
