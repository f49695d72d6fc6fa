#include <torch/types.h>

#include <catch2/catch.hpp>
#include <cmath>

#include "fixture.h"
#include "hpcai/checkpoint/weights/read_weights.h"
#include "hpcai/core/file.h"
#include "hpcai/models/import/apply_weights.h"

// Weights that Keras and PyTorch have written, and what these frameworks compute with them: scripts/make_weight_fixtures.py.
namespace hpcai::parity {
namespace {

constexpr int64_t kSide = 51;
constexpr double kTolerance = 1e-5;
const std::string kFolder = HPCAI_SOURCE_DIR "/tests/fixtures/weights/";

at::Tensor images() {
  const at::Tensor count = at::arange(2 * 3 * kSide * kSide, at::kDouble);
  return (0.731 * count).sin().to(at::kFloat).view({2, 3, kSide, kSide});
}

at::Tensor expected(const std::string& name) {
  const auto values =
      nlohmann::json::parse(read_file(kFolder + "expected.json")).at(name).get<std::vector<std::vector<double>>>();
  std::vector<at::Tensor> rows;
  for (const auto& row : values) rows.push_back(torch::tensor(row, at::kDouble));
  return at::stack(rows);
}

struct Network {
  std::shared_ptr<models::Model> model;
  models::Applied applied;
};

Network from_file(const std::string& file, models::XceptionImplementation implementation, int64_t head_units, int64_t classes) {
  const models::XceptionConfig config{
      .width_factor = 1.0 / 64, .middle_blocks = 1, .implementation = implementation, .head_units = head_units};
  Network network{models::make_model(config, std::vector<int64_t>{3, kSide, kSide}, classes, 1), {}};
  checkpoint::Weights weights = checkpoint::read_weights(kFolder + file);
  const bool is_keras = weights.format == checkpoint::WeightsFormat::keras;
  network.applied = models::apply_weights(
      *network.model, models::translate(config, models::tensor_names(*network.model), std::move(weights.tensors), is_keras, file),
      file);
  network.model->eval();
  return network;
}

// As a part of the largest value.
double largest_error(models::Model& model, const std::string& name) {
  const at::NoGradGuard no_grad;
  const at::Tensor wanted = expected(name), error = model.forward(images()).to(at::kDouble) - wanted;
  return (error.abs().max() / wanted.abs().max()).item<double>();
}

// The head becomes the identity, which leaves the pooled features, since these are not negative.
void show_features(models::Model& model) {
  const at::NoGradGuard no_grad;
  auto parameters = model.named_parameters();
  for (const char* layer : {"head_dense1", "head_dense2", "predictions"}) {
    at::Tensor& weight = parameters[layer + std::string(".weight")];
    weight.copy_(at::eye(weight.size(0)));
    parameters[layer + std::string(".bias")].zero_();
  }
}

}  // namespace

TEST_CASE("with Keras's weights the network computes what Keras computes") {
  for (const char* file : {"keras_notop.h5", "keras_top.weights.h5"}) {
    INFO(file);
    const Network network = from_file(file, models::XceptionImplementation::keras, 32, 32);
    CHECK(network.applied.whole_head_is_fresh);
    CHECK(network.applied.taken + 6 == network.applied.all);
    show_features(*network.model);
    CHECK(largest_error(*network.model, "keras_features") < kTolerance);
  }
}

TEST_CASE("Keras's classifier with the head of the galaxy paper is taken whole") {
  const Network network = from_file("keras_nested.h5", models::XceptionImplementation::keras, 16, 3);
  CHECK(network.applied.fresh.empty());
  CHECK(largest_error(*network.model, "keras_logits") < kTolerance);
}

TEST_CASE("with weights of timm's names the network computes what PyTorch computes") {
  for (const char* file : {"timm.pt", "timm_legacy.pth"}) {
    INFO(file);
    const Network network = from_file(file, models::XceptionImplementation::timm, 32, 32);
    CHECK(network.applied.whole_head_is_fresh);
    show_features(*network.model);
    CHECK(largest_error(*network.model, "timm_features") < kTolerance);
  }
}

}  // namespace hpcai::parity
