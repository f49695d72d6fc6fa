#include "hpcai/models/network/network.h"

#include <torch/types.h>

#include <catch2/catch.hpp>
#include <cmath>

#include "hpcai/core/error.h"
#include "hpcai/models/feature_network.h"
#include "hpcai/models/network/layer_config.h"
#include "hpcai/models/standardise.h"
#include "yaml_network.h"

using Catch::Matchers::Contains;

namespace hpcai::models::network {
namespace {

const std::string kGalaxy =
    "[{conv: {channels: 8, kernel: 3, padding: same, name: stem}}, batch_norm, relu, max_pool: 2, "
    "repeat: {times: 2, name: blocks, layers: [residual: [conv: {channels: 8, kernel: 3, padding: same}, batch_norm, relu]]}, "
    "mean, dense: 16, relu, dropout: 0.5, outputs]";

std::vector<std::string> keys_of(const torch::OrderedDict<std::string, at::Tensor>& tensors) {
  std::vector<std::string> names;
  for (const auto& item : tensors) names.push_back(item.key());
  return names;
}

}  // namespace

TEST_CASE("weights have the names, or the numbers, of their layers") {
  const auto model = make_layers(kGalaxy, {3, 16, 16}, 4);
  CHECK(keys_of(model->named_parameters()) ==
        std::vector<std::string>{"layers.stem.weight", "layers.stem.bias", "layers.1.weight", "layers.1.bias",
                                 "layers.blocks.0.0.0.weight", "layers.blocks.0.0.0.bias", "layers.blocks.0.0.1.weight",
                                 "layers.blocks.0.0.1.bias", "layers.blocks.1.0.0.weight", "layers.blocks.1.0.0.bias",
                                 "layers.blocks.1.0.1.weight", "layers.blocks.1.0.1.bias", "layers.6.weight", "layers.6.bias",
                                 "layers.9.weight", "layers.9.bias"});
  const std::vector<std::string> layers = model->layers();
  REQUIRE(layers.size() == 18);
  CHECK(layers[0] == "stem");
  CHECK(layers[1] == "layers.1");
  CHECK(layers[4] == "blocks");
  CHECK(layers[5] == "blocks.0.0");
  CHECK(layers[6] == "blocks.0.0.0");
  CHECK(layers[17] == "head");
}

TEST_CASE("a network may standardise its inputs, each feature of a sequence by itself") {
  NetworkConfig config = parsed("  layers: [flatten, outputs]\n");
  config.standardise_inputs = true;
  config.time_first = true;
  const int64_t shape[] = {5, 2};
  const auto model = make_model(config, shape, 1, 7);
  config.standardise_inputs = false;
  const auto plain = make_model(config, shape, 1, 7);
  CHECK(model->named_buffers().keys() == std::vector<std::string>{"input_scale.centre", "input_scale.deviation"});
  CHECK(model->named_buffers()["input_scale.centre"].sizes() == at::IntArrayRef({1, 2}));
  CHECK(plain->named_buffers().size() == 0);
  at::manual_seed(1);
  const at::Tensor input = at::randn({30, 5, 2}) * 50 + 7;
  find_input_standardiser(*model)->fit_to(input);
  const at::Tensor columns = input.flatten(0, 1);
  const at::Tensor standard = (input - columns.mean(0)) / columns.std(0, /*unbiased=*/false);
  CHECK(at::allclose(model->forward(input), plain->forward(standard), 1e-4, 1e-4));
}

TEST_CASE("a vector of features is standardised feature by feature, whatever the layout of sequences") {
  NetworkConfig config = parsed("  layers: [outputs]\n");
  config.standardise_inputs = true;
  config.time_first = true;
  const int64_t shape[] = {6};
  CHECK(make_model(config, shape, 1, 7)->named_buffers()["input_scale.centre"].sizes() == at::IntArrayRef({6}));
}

TEST_CASE("a training may begin at any layer of a network") {
  const auto model = make_layers(kGalaxy, {3, 16, 16}, 4);
  const auto trained = [&](const std::string& from) {
    model->set_trainable_from(from);
    std::vector<std::string> names;
    for (const auto& item : model->named_parameters()) {
      if (item.value().requires_grad() && item.key().ends_with("weight")) names.push_back(item.key());
    }
    return names;
  };
  CHECK(trained("all").size() == 8);
  CHECK(trained("blocks").front() == "layers.blocks.0.0.0.weight");
  CHECK(trained("blocks.1.0").front() == "layers.blocks.1.0.0.weight");
  CHECK(trained("blocks.1.0.1") == std::vector<std::string>{"layers.blocks.1.0.1.weight", "layers.6.weight", "layers.9.weight"});
  CHECK(trained("layers.6") == std::vector<std::string>{"layers.6.weight", "layers.9.weight"});
  CHECK(trained("head") == std::vector<std::string>{"layers.9.weight"});
  CHECK(model->tensors_from("head") == std::vector<std::string>{"layers.9.weight", "layers.9.bias"});
  CHECK_THROWS_WITH(model->set_trainable_from("block"), Contains("the network has no layer 'block'"));
}

TEST_CASE("every network has a head: the layer of this name, or else the last one") {
  const auto head = [](const std::string& layers) { return make_layers(layers, {6}, 2)->tensors_from("head").front(); };
  CHECK(head("[dense: 3, relu, outputs]") == "layers.2.weight");
  CHECK(head("[{dense: {units: 3, name: head}}, relu, outputs]") == "layers.head.weight");
  CHECK(head("[dense: 3, relu, {outputs: {name: classes}}]") == "layers.classes.weight");
  CHECK(head("[parallel: [[dense: 1], [dense: 1]]]") == "layers.0.0.0.weight");
  CHECK(head("[dense: 3, sequence: [relu, outputs]]") == "layers.1.1.weight");
}

TEST_CASE("a network of images has maps and features, one of vectors has features, and one that ends otherwise has neither") {
  const auto model = make_layers(kGalaxy, {3, 16, 16}, 4);
  const bool trains = GENERATE(true, false);
  model->train(trains);
  model->set_randomness({.seed = 3, .step = 5});
  MapNetwork& network = map_network(*model, "test");
  const at::Tensor input = at::ones({3, 3, 16, 16}).cumsum(3).sin();
  CHECK(network.maps(input).sizes() == at::IntArrayRef({3, 8, 8, 8}));
  CHECK(network.feature_count() == 16);
  const at::Tensor features = network.features(input);
  CHECK(features.sizes() == at::IntArrayRef({3, 16}));
  CHECK(at::equal(features, network.summarise(network.maps(input))));
  CHECK(at::equal(model->forward(input), network.classify(features)));

  const auto series = make_layers("[conv: {channels: 4, kernel: 3}, relu, mean, outputs]", {1, 20}, 2);
  CHECK(feature_network(*series, "test").feature_count() == 4);
  CHECK_THROWS_WITH(map_network(*series, "test"), Contains("no maps of an image"));
  const auto branches = make_layers("[mean, parallel: [[dense: 1], [dense: 1]]]", {1, 20}, 2);
  CHECK_THROWS_WITH(feature_network(*branches, "test"), Contains("no vector of features"));
  // The sum crosses the place of the maps.
  const auto crossing = make_layers("[add_to: a, mean, parallel: [[], [take: a, max]], outputs]", {3, 8, 8}, 2);
  CHECK(feature_network(*crossing, "test").features(input).sizes() == at::IntArrayRef({3, 6}));
  CHECK_THROWS_AS(map_network(*crossing, "test"), Error);
}

TEST_CASE("the initial weights are a function of the seed, and other layers do not change those of convolutions") {
  const std::string with = "[conv: {channels: 4, kernel: 3}, transpose, lstm: 3, attention: 1, mean, outputs]";
  const auto one = make_layers(with, {2, 9}, 2, false, 5), again = make_layers(with, {2, 9}, 2, false, 5);
  const auto other = make_layers(with, {2, 9}, 2, false, 6);
  for (size_t i = 0; i < one->parameters().size(); ++i) {
    CHECK(at::equal(one->parameters()[i], again->parameters()[i]));
    const bool zero = one->parameters()[i].abs().max().item<double>() == 0;  // the biases of the attention
    CHECK((zero || !at::equal(one->parameters()[i], other->parameters()[i])));
  }
  const auto without = make_layers("[conv: {channels: 4, kernel: 3}, transpose, dense: 3, mean, outputs]", {2, 9}, 2, false, 5);
  CHECK(at::equal(one->parameters()[0], without->parameters()[0]));
}

TEST_CASE("the initial weights have the bounds of the chosen distribution") {
  const auto largest = [](const std::string& initialisation, const std::string& layer, const std::vector<int64_t>& shape) {
    const NetworkConfig config =
        parsed("  initialisation: " + initialisation + "\n  layers: [" + layer + ", flatten, outputs]\n");
    const auto weight = make_model(config, shape, 2, 1)->parameters()[0];
    return weight.abs().max().item<double>();
  };
  const std::string conv = "conv: {channels: 32, kernel: 3}", wide = "conv: {channels: 32, kernel: 3, groups: 2}";
  CHECK(largest("pytorch", conv, {16, 9}) == Approx(1 / std::sqrt(48)).epsilon(0.02));
  CHECK(largest("pytorch", conv, {16, 9, 9}) == Approx(1 / std::sqrt(144)).epsilon(0.02));
  CHECK(largest("pytorch", wide, {16, 9}) == Approx(1 / std::sqrt(24)).epsilon(0.02));
  CHECK(largest("keras", conv, {16, 9}) == Approx(std::sqrt(6.0 / (48 * 3))).epsilon(0.02));
  CHECK(largest("keras", conv, {16, 9, 9}) == Approx(std::sqrt(6.0 / (48 * 9))).epsilon(0.02));
  CHECK(largest("keras", "dense: 200", {100}) == Approx(std::sqrt(6.0 / 300)).epsilon(0.02));
  CHECK(largest("pytorch", "transpose, lstm: 25", {4, 9}) == Approx(0.2).epsilon(0.02));
}

TEST_CASE("dropout acts in training alone, and each has masks of its own") {
  const auto model = make_layers("[parallel: [[dropout: 0.5], [dropout: 0.5]]]", {40}, 80);
  const at::Tensor input = at::ones({2, 40});
  model->set_randomness({.seed = 1, .step = 2});
  const at::Tensor output = model->forward(input);
  CHECK(at::equal(output, model->forward(input)));
  CHECK_FALSE(at::equal(output.narrow(1, 0, 40), output.narrow(1, 40, 40)));
  CHECK(at::logical_or(output == 0, output == 2).all().item<bool>());
  model->set_randomness({.seed = 1, .step = 3});
  CHECK_FALSE(at::equal(output, model->forward(input)));
  model->eval();
  CHECK(at::equal(model->forward(input), at::ones({2, 80})));
}

TEST_CASE("the dropout of attention is a function of the step, and absent in evaluation") {
  const auto dropping = make_layers("[attention: {heads: 2, dropout: 0.5}, mean, outputs]", {6, 4}, 3, true);
  const auto plain = make_layers("[attention: 2, mean, outputs]", {6, 4}, 3, true);
  const at::Tensor input = at::ones({2, 6, 4}).cumsum(1).cos();
  dropping->set_randomness({.seed = 1, .step = 2});
  const at::Tensor output = dropping->forward(input);
  CHECK(at::equal(output, dropping->forward(input)));
  CHECK_FALSE(at::equal(output, plain->forward(input)));
  dropping->eval();
  CHECK(at::equal(dropping->forward(input), plain->forward(input)));
}

TEST_CASE("the table of layers shows shapes and trained values") {
  const auto model =
      make_layers("[{conv: {channels: 4, kernel: 3, name: stem}}, residual: [batch_norm, relu], mean, outputs]", {2, 10}, 3);
  const auto& network = dynamic_cast<const Layered&>(*model);
  CHECK(layer_table(network.rows(), {2, 10}) ==
        "layer       kind        output     parameters\n"
        "input                   [2, 10]\n"
        "stem        conv        [4, 8]             28\n"
        "layers.1    residual    [4, 8]\n"
        "layers.1.0  batch_norm  [4, 8]              8\n"
        "layers.1.1  relu        [4, 8]\n"
        "layers.2    mean        [4]\n"
        "head        outputs     [3]                15\n"
        "sum                                        51\n");
  CHECK(size_of(*model).trainable == 51);
}

TEST_CASE("the mode of the batch norms is that of the network, and none without a batch norm") {
  CHECK(batch_norm_of(parsed("  layers: [relu, repeat: {times: 2, layers: [parallel: [[], [batch_norm]]]}]\n")) ==
        BatchNormMode::local);
  CHECK(batch_norm_of(parsed("  layers: [gated_stack]\n  batch_norm: frozen\n")) == BatchNormMode::frozen);
  CHECK(batch_norm_of(parsed("  layers: [residual: {layers: [relu], shortcut: [batch_norm]}]\n")) == BatchNormMode::local);
  CHECK(batch_norm_of(parsed("  layers: [conv: {channels: 3, kernel: 3}, layer_norm]\n")) == BatchNormMode::none);
  CHECK(batch_norm_of(XceptionConfig{}) == BatchNormMode::local);
  const auto model = make_layers("[{batch_norm: {zero_gamma: true}}, outputs]", {4}, 2);
  CHECK(model->parameters()[0].abs().max().item<double>() == 0);
}

TEST_CASE("a network computes any number of samples of any size that its weights allow") {
  const auto model = make_layers("[conv: {channels: 4, kernel: 3, stride: 2}, relu, mean, outputs]", {2, 21}, 3);
  CHECK(model->forward(at::randn({1, 2, 21})).sizes() == at::IntArrayRef({1, 3}));
  CHECK(model->forward(at::randn({5, 2, 37})).sizes() == at::IntArrayRef({5, 3}));
  CHECK(model->forward(at::randn({0, 2, 21})).sizes() == at::IntArrayRef({0, 3}));
}

}  // namespace hpcai::models::network
