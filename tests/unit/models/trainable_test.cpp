#include <torch/csrc/autograd/function.h>
#include <torch/types.h>

#include <catch2/catch.hpp>

#include "hpcai/core/error.h"
#include "hpcai/models/model.h"

namespace hpcai::models {
namespace {

std::shared_ptr<Model> small_xception() {
  const std::vector<int64_t> shape{3, 48, 48};
  return make_model(XceptionConfig{.width_factor = 0.02, .head_units = 8, .dropout = 0}, shape, 2, 1);
}

at::Tensor train_once(Model& model) {
  const at::Tensor loss = at::cross_entropy_loss(model.forward(at::randn({4, 3, 48, 48})), torch::tensor({0, 1, 1, 0}));
  loss.backward();
  return loss;
}

}  // namespace

TEST_CASE("Xception's layers are Keras's 137 in Keras's order") {
  const auto layers = small_xception()->layers();
  REQUIRE(layers.size() == 137);
  CHECK(layers[1] == "block1_conv1");
  CHECK(layers[7] == "block2_sepconv1");
  CHECK(layers[12] == "block2_residual");
  CHECK(layers[13] == "block2_pool");
  CHECK(layers[15] == "block2_add");
  CHECK(layers[26] == "block4_sepconv1_act");
  CHECK(layers[36] == "block5_sepconv1_act");
  CHECK(layers[40] == "block5_sepconv2");
  CHECK(layers[115] == "block12_add");
  CHECK(layers[125] == "block13_add");
  CHECK(layers[131] == "block14_sepconv2_act");
  CHECK(layers[132] == "head");
  CHECK(layers[136] == "predictions");
}

TEST_CASE("a stage trains its layers only, and the frozen batch norms keep their statistics") {
  const auto model = small_xception();
  model->set_trainable_from("40");
  train_once(*model);
  const auto layers = model->layers();
  std::map<std::string, size_t> index;
  for (size_t i = 0; i < layers.size(); ++i) index[layers[i]] = i;
  for (const auto& item : model->named_parameters()) {
    const size_t layer = index.at(item.key().substr(0, item.key().find('.')));
    INFO(item.key());
    CHECK(item.value().requires_grad() == (layer >= 40));
    CHECK(item.value().grad().defined() == (layer >= 40));
  }
  for (const auto& item : model->named_buffers()) {
    if (!item.key().ends_with("running_mean")) continue;
    INFO(item.key());
    CHECK((item.value().abs().sum().item<double>() > 0) == (index.at(item.key().substr(0, item.key().find('.'))) >= 40));
  }
}

TEST_CASE("no backward work is recorded below the first trained layer") {
  const auto model = small_xception();
  model->set_trainable_from("head");
  const auto trainable = size_of(*model).trainable;
  CHECK(trainable == 8 * 40 + 8 + 8 * 8 + 8 + 2 * 8 + 2);  // 2048 x 0.02 -> 40 channels
  int64_t nodes = 0;
  at::Tensor output = model->forward(at::randn({2, 3, 48, 48}));
  std::vector<torch::autograd::Node*> open{output.grad_fn().get()};
  std::set<torch::autograd::Node*> seen;
  while (!open.empty()) {
    auto* node = open.back();
    open.pop_back();
    if (!node || !seen.insert(node).second) continue;
    ++nodes;
    CHECK(node->name().find("onvolution") == std::string::npos);
    for (const auto& edge : node->next_edges()) open.push_back(edge.function.get());
  }
  CHECK(nodes < 20);
  model->set_trainable_from("all");
  CHECK(size_of(*model).trainable > trainable);
}

TEST_CASE("stage 3 of the galaxy paper trains everything but the first convolution") {
  const auto model = small_xception();
  model->set_trainable_from("2");
  for (const auto& item : model->named_parameters()) {
    CHECK(item.value().requires_grad() == (item.key() != "block1_conv1.weight"));
  }
}

TEST_CASE("an unknown layer is refused with the nearest name") {
  const auto model = small_xception();
  try {
    model->set_trainable_from("block5_sepconv22");
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::usage);
    CHECK(error.remedy().find("block5_sepconv2") != std::string::npos);
  }
  CHECK_THROWS_AS(model->set_trainable_from("137"), Error);
  CHECK_THROWS_AS(model->set_trainable_from("-1"), Error);
}

TEST_CASE("all networks can train their head only") {
  const std::vector<int64_t> waveform{1, 64}, image{3, 32, 32};
  const auto wavenet = make_model(WaveNetConfig{.layers_per_cycle = 2, .keep_steps = 16, .dense_units = 4}, waveform, 5, 1);
  wavenet->set_trainable_from("head");
  CHECK(size_of(*wavenet).trainable == 2 * (16 * 4 + 4) + 5 * 4 + 5);
  const auto resnet = make_model(ResNetConfig{.blocks = {1, 1}, .width = 8}, image, 3, 1);
  resnet->set_trainable_from("layer2.0");
  CHECK_FALSE(resnet->named_parameters()["conv1.weight"].requires_grad());
  CHECK(resnet->named_parameters()["layer2.0.conv1.weight"].requires_grad());
}

}  // namespace hpcai::models
