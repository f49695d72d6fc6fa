#include "hpcai/runs/report/values.h"

#include <algorithm>

#include "hpcai/runs/report/html.h"
#include "hpcai/runs/report/metric_names.h"

namespace hpcai::runs::report {
namespace {

void add_numbers(const nlohmann::json& object, const std::string& prefix, std::vector<std::pair<std::string, double>>& numbers) {
  for (const auto& [key, value] : object.items()) {
    if (value.is_number()) numbers.emplace_back(prefix + key, value.get<double>());
    if (value.is_object()) add_numbers(value, prefix + key + ".", numbers);
  }
}

const nlohmann::json* find(const nlohmann::json& object, const std::string& key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

}  // namespace

double number_in(const nlohmann::json& object, const std::string& key) {
  const auto* value = find(object, key);
  return value && value->is_number() ? value->get<double>() : kNone;
}

std::string text_in(const nlohmann::json& object, const std::string& key) {
  const auto* value = find(object, key);
  if (!value) return "";
  if (value->is_string()) return value->get<std::string>();
  return value->is_number_float() ? exact(value->get<double>()) : json_text(*value);
}

nlohmann::json object_in(const nlohmann::json& object, const std::string& key) {
  const auto* value = find(object, key);
  return value && value->is_object() ? *value : nlohmann::json::object();
}

std::vector<std::pair<std::string, double>> numbers_in(const nlohmann::json& object) {
  std::vector<std::pair<std::string, double>> numbers;
  if (object.is_object()) add_numbers(object, "", numbers);
  return numbers;
}

std::vector<std::pair<std::string, double>> sorted_metrics(const nlohmann::json& metrics) {
  auto numbers = numbers_in(metrics);
  std::ranges::stable_sort(numbers, {}, [](const auto& number) { return importance_of(number.first); });
  return numbers;
}

}  // namespace hpcai::runs::report
