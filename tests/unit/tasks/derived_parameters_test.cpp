#include "hpcai/tasks/derived_parameters.h"

#include <torch/types.h>

#include <catch2/catch.hpp>

namespace hpcai::tasks {

TEST_CASE("chi_eff follows from mass ratio and spins, in any order and shape") {
  const std::vector<std::string> names{"chi_2", "chirp_mass", "mass_ratio", "chi_1"};
  CHECK(derived_names(names) == std::vector<std::string>{"chi_eff"});
  const at::Tensor values = torch::tensor({{{0.4, 30.0, 0.5, -0.2}, {0.0, 25.0, 1.0, 0.6}}}, at::kDouble);
  const at::Tensor all = with_derived(names, values);
  CHECK(all.sizes() == at::IntArrayRef{1, 2, 5});
  CHECK(at::equal(all.narrow(2, 0, 4), values));
  CHECK(all[0][0][4].item<double>() == Approx((-0.2 + 0.5 * 0.4) / 1.5).margin(1e-12));
  CHECK(all[0][1][4].item<double>() == Approx(0.3));
}

TEST_CASE("without a spin nothing follows") {
  CHECK(derived_names({"chirp_mass", "mass_ratio", "chi_1"}).empty());
  const at::Tensor values = at::ones({2, 3});
  CHECK(with_derived({"chirp_mass", "mass_ratio", "chi_1"}, values).is_same(values));
}

}  // namespace hpcai::tasks
