// Sequences of different length: what each layer makes of a batch that is padded equals what it makes of each sequence alone.
#include <ATen/CPUGeneratorImpl.h>
#include <torch/types.h>

#include <catch2/catch.hpp>
#include <limits>

#include "hpcai/core/error.h"
#include "hpcai/models/standardise.h"
#include "yaml_network.h"

using Catch::Matchers::Contains;

namespace hpcai::models::network {
namespace {

constexpr int64_t kFeatures = 4, kSteps = 12;
const std::vector<int64_t> kLengths = {9, 12, 5};
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::shared_ptr<Model> make_sequences(const std::string& layers, int64_t steps, int64_t outputs, const SequenceKind& kind) {
  const NetworkConfig config = parsed("  layers: " + layers + "\n  time_first: true\n");
  auto model = make_model(config, std::vector<int64_t>{steps, kFeatures}, outputs, 1, kind);
  model->to(at::kDouble);
  return model;
}

// [sequence] of [steps, features]
std::vector<at::Tensor> sequences() {
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(7);
  std::vector<at::Tensor> all;
  for (const int64_t length : kLengths) all.push_back(at::randn({length, kFeatures}, generator).to(at::kDouble));
  return all;
}

at::Tensor padded_batch(const std::vector<at::Tensor>& all) {
  const at::Tensor batch = at::full({static_cast<int64_t>(all.size()), kSteps, kFeatures}, kNan, at::kDouble);
  for (size_t i = 0; i < all.size(); ++i) batch[static_cast<int64_t>(i)].narrow(0, 0, all[i].size(0)).copy_(all[i]);
  return batch;
}

// The weights of sum(outputs * weights), the same for a sequence in a batch and alone.
at::Tensor loss_weights(const at::Tensor& output) {
  return (at::arange(output.numel(), at::kDouble) + 1).sin().view(output.sizes());
}

struct Found {
  std::vector<at::Tensor> outputs, gradients;  // of each sequence, of each parameter
};

// All sequences in one batch; of outputs for each step those of the sequence alone.
Found in_batch(Model& model, const std::vector<at::Tensor>& all, bool each_step) {
  model.zero_grad();
  const at::Tensor output = model.forward(padded_batch(all));
  Found found;
  at::Tensor loss = at::zeros({}, at::kDouble);
  for (size_t i = 0; i < all.size(); ++i) {
    at::Tensor own = output[static_cast<int64_t>(i)];
    if (each_step) own = own.narrow(0, 0, all[i].size(0));
    loss = loss + (own * loss_weights(own)).sum();
    found.outputs.push_back(own.detach());
  }
  loss.backward();
  for (const at::Tensor& parameter : model.parameters()) found.gradients.push_back(parameter.grad().clone());
  return found;
}

Found alone(const std::string& layers, const Model& weights, const std::vector<at::Tensor>& all, int64_t outputs,
            bool each_step) {
  Found found;
  for (const at::Tensor& sequence : all) {
    const auto model = make_sequences(layers, sequence.size(0), outputs, {.each_step = each_step});
    model->train(weights.is_training());
    const at::NoGradGuard no_grad;
    for (auto& item : model->named_parameters()) item.value().copy_(*weights.named_parameters().find(item.key()));
    for (auto& item : model->named_buffers()) item.value().copy_(*weights.named_buffers().find(item.key()));
    at::AutoGradMode grad(true);
    const at::Tensor output = model->forward(sequence.unsqueeze(0))[0];
    (output * loss_weights(output)).sum().backward();
    found.outputs.push_back(output.detach());
    size_t i = 0;
    for (const at::Tensor& parameter : model->parameters()) {
      if (found.gradients.size() <= i) found.gradients.push_back(at::zeros_like(parameter));
      found.gradients[i++].add_(parameter.grad());
    }
  }
  return found;
}

bool close(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!a[i].isfinite().all().item<bool>() || !at::allclose(a[i], b[i], 1e-9, 1e-11)) return false;
  }
  return true;
}

void check_equal(const std::string& layers, int64_t outputs, bool each_step, bool training = true) {
  INFO(layers);
  const std::vector<at::Tensor> all = sequences();
  const auto model = make_sequences(layers, kSteps, outputs, {.padded = true, .each_step = each_step});
  model->train(training);
  const Found batch = in_batch(*model, all, each_step), apart = alone(layers, *model, all, outputs, each_step);
  CHECK(close(batch.outputs, apart.outputs));
  CHECK(close(batch.gradients, apart.gradients));
}

}  // namespace

