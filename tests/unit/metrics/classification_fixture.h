#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "hpcai/metrics/classified.h"

// Reads what scripts/export_classification_fixtures.py wrote.
namespace hpcai::metrics {

inline const nlohmann::json& classification_fixture() {
  static const nlohmann::json fixture = [] {
    std::ifstream in(HPCAI_SOURCE_DIR "/tests/fixtures/metrics/classification.json");
    return nlohmann::json::parse(in);
  }();
  return fixture;
}

inline Classified classified_of(const nlohmann::json& with) {
  Classified all;
  for (const auto& row : with.at("probability")) {
    all.classes = static_cast<int64_t>(row.size());
    for (const double value : row) all.probability.push_back(value);
  }
  all.truth = with.at("truth").get<std::vector<int64_t>>();
  return all;
}

inline std::vector<std::string> names_for(const Classified& all) {
  std::vector<std::string> names;
  for (int64_t c = 0; c < all.classes; ++c) names.push_back("class " + std::to_string(c));
  return names;
}

}  // namespace hpcai::metrics
