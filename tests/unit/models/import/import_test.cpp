#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "hpcai/core/error.h"
#include "hpcai/models/import/apply_weights.h"
#include "hpcai/models/import/export_names.h"
#include "hpcai/models/import/xception_names.h"

namespace hpcai::models {
namespace {

const std::vector<int64_t> kImage{3, 39, 39};  // all pools see odd sizes: 17, 9, 5, 3

XceptionConfig small(XceptionImplementation implementation) {
  return {.width_factor = 1.0 / 64, .middle_blocks = 1, .implementation = implementation, .head_units = 8, .dropout = 0};
}

std::shared_ptr<Model> model_of(const ModelConfig& config, int64_t outputs = 3, uint64_t seed = 1) {
  auto model = make_model(config, kImage, outputs, seed);
  model->eval();
  return model;
}

NamedTensors copies(const Model& model) {
  NamedTensors tensors;
  for (const auto& item : model.named_parameters()) tensors.emplace_back(item.key(), item.value().detach().clone());
  for (const auto& item : model.named_buffers()) tensors.emplace_back(item.key(), item.value().detach().clone());
  return tensors;
}

Applied apply(Model& model, const ModelConfig& config, NamedTensors source) {
  return apply_weights(model, translate(config, tensor_names(model), std::move(source), false, "x.pt"), "x.pt");
}

std::string refusal(const std::function<void()>& action, ExitCode code) {
  try {
    action();
  } catch (const Error& error) {
    CHECK(static_cast<int>(error.code()) == static_cast<int>(code));
    return error.what();
  }
  FAIL_CHECK("accepted");
  return "";
}

at::Tensor outputs(Model& model) {
  const at::NoGradGuard no_grad;
  return model.forward((at::arange(2 * 3 * 39 * 39, at::kFloat) * 0.731).sin().view({2, 3, 39, 39}));
}

void vary_statistics(Model& model) {
  const at::NoGradGuard no_grad;
  for (auto& item : model.named_buffers()) item.value().copy_(at::linspace(0.05, 1.5, item.value().numel()));
}

}  // namespace

TEST_CASE("tensors of Xception have the names of timm's legacy_xception") {
  const auto name = [](const char* own) { return timm_xception_name(own, 14); };
  CHECK(name("block1_conv1.weight") == "conv1.weight");
  CHECK(name("block1_conv2_bn.running_var") == "bn2.running_var");
  CHECK(name("block2_sepconv1.depthwise.weight") == "block1.rep.0.conv1.weight");
  CHECK(name("block2_sepconv1_bn.weight") == "block1.rep.1.weight");
  CHECK(name("block2_sepconv2.pointwise.weight") == "block1.rep.3.pointwise.weight");
  CHECK(name("block2_residual.weight") == "block1.skip.weight");
  CHECK(name("block2_residual_bn.bias") == "block1.skipbn.bias");
  CHECK(name("block3_sepconv1.depthwise.weight") == "block2.rep.1.conv1.weight");
  CHECK(name("block12_sepconv3_bn.bias") == "block11.rep.8.bias");
  CHECK(name("block13_sepconv2_bn.weight") == "block12.rep.5.weight");
  CHECK(name("block14_sepconv1.pointwise.weight") == "conv3.pointwise.weight");
  CHECK(name("block14_sepconv2_bn.running_mean") == "bn4.running_mean");
  CHECK(name("head_dense1.weight") == "head_dense1.weight");
  CHECK(last_xception_block({"block1_conv1.weight", "block14_sepconv1.depthwise.weight", "head_dense1.bias"}) == 14);
}

TEST_CASE("exported weights come back, and under timm's names batch norms of Keras compute the same") {
  const ModelConfig keras = small(XceptionImplementation::keras), timm = small(XceptionImplementation::timm);
  const auto source = model_of(keras);
  vary_statistics(*source);
  const auto back = model_of(keras, 3, 2);
  CHECK(apply(*back, keras, with_export_names(keras, copies(*source), ExportNames::own)).fresh.empty());
  CHECK(outputs(*back).equal(outputs(*source)));
  const auto other = model_of(timm, 3, 2);
  CHECK(apply(*other, timm, with_export_names(keras, copies(*source), ExportNames::timm)).fresh.empty());
  const at::Tensor expected = outputs(*source);
  CHECK(((outputs(*other) - expected).abs().max() / expected.abs().max()).item<double>() < 1e-5);
  refusal([&] { with_export_names(keras, copies(*source), ExportNames::torchvision); }, ExitCode::usage);
}

TEST_CASE("the head stays new where its shape differs, and all else must fit") {
  const ModelConfig config = small(XceptionImplementation::keras);
  const auto source = model_of(config, 5), model = model_of(config, 3, 2);
  const at::Tensor before = model->named_parameters()["predictions.weight"].detach().clone();
  const Applied applied = apply(*model, config, copies(*source));
  CHECK(applied.fresh == std::vector<std::string>{"predictions.weight", "predictions.bias"});
  CHECK(describe_new(applied) == "; new: predictions.weight, predictions.bias");
  CHECK(model->named_parameters()["predictions.weight"].equal(before));
  CHECK(model->named_parameters()["head_dense2.weight"].equal(source->named_parameters()["head_dense2.weight"]));

  NamedTensors partial = copies(*source);
  std::erase_if(partial, [](const auto& item) { return item.first == "block2_residual.weight"; });
  partial.emplace_back("block99.weight", at::ones({1}));
  for (auto& [name, tensor] : partial) {
    if (name == "block1_conv1.weight") tensor = at::ones({8, 3, 5, 5});
  }
  const auto wider = model_of(XceptionConfig{.width_factor = 1.0 / 64, .middle_blocks = 1, .head_units = 16});
  CHECK(describe_new(apply(*wider, config, copies(*source))) == "; the head is new");  // also predictions.bias, which would fit

  const NamedTensors untouched = copies(*model);
  const std::string text = refusal([&] { apply(*model, config, partial); }, ExitCode::bad_data);
  CHECK_THAT(text, Catch::Contains("1 tensor missing: block2_residual.weight"));
  CHECK_THAT(text, Catch::Contains("1 tensor surplus: block99.weight"));
  CHECK_THAT(text, Catch::Contains("1 tensor of another shape: block1_conv1.weight [8, 3, 5, 5] instead of [8, 3, 3, 3]"));
  for (size_t i = 0; i < untouched.size(); ++i) CHECK(copies(*model)[i].second.equal(untouched[i].second));
}

TEST_CASE("weights that are not finite, of another element type or of another network are refused") {
  const ModelConfig config = small(XceptionImplementation::keras);
  const auto model = model_of(config);
  NamedTensors bad = copies(*model);
  bad.front().second.view(-1)[0] = std::numeric_limits<float>::infinity();
  CHECK_THAT(refusal([&] { apply(*model, config, bad); }, ExitCode::bad_data), Catch::Contains("holds NaN or infinity"));
  NamedTensors whole = copies(*model);
  whole.front().second = whole.front().second.to(at::kLong);
  refusal([&] { apply(*model, config, whole); }, ExitCode::bad_data);
  const NamedTensors of_timm = with_export_names(config, copies(*model), ExportNames::timm);
  CHECK_THAT(refusal([&] { apply(*model, config, of_timm); }, ExitCode::usage), Catch::Contains("holds timm's Xception"));
  CHECK_THAT(refusal([&] { translate(ResNetConfig{}, {}, {}, true, "x.h5"); }, ExitCode::usage),
             Catch::Contains("xception only"));
}

TEST_CASE("ResNet takes torchvision's names, with the counters and the prefix that PyTorch adds") {
  const ResNetConfig config{.blocks = {1, 1}, .width = 8};
  const auto source = model_of(config, 7), model = model_of(config, 3, 2);
  NamedTensors state;
  for (const auto& [name, tensor] : copies(*source)) state.emplace_back("module." + name, tensor.to(at::kDouble));
  state.emplace_back("module.bn1.num_batches_tracked", at::ones({}, at::kLong));
  const Applied applied = apply(*model, config, state);
  CHECK(describe_new(applied) == "; the head is new");
  CHECK(model->named_parameters()["layer2.0.downsample.0.weight"].equal(
      source->named_parameters()["layer2.0.downsample.0.weight"]));
}

}  // namespace hpcai::models
