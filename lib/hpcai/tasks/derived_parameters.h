#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

namespace hpcai::tasks {

// Parameters of a compact binary that follow from inferred ones: chi_eff = (chi_1 + q chi_2) / (1 + q) from mass_ratio
// (q = m2 / m1), chi_1 and chi_2, or (chi_eff = (q s1 + s2) / (1 + q), q = m1 / m2) from q, s1 and s2; a q
// below 1 counts as 1.

// The names of the parameters that follow from those of the given names; may be empty.
std::vector<std::string> derived_names(const std::vector<std::string>& names);

// values [..., names] -> [..., names + derived names]
at::Tensor with_derived(const std::vector<std::string>& names, const at::Tensor& values);

}  // namespace hpcai::tasks
