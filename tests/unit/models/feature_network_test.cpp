#include "hpcai/models/feature_network.h"

#include <torch/types.h>

#include <catch2/catch.hpp>

#include "hpcai/core/error.h"

namespace hpcai::models {
namespace {

std::shared_ptr<Model> tiny_xception(double dropout) {
  const std::vector<int64_t> shape{3, 32, 32};
  return make_model(XceptionConfig{.width_factor = 0.02, .middle_blocks = 1, .head_units = 12, .dropout = dropout}, shape, 2, 3);
}

std::shared_ptr<Model> tiny_resnet() {
  const std::vector<int64_t> shape{3, 32, 32};
  return make_model(ResNetConfig{.blocks = {1, 1}, .width = 8}, shape, 4, 3);
}

}  // namespace

TEST_CASE("a network's output is what its last layer makes of its features, and these are made of its maps") {
  const auto model = GENERATE(as<int>{}, 0, 1) == 0 ? tiny_xception(0.5) : tiny_resnet();
  const bool trains = GENERATE(true, false);
  model->train(trains);
  model->set_randomness({.seed = 3, .step = 5});
  MapNetwork& network = map_network(*model, "test");
  at::manual_seed(2);
  const at::Tensor input = at::randn({3, 3, 32, 32});
  const at::Tensor maps = network.maps(input), features = network.features(input);
  CHECK(maps.dim() == 4);
  CHECK(features.dim() == 2);
  CHECK(at::equal(features, network.summarise(maps)));
  CHECK(at::equal(model->forward(input), network.classify(features)));
  CHECK(&feature_network(*model, "test") == &network);
}

TEST_CASE("Xception's features are the second dense layer's output after the relu") {
  const auto model = tiny_xception(0.5);
  model->eval();
  const at::Tensor input = at::randn({3, 3, 32, 32});
  MapNetwork& network = map_network(*model, "test");
  const at::Tensor features = network.features(input);
  CHECK(features.sizes() == at::IntArrayRef({3, 12}));
  CHECK(features.min().item<double>() >= 0);
  const auto all = model->named_parameters();
  const auto dense = [&](const std::string& name, const at::Tensor& x) {
    return at::linear(x, all[name + ".weight"], all[name + ".bias"]);
  };
  const at::Tensor pooled = network.maps(input).mean({2, 3});
  const at::Tensor expected = dense("head_dense2", dense("head_dense1", pooled).relu()).relu();
  CHECK(at::allclose(features, expected, 1e-5, 1e-6));
  CHECK(at::allclose(model->forward(input), dense("predictions", expected), 1e-5, 1e-6));
}

TEST_CASE("ResNet's features are the averages of its last maps") {
  const auto model = tiny_resnet();
  model->eval();
  MapNetwork& network = map_network(*model, "test");
  const at::Tensor input = at::randn({2, 3, 32, 32}), maps = network.maps(input);
  CHECK(maps.sizes() == at::IntArrayRef({2, 64, 4, 4}));
  CHECK(at::allclose(network.features(input), maps.flatten(2).mean(2), 1e-5, 1e-6));
}

TEST_CASE("a model without features is refused with the purpose") {
  const std::vector<int64_t> shape{1, 64};
  const auto model = make_model(WaveNetConfig{.layers_per_cycle = 2, .keep_steps = 16, .dense_units = 4}, shape, 5, 1);
  for (const auto use : {+[](Model& m) { feature_network(m, "embed"); }, +[](Model& m) { map_network(m, "embed"); }}) {
    try {
      use(*model);
      FAIL("no error");
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::usage);
      CHECK(std::string(error.what()).find("embed: ") == 0);
      CHECK(error.remedy().find("xception") != std::string::npos);
    }
  }
}

}  // namespace hpcai::models