TEST_CASE("padded sequences equal sequences alone: layers with one output a sequence") {
  for (const std::string layers :
       {"mean", "max", "lstm: {units: 3, output: last}", "gru: {units: 3, output: last}",
        "lstm: {units: 3, depth: 2, bidirectional: true, output: last}",
        "gru: {units: 3, depth: 2, bidirectional: true, output: last}", "lstm: 3, mean",
        "gru: {units: 3, bidirectional: true}, max", "attention: 2, mean", "attention: {heads: 2, causal: true}, mean",
        "positional_encoding, attention: 4, max", "last: 3, flatten", "last: 7, flatten" /* one sequence is shorter: see below */,
        "crop: {begin: 2, end: 1}, mean", "dense: 5, layer_norm, gelu, mean"}) {
    if (layers.starts_with("last: 7")) continue;
    check_equal("[" + layers + ", dense: 3, outputs]", 2, false);
  }
}

TEST_CASE("padded sequences equal sequences alone: convolutions and pools over the time") {
  for (const std::string layers :
       {"conv: {channels: 3, kernel: 3, padding: same}",
        "conv: {channels: 3, kernel: 4, dilation: 2, padding: same}",
        "conv: {channels: 3, kernel: 2, padding: same}",
        "conv: {channels: 3, kernel: 1}",
        "conv: {channels: 3, kernel: 3, padding: causal}",
        "conv: {channels: 3, kernel: 3, stride: 2, padding: causal}",
        "conv: {channels: 3, kernel: 3, stride: 2, padding: 1}",
        "conv: {channels: 3, kernel: 3}",
        "conv: {channels: 3, kernel: 2, stride: 2}, tanh, conv: {channels: 3, kernel: 2, padding: 1}",
        "separable_conv: {channels: 3, kernel: 3, padding: same}",
        "max_pool: 2",
        "max_pool: {kernel: 3, stride: 2, padding: 1}",
        "max_pool: {kernel: 3, stride: 1, padding: same}",
        "average_pool: 2",
        "average_pool: {kernel: 3, stride: 2, padding: 1}",
        "average_pool: {kernel: 3, stride: 1, padding: same}",
        "repeat: {times: 2, dilation_growth: 2, layers: [residual: [conv: {channels: 4, kernel: 3, padding: same}, relu]]}",
        "parallel: [[conv: {channels: 2, kernel: 3, padding: same}], [tanh]]",
        "multiply: [[], [mean, dense: 4, sigmoid]]",
        "conv: {channels: 4, kernel: 3, padding: same}, gate, add_to: a, take: a",
        "crop: {begin: 1, end: 2}, conv: {channels: 3, kernel: 3, padding: same}"}) {
    check_equal("[transpose, " + layers + ", mean, outputs]", 2, false);
    check_equal("[transpose, tanh, " + layers + ", relu, max, outputs]", 2, false);
  }
}

TEST_CASE("padded sequences equal sequences alone: outputs for each step") {
  for (const std::string layers :
       {"lstm: 3", "gru: {units: 3, depth: 2, bidirectional: true}", "residual: [layer_norm, attention: 2]", "dense: 3, tanh",
        "transpose, conv: {channels: 3, kernel: 3, padding: causal}, relu, transpose",
        "transpose, conv: {channels: 3, kernel: 5, padding: same}, relu, conv: {channels: 3, kernel: 3, padding: same}, "
        "transpose"}) {
    check_equal("[" + layers + ", outputs]", 2, true);
  }
}

TEST_CASE("with running statistics a batch norm of padded sequences equals that of sequences alone") {
  check_equal("[dense: 4, batch_norm, tanh, mean, outputs]", 2, false, /*training=*/false);
  check_equal("[transpose, conv: {channels: 3, kernel: 3, padding: same}, batch_norm, relu, transpose, outputs]", 2, true, false);
}

