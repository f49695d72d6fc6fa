#include "hpcai/metrics/multilabel_quality.h"

#include <torch/types.h>

#include <catch2/catch.hpp>

#include "regression_fixture.h"

namespace hpcai::metrics {

TEST_CASE("average precision, F1 and AUC of several labels are scikit-learn's") {
  const std::vector<std::string> names{"ring", "bar", "tail"};
  const auto& with = regression_fixture("multilabel");
  const auto quality = multilabel_quality(names, matrix_of(with.at("probability")), matrix_of(with.at("truth")));
  for (const char* key : {"average_precision_each", "f1_each", "auc_each"}) {
    for (size_t i = 0; i < names.size(); ++i) {
      INFO(key << " of " << names[i]);
      CHECK(quality.at(key).at(names[i]).get<double>() == Approx(with.at(key)[i].get<double>()).epsilon(1e-12));
    }
  }
  for (const char* key : {kMeanAveragePrecisionKey, kF1MacroKey, kAucMacroKey}) {
    INFO(key);
    CHECK(quality.at(key).get<double>() == Approx(with.at(key).get<double>()).epsilon(1e-12));
  }
}

TEST_CASE("a label that no row has is left out of the means") {
  const at::Tensor truth = torch::tensor({{1.0, 0.0}, {0.0, 0.0}}, at::kDouble);
  const at::Tensor probability = torch::tensor({{0.9, 0.1}, {0.2, 0.3}}, at::kDouble);
  const auto quality = multilabel_quality({"a", "b"}, probability, truth);
  CHECK(quality.at("auc_each").at("b").is_null());
  CHECK(quality.at("f1_each").at("b").is_null());
  CHECK(quality.at("auc_macro") == 1);
  CHECK(quality.at("mean_average_precision") == 1);
}

}  // namespace hpcai::metrics
