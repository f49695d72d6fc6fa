#pragma once

#include <torch/types.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

// Reads what scripts/export_regression_fixtures.py wrote.
namespace hpcai {

inline const nlohmann::json& regression_fixture(const std::string& part) {
  static const nlohmann::json fixture = [] {
    std::ifstream in(HPCAI_SOURCE_DIR "/tests/fixtures/metrics/regression.json");
    return nlohmann::json::parse(in);
  }();
  return fixture.at(part);
}

// A matrix of the fixture as float64 [rows, columns].
inline at::Tensor matrix_of(const nlohmann::json& json) {
  std::vector<double> values;
  for (const auto& row : json) {
    for (const double value : row) values.push_back(value);
  }
  return at::tensor(values, at::kDouble).view({static_cast<int64_t>(json.size()), -1});
}

}  // namespace hpcai
