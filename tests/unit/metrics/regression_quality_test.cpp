#include "hpcai/metrics/regression_quality.h"

#include <torch/types.h>

#include <catch2/catch.hpp>
#include <limits>

#include "regression_fixture.h"

namespace hpcai::metrics {
namespace {

const std::vector<std::string> kNames{"mass", "spin"};

void check_as_fixture(const nlohmann::json& found, const nlohmann::json& expected, const std::vector<const char*>& each,
                      const std::vector<const char*>& all) {
  for (const char* key : each) {
    for (size_t i = 0; i < kNames.size(); ++i) {
      INFO(key << " of " << kNames[i]);
      CHECK(found.at(key).at(kNames[i]).get<double>() == Approx(expected.at(key)[i].get<double>()).epsilon(1e-12));
    }
  }
  for (const char* key : all) {
    INFO(key);
    CHECK(found.at(key).get<double>() == Approx(expected.at(key).get<double>()).epsilon(1e-12));
  }
}

}  // namespace

TEST_CASE("RMSE, MAE and R2 are scikit-learn's") {
  const auto& with = regression_fixture("regression");
  const auto quality = regression_quality(kNames, matrix_of(with.at("prediction")), matrix_of(with.at("truth")));
  check_as_fixture(quality, with, {"rmse", "mean_absolute_error", "r2_each"}, {kRmseAllKey, kMaeAllKey, kR2Key});
}

TEST_CASE("the NLL and the coverage of normal densities are scipy's") {
  const auto& with = regression_fixture("regression");
  const auto quality =
      normal_quality(kNames, matrix_of(with.at("prediction")), matrix_of(with.at("deviation")), matrix_of(with.at("truth")));
  check_as_fixture(quality, with, {"nll_each"}, {kNllKey, kCoverage68Key, kCoverage95Key});
}

TEST_CASE("rows without truth do not count, and without rows nothing is known") {
  constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  const at::Tensor truth = torch::tensor({{1.0, 2.0}, {kUnknown, 3.0}, {3.0, 2.0}}, at::kDouble);
  const at::Tensor prediction = torch::tensor({{1.0, 2.0}, {9.0, 9.0}, {2.0, 2.0}}, at::kDouble);
  const auto quality = regression_quality(kNames, prediction, truth);
  CHECK(quality.at("mean_absolute_error").at("mass") == 0.5);
  CHECK(quality.at("r2_each").at("mass") == 0.5);
  CHECK(quality.at("r2_each").at("spin").is_null());  // does not vary
  CHECK(quality.at("r2") == 0.5);
  const auto none = regression_quality(kNames, prediction.narrow(0, 1, 1), truth.narrow(0, 1, 1));
  CHECK(none.at("rmse_all").is_null());
  CHECK(none.at("rmse").at("mass").is_null());
}

}  // namespace hpcai::metrics
