// Every layer against PyTorch: tests/fixtures/network/layers.json, written by scripts/export_layer_fixtures.py.
#include <torch/types.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <set>

#include "hpcai/core/file.h"
#include "hpcai/core/json.h"
#include "yaml_network.h"

namespace hpcai::models::network {
namespace {

constexpr int64_t kBatch = 3;
constexpr int64_t kFullLimit = 32;
constexpr int64_t kSamples = 8;

// FNV-1a of the name, then SplitMix64 as a counter.
at::Tensor hashed_numbers(const std::string& name, int64_t count) {
  uint64_t key = 0xCBF29CE484222325;
  for (const unsigned char byte : name) key = (key ^ byte) * 0x100000001B3;
  at::Tensor values = at::empty({count}, at::kDouble);
  for (int64_t i = 0; i < count; ++i) {
    uint64_t z = key + static_cast<uint64_t>(i + 1) * 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    values.data_ptr<double>()[i] = static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53;
  }
  return values;
}

at::Tensor hashed_tensor(const std::string& name, at::IntArrayRef shape) {
  const bool variance = name.ends_with("running_var");
  const double low = variance ? 0.5 : -1, high = variance ? 1.5 : 1;
  return (hashed_numbers(name, c10::multiply_integers(shape)) * (high - low) + low).view(shape);
}

at::Tensor digest_of(const std::string& name, const at::Tensor& tensor) {
  const at::Tensor flat = tensor.detach().to(at::kDouble).contiguous().view({-1});
  if (flat.numel() <= kFullLimit) return flat;
  const at::Tensor where = (hashed_numbers("samples " + name, kSamples) * flat.numel()).to(at::kLong);
  const at::Tensor signs = 2 * hashed_numbers("projection " + name, flat.numel()) - 1;
  return at::cat({flat.dot(signs).view({1}), flat.norm().view({1}), flat.index_select(0, where)});
}

// "" if all numbers agree up to `tolerance` of the largest.
std::string mismatch(const nlohmann::json& values, const std::string& name, const at::Tensor& tensor, double tolerance) {
  if (!values.contains(name)) return name + " is not in the fixture";
  const auto numbers = values[name].get<std::vector<double>>();
  const at::Tensor expected = torch::tensor(numbers, at::kDouble), found = digest_of(name, tensor);
  if (found.sizes() != expected.sizes()) return name + " has another shape";
  const double error = (found - expected).abs().max().item<double>(), largest = expected.abs().max().item<double>();
  return error <= tolerance * (largest + 1e-3) ? "" : name + " differs by " + std::to_string(error / largest);
}

// input [batch, steps, features] with NaN behind the end of each sequence -> the outputs of all steps of a sample in one row, 0
// behind the end.
at::Tensor forward_padded(Model& model, const at::Tensor& input, const std::vector<int64_t>& lengths) {
  const at::Tensor steps = at::arange(input.size(1)).unsqueeze(0);
  const at::Tensor behind = (steps >= at::tensor(lengths, at::kLong).unsqueeze(1)).unsqueeze(2);
  return model.forward(input.masked_fill(behind, std::nan(""))).masked_fill(behind, 0).flatten(1);
}

std::vector<std::string> mismatches(const nlohmann::json& test, at::ScalarType type, double tolerance) {
  const std::string name = test["name"];
  const auto shape = test["shape"].get<std::vector<int64_t>>();
  const bool padded = test.contains("lengths");
  const auto model =
      make_layers(test["layers"], shape, test["outputs"], test["time_first"], 1, {.padded = padded, .each_step = padded});
  model->to(type);
  {
    const at::NoGradGuard no_grad;
    for (auto& item : model->named_parameters()) item.value().copy_(hashed_tensor(name + " " + item.key(), item.value().sizes()));
    for (auto& item : model->named_buffers()) item.value().copy_(hashed_tensor(name + " " + item.key(), item.value().sizes()));
  }
  std::vector<int64_t> sizes = {kBatch};
  sizes.insert(sizes.end(), shape.begin(), shape.end());
  const at::Tensor input = hashed_tensor(name + " input", sizes).to(type).requires_grad_();
  const at::Tensor output = padded ? forward_padded(*model, input, test["lengths"]) : model->forward(input);
  (output * hashed_tensor(name + " loss", output.sizes()).to(type)).sum().backward();

  const nlohmann::json& values = test["values"];
  std::vector<std::string> wrong = {mismatch(values, "output", output, tolerance),
                                    mismatch(values, "input", input.grad(), tolerance)};
  size_t compared = 2;
  for (const auto& item : model->named_parameters()) {
    wrong.push_back(mismatch(values, item.key(), item.value().grad(), tolerance));
    ++compared;
  }
  for (const auto& item : model->named_buffers()) {
    wrong.push_back(mismatch(values, item.key(), item.value(), tolerance));
    ++compared;
  }
  if (compared != values.size()) wrong.push_back("the fixture has more tensors than the network");
  std::erase(wrong, "");
  return wrong;
}

nlohmann::json fixture_cases() {
  return nlohmann::json::parse(read_file(HPCAI_SOURCE_DIR "/tests/fixtures/network/layers.json"))["cases"];
}

}  // namespace

TEST_CASE("every layer has the output, the gradients and the statistics of PyTorch's") {
  const nlohmann::json cases = fixture_cases();
  REQUIRE(cases.size() > 80);
  const std::vector<std::string> none;
  for (const auto& test : cases) {
    INFO(test["name"] << ": " << test["layers"]);
    CHECK(mismatches(test, at::kDouble, 1e-10) == none);
    CHECK(mismatches(test, at::kFloat, 2e-4) == none);
  }
}

TEST_CASE("the fixture of the layers covers all types of layers") {
  std::string all;
  for (const auto& test : fixture_cases()) all += test["layers"].get<std::string>() + "\n";
  // gated_stack is compared with the WaveNet that it is a part of, in built_in_networks_test.cpp.
  for (const char* type : {"conv",         "separable_conv",
                           "batch_norm",   "layer_norm",
                           "group_norm",   "relu",
                           "leaky_relu",   "elu",
                           "gelu",         "silu",
                           "tanh",         "sigmoid",
                           "softplus",     "gate",
                           "glu",          "max_pool",
                           "average_pool", "mean",
                           "max",          "dropout",
                           "dense",        "outputs",
                           "lstm",         "gru",
                           "attention",    "positional_encoding",
                           "flatten",      "transpose",
                           "last",         "crop",
                           "sequence",     "residual",
                           "parallel",     "sum",
                           "multiply",     "repeat",
                           "add_to",       "take"}) {
    INFO(type);
    CHECK(all.find(type) != std::string::npos);
  }
}

}  // namespace hpcai::models::network