TEST_CASE("the statistics of a batch norm are those of the steps of all sequences") {
  const std::vector<at::Tensor> all = sequences();
  for (const std::string layers : {"[batch_norm, outputs]", "[batch_norm, relu, outputs]"}) {
    const auto padded = make_sequences(layers, kSteps, 2, {.padded = true, .each_step = true});
    const auto joined = make_sequences(layers, 26, 2, {.each_step = true});
    Found batch = in_batch(*padded, all, true);
    const at::Tensor output = joined->forward(at::cat(all).unsqueeze(0))[0];
    at::Tensor loss = at::zeros({}, at::kDouble);
    int64_t begin = 0;
    for (size_t i = 0; i < all.size(); ++i) {
      const at::Tensor own = output.narrow(0, begin, all[i].size(0));
      begin += all[i].size(0);
      loss = loss + (own * loss_weights(own)).sum();
      CHECK(at::allclose(own, batch.outputs[i], 1e-9, 1e-11));
    }
    loss.backward();
    std::vector<at::Tensor> gradients;
    for (const at::Tensor& parameter : joined->parameters()) gradients.push_back(parameter.grad());
    CHECK(close(gradients, batch.gradients));
    for (const auto& item : joined->named_buffers()) {
      CHECK(at::allclose(item.value(), *padded->named_buffers().find(item.key()), 1e-9, 1e-11));
    }
  }
}

TEST_CASE("a sequence that is shorter than a layer needs gives zeros") {
  const auto model = make_sequences("[last: 7, flatten, outputs]", kSteps, 28, {.padded = true});
  const std::vector<at::Tensor> all = sequences();
  CHECK(model->forward(padded_batch(all)).isfinite().all().item<bool>());
  for (const std::string layers :
       {"transpose, conv: {channels: 3, kernel: 6}, max", "transpose, max_pool: 6, mean",
        "transpose, conv: {channels: 4, kernel: 6}, transpose, attention: 2, lstm: {units: 3, output: last}"}) {
    const auto network = make_sequences("[" + layers + ", dense: {units: 2, bias: false}]", kSteps, 2, {.padded = true});
    const at::Tensor output = network->forward(padded_batch(all));
    CHECK(output[0].abs().min().item<double>() > 0);
    CHECK(output[2].abs().max().item<double>() == 0);
  }
}

TEST_CASE("standardised inputs are of the steps of the sequences") {
  const std::vector<at::Tensor> all = sequences();
  InputStandardiser scale(std::vector<int64_t>{kSteps, kFeatures}, 1);
  scale.fit_to(padded_batch(all));
  const at::Tensor steps = at::cat(all);
  const at::Tensor expected = (steps - steps.mean(0)) / steps.std(0, /*unbiased=*/false);
  const at::Tensor found = scale.forward(padded_batch(all));
  CHECK(at::allclose(found[0].narrow(0, 0, 9), expected.narrow(0, 0, 9), 1e-5, 1e-6));
  CHECK(real_steps(found).sum(1).equal(at::tensor(kLengths, at::kLong)));
}

TEST_CASE("layers that cannot tell where a sequence ends are refused, and so are other networks") {
  const auto refusal = [](const std::string& layers, bool each_step) -> std::string {
    try {
      make_sequences("[" + layers + "]", kSteps, 2, {.padded = true, .each_step = each_step});
    } catch (const Error& error) {
      return std::string(error.what()) + " / " + error.remedy();
    }
    return "";
  };
  CHECK_THAT(refusal("flatten, outputs", false),
             Contains("cannot tell where a sequence ends") && Contains("its input is [up to 12 steps, 4 features]"));
  CHECK_THAT(refusal("group_norm: 2, mean, outputs", false), Contains("use layer_norm or batch_norm"));
  CHECK_THAT(refusal("transpose, gated_stack, mean, outputs", false), Contains("list its layers"));
  CHECK_THAT(refusal("transpose, conv: {channels: 2, kernel: 3, stride: 2, padding: same}, mean, outputs", false),
             Contains("padding: same with a stride depends on the length"));
  CHECK_THAT(refusal("mean, outputs", true),
             Contains("the network ends in [2 features], but the loss needs [up to 12 steps, 2 features]"));
  CHECK_THAT(refusal("transpose, max_pool: 2, transpose, outputs", true), Contains("ends in [up to 6 steps, 2 features]"));
  const std::vector<int64_t> shape = {kSteps, kFeatures};
  CHECK_THROWS_WITH(make_model(WaveNetConfig{}, shape, 2, 1, {.padded = true}),
                    Contains("cannot learn sequences of different length"));
  CHECK_THROWS_WITH(make_model(parsed("  layers: [mean, outputs]\n"), shape, 2, 1, {.padded = true}),
                    Contains("model.time_first is false"));
}

}  // namespace hpcai::models::network
