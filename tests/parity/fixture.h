#pragma once

#include <ATen/ATen.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "hpcai/models/model.h"

namespace hpcai::parity {

// A file of scripts/export_parity_fixtures.py: float64 tensors by name and what they were made with.
struct Fixture {
  nlohmann::json about;
  std::map<std::string, at::Tensor> tensors;
};
Fixture read_fixture(const std::string& name);

// `count` numbers in [0, 1) that are a pure function of the name; the script has the same function.
at::Tensor hashed(const std::string& name, int64_t count);
at::Tensor uniform(const std::string& name, at::IntArrayRef shape, double low, double high);

// Sets every parameter and running statistic to the test value of its name and shape.
void fill(models::Model& model);

// What the script stores of a tensor: itself when small, else a weighted sum, the norm and some elements.
at::Tensor digest(const std::string& name, const at::Tensor& tensor);

// "" if |found - expected| <= tolerance * max |expected| + floor everywhere, else the name, the largest absolute and
// relative difference and the first index that is off.
std::string difference(const std::string& name, const at::Tensor& found, const at::Tensor& expected, double tolerance,
                       double floor);

}  // namespace hpcai::parity
