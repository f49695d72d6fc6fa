#include "hpcai/tasks/derived_parameters.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <optional>

namespace hpcai::tasks {
namespace {

// The columns of mass_ratio, chi_1 and chi_2; nothing unless all are there.
std::optional<std::array<int64_t, 3>> spin_columns(const std::vector<std::string>& names) {
  std::array<int64_t, 3> columns{};
  size_t i = 0;
  for (const char* name : {"mass_ratio", "chi_1", "chi_2"}) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) return std::nullopt;
    columns[i++] = found - names.begin();
  }
  return columns;
}

}  // namespace

std::vector<std::string> derived_names(const std::vector<std::string>& names) {
  return spin_columns(names) ? std::vector<std::string>{"chi_eff"} : std::vector<std::string>{};
}

at::Tensor with_derived(const std::vector<std::string>& names, const at::Tensor& values) {
  const auto columns = spin_columns(names);
  if (!columns) return values;
  const auto [ratio, first, second] = *columns;
  const at::Tensor q = values.select(-1, ratio);
  const at::Tensor chi_eff = (values.select(-1, first) + q * values.select(-1, second)) / (1 + q);
  return at::cat({values, chi_eff.unsqueeze(-1)}, -1);
}

}  // namespace hpcai::tasks
