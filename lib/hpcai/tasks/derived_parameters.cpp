#include "hpcai/tasks/derived_parameters.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <optional>

namespace hpcai::tasks {
namespace {

// The columns of a mass ratio and of the spins of the two masses.
struct SpinColumns {
  int64_t ratio, first, second;
  bool larger_by_smaller;  // m1 / m2 instead of m2 / m1
};

// Nothing unless all are there.
std::optional<SpinColumns> spin_columns(const std::vector<std::string>& names) {
  const auto columns = [&](std::array<const char*, 3> wanted, bool larger_by_smaller) -> std::optional<SpinColumns> {
    std::array<int64_t, 3> found{};
    for (size_t i = 0; i < wanted.size(); ++i) {
      found[i] = std::find(names.begin(), names.end(), wanted[i]) - names.begin();
      if (found[i] == static_cast<int64_t>(names.size())) return std::nullopt;
    }
    return SpinColumns{found[0], found[1], found[2], larger_by_smaller};
  };
  if (const auto found = columns({"mass_ratio", "chi_1", "chi_2"}, false)) return found;
  return columns({"q", "s1", "s2"}, true);
}

}  // namespace

std::vector<std::string> derived_names(const std::vector<std::string>& names) {
  return spin_columns(names) ? std::vector<std::string>{"chi_eff"} : std::vector<std::string>{};
}

at::Tensor with_derived(const std::vector<std::string>& names, const at::Tensor& values) {
  const auto columns = spin_columns(names);
  if (!columns) return values;
  const at::Tensor given = values.select(-1, columns->ratio);
  const at::Tensor q = columns->larger_by_smaller ? given.clamp_min(1).reciprocal() : given;
  const at::Tensor chi_eff = (values.select(-1, columns->first) + q * values.select(-1, columns->second)) / (1 + q);
  return at::cat({values, chi_eff.unsqueeze(-1)}, -1);
}

}  // namespace hpcai::tasks
