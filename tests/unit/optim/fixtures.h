#pragma once

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "hpcai/config/bind.h"
#include "hpcai/optim/config.h"
#include "test_device.h"

// Reads what scripts/export_optim_fixtures.py wrote.
namespace hpcai::optim {

inline nlohmann::json fixture(const std::string& name) {
  std::ifstream in(std::string(HPCAI_SOURCE_DIR "/tests/fixtures/optim/") + name);
  return nlohmann::json::parse(in);
}

inline at::Tensor tensor_of(const nlohmann::json& numbers, const std::vector<int64_t>& shape) {
  return at::tensor(numbers.get<std::vector<double>>(), at::kDouble).to(test_device(), at::kFloat).reshape(shape);
}

// Fills a described config from JSON; unknown keys fail the test.
class FromJson {
 public:
  explicit FromJson(nlohmann::json json) : json_(std::move(json)) { json_.erase("type"); }
  ~FromJson() noexcept(false) {
    if (!json_.empty() && std::uncaught_exceptions() == 0) throw std::logic_error("unused fixture keys: " + json_.dump());
  }
  template <class T>
  void field(const char* key, T& value, const config::Field&) {
    if (!json_.contains(key)) return;
    config::load(value, json_.at(key));
    json_.erase(key);
  }

 private:
  nlohmann::json json_;
};

template <class Variant, size_t I = 0>
Variant variant_of(const nlohmann::json& json) {
  using Alternative = std::variant_alternative_t<I, Variant>;
  if (json.at("type").get<std::string>() == Alternative::kType) {
    Alternative config;
    FromJson visitor(json);
    config.describe(visitor);
    return config;
  }
  if constexpr (I + 1 < std::variant_size_v<Variant>) {
    return variant_of<Variant, I + 1>(json);
  } else {
    throw std::logic_error("unknown type in fixture");
  }
}

}  // namespace hpcai::optim
