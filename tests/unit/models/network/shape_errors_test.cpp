// Networks whose layers do not fit, and what is said about them.
#include <catch2/catch.hpp>
#include <set>

#include "hpcai/core/error.h"
#include "yaml_network.h"

using Catch::Matchers::Contains;

namespace hpcai::models::network {
namespace {

enum class Sample { series, sequence, image, vector };

struct Broken {
  Sample sample;
  const char* layers;  // in front of `- outputs`, which every network ends in
  const char* path;    // what the message names: the layer's place and kind
  const char* what;    // and what is wrong
};

// Samples: a series [2 channels, 20 steps], a sequence [20 steps, 4 features], an image [3 channels, 16 x 12 pixels], 8 features.
const std::vector<Broken> kBroken = {
    // convolutions
    {Sample::series, "conv: {channels: 4, kernel: 21}, mean", "layers[0] (conv)", "kernel 21 does not fit 20 time steps"},
    {Sample::series, "conv: {channels: 4, kernel: 5, dilation: 5}, mean", "layers[0] (conv)",
     "kernel 5 with dilation 5, which spans 21 time steps, does not fit 20 time steps"},
    {Sample::series, "conv: {channels: 4, kernel: 25, padding: 2}, mean", "layers[0] (conv)",
     "kernel 25 does not fit 20 time steps with 2 more on each side"},
    {Sample::series, "relu, conv: {channels: 4, kernel: 3, groups: 2}, conv: {channels: 4, kernel: 3, groups: 3}, mean",
     "layers[2] (conv)", "groups 3 do not divide the 4 channels of its input; its input is [4 channels, 18 steps]"},
    {Sample::series, "conv: {channels: 3, kernel: 3, groups: 2}, mean", "layers[0] (conv)",
     "groups 2 do not divide the 3 channels of its output"},
    {Sample::series, "conv: {channels: 3, kernel: 3, padding: smae}, mean", "layers[0] (conv)", "its padding is smae"},
    {Sample::series, "conv: {channels: 3, kernel: 3, padding: -1}, mean", "layers[0] (conv)", "its padding is -1"},
    {Sample::series, "conv: {channels: 3, kernel: 3, padding: 1.5}, mean", "layers[0] (conv)", "its padding is 1.5"},
    {Sample::series, "conv: {channels: 3, kernel: 3, padding: 99999999999}, mean", "layers[0] (conv)",
     "its padding is 99999999999"},
    {Sample::series, "conv: {channels: 3, kernel: 3, padding: \"\"}, mean", "layers[0] (conv)", "its padding is "},
    {Sample::image, "conv: {channels: 3, kernel: 3, padding: causal}, mean", "layers[0] (conv)", "its padding is causal"},
    {Sample::image, "conv: {channels: 3, kernel: 13}, mean", "layers[0] (conv)", "kernel 13 does not fit 12 columns"},
    {Sample::image, "conv: {channels: 3, kernel: 17}, mean", "layers[0] (conv)", "kernel 17 does not fit 16 rows"},
    {Sample::image, "conv: {channels: 3, kernel: 3, dilation: 6}, mean", "layers[0] (conv)", "which spans 13 columns"},
    {Sample::image, "conv: {channels: 4, kernel: 3, groups: 2}, mean", "layers[0] (conv)",
     "groups 2 do not divide the 3 channels of its input; its input is [3 channels, 16 x 12 pixels]"},
    {Sample::vector, "conv: {channels: 3, kernel: 3}", "layers[0] (conv)",
     "it needs a series or an image; its input is [8 features]"},
    {Sample::sequence, "conv: {channels: 3, kernel: 3}", "layers[0] (conv)",
     "it needs a series [channels, steps]; its input is [20 steps, 4 features]"},
    {Sample::series, "mean, conv: {channels: 3, kernel: 3}", "layers[1] (conv)", "it needs a series or an image"},
    {Sample::image, "flatten, conv: {channels: 3, kernel: 3}", "layers[1] (conv)", "its input is [576 features]"},
    {Sample::image, "conv: {channels: 65536, kernel: 3}, conv: {channels: 65536, kernel: 1}, mean", "layers[1] (conv)",
     "it would have 4.29e+09 weights"},
    {Sample::image, "conv: {channels: 65536, kernel: 65536, padding: same}, mean", "layers[0] (conv)", "weights, more than 2^31"},
    {Sample::series, "separable_conv: {channels: 4, kernel: 30}, mean", "layers[0] (separable_conv)", "kernel 30 does not fit"},
    {Sample::sequence, "separable_conv: {channels: 4, kernel: 3}, mean", "layers[0] (separable_conv)",
     "it needs a series [channels"},
    {Sample::vector, "separable_conv: {channels: 4, kernel: 3}", "layers[0] (separable_conv)", "it needs a series or an image"},
    // norms
    {Sample::series, "group_norm: 3, mean", "layers[0] (group_norm)", "groups 3 do not divide the 2 channels"},
    {Sample::image, "conv: {channels: 8, kernel: 3}, group_norm: 3, mean", "layers[1] (group_norm)",
     "groups 3 do not divide the 8 channels; its input is [8 channels, 14 x 10 pixels]"},
    {Sample::vector, "group_norm: 16", "layers[0] (group_norm)", "groups 16 do not divide the 8 channels"},
    // gates
    {Sample::series, "conv: {channels: 5, kernel: 1}, gate, mean", "layers[1] (gate)",
     "it halves the channels, but 5 is an odd number"},
    {Sample::image, "gate, mean", "layers[0] (gate)", "it halves the channels, but 3"},
    {Sample::image, "glu, mean", "layers[0] (glu)", "it halves the channels, but 3"},
    {Sample::vector, "dense: 7, glu", "layers[1] (glu)", "it halves the channels, but 7"},
    {Sample::image, "gated_stack: {channels: 4}, mean", "layers[0] (gated_stack)", "it needs a series"},
    {Sample::sequence, "gated_stack: {channels: 4}, mean", "layers[0] (gated_stack)", "it needs a series"},
    {Sample::vector, "gated_stack", "layers[0] (gated_stack)", "it needs a series"},
    // pools
    {Sample::series, "max_pool: 21, mean", "layers[0] (max_pool)", "kernel 21 does not fit 20 time steps"},
    {Sample::series, "max_pool: 4, max_pool: 4, max_pool: 2, mean", "layers[2] (max_pool)", "kernel 2 does not fit 1 time step"},
    {Sample::image, "max_pool: {kernel: 3, padding: 2}, mean", "layers[0] (max_pool)",
     "its padding 2 is more than half of its kernel 3"},
    {Sample::image, "average_pool: {kernel: 2, padding: 2}, mean", "layers[0] (average_pool)", "its padding 2 is more than half"},
    {Sample::image, "average_pool: 14, mean", "layers[0] (average_pool)", "kernel 14 does not fit 12 columns"},
    {Sample::vector, "max_pool: 2", "layers[0] (max_pool)", "it needs a series or an image"},
    {Sample::sequence, "average_pool: 2, mean", "layers[0] (average_pool)", "it needs a series [channels, steps]"},
    {Sample::vector, "mean", "layers[0] (mean)", "it needs time steps or pixels"},
    {Sample::vector, "max", "layers[0] (max)", "it needs time steps or pixels"},
    {Sample::series, "mean, relu, mean", "layers[2] (mean)", "it needs time steps or pixels; its input is [2 features]"},
    // dense
    {Sample::series, "dense: 4, mean", "layers[0] (dense)",
     "it needs a vector of features, or a sequence [steps, features]; its input is [2 channels, 20 steps]"},
    {Sample::image, "dense: 4, mean", "layers[0] (dense)", "it needs a vector of features"},
    {Sample::image, "conv: {channels: 65536, kernel: 1}, flatten, dense: 65536", "layers[2] (dense)",
     "it would have 8.25e+11 weights"},
    {Sample::series, "relu", "layers[1] (outputs)", "it needs a vector of features"},
    {Sample::sequence, "relu", "layers[1] (outputs)", "it needs a vector of features; its input is [20 steps, 4 features]"},
    {Sample::image, "batch_norm, relu", "layers[2] (outputs)", "it needs a vector of features"},
    // recurrent layers and attention
    {Sample::series, "lstm: 4, mean", "layers[0] (lstm)",
     "it needs a sequence [steps, features]; its input is [2 channels, 20 steps]"},
    {Sample::image, "lstm: 4, mean", "layers[0] (lstm)", "it needs a sequence"},
    {Sample::vector, "gru: 4", "layers[0] (gru)", "it needs a sequence"},
    {Sample::sequence, "gru: {units: 4, output: last}, gru: 4", "layers[1] (gru)", "its input is [4 features]"},
    {Sample::sequence, "lstm: {units: 65536, depth: 2, bidirectional: true}, mean", "layers[0] (lstm)",
     "weights, more than 2^31"},
    {Sample::series, "attention: 2, mean", "layers[0] (attention)", "it needs a sequence"},
    {Sample::sequence, "attention: 3, mean", "layers[0] (attention)", "heads 3 do not divide the 4 features"},
    {Sample::sequence, "dense: 6, attention: 4, mean", "layers[1] (attention)", "heads 4 do not divide the 6 features"},
    {Sample::vector, "attention: 2", "layers[0] (attention)", "it needs a sequence"},
    {Sample::sequence, "dense: 65536, attention: 2, mean", "layers[1] (attention)", "weights, more than 2^31"},
    {Sample::vector, "positional_encoding", "layers[0] (positional_encoding)", "it needs a sequence"},
    {Sample::image, "positional_encoding, mean", "layers[0] (positional_encoding)", "it needs a sequence"},
    {Sample::series, "positional_encoding: {trained: true}, mean", "layers[0] (positional_encoding)", "it needs a sequence"},
    // shapes
    {Sample::vector, "transpose", "layers[0] (transpose)", "it needs a series or a sequence"},
    {Sample::image, "transpose, mean", "layers[0] (transpose)", "it needs a series or a sequence"},
    {Sample::series, "last: 21, mean", "layers[0] (last)", "it keeps 21 time steps, but there are only 20"},
    {Sample::series, "max_pool: 2, last: 11, mean", "layers[1] (last)", "it keeps 11 time steps, but there are only 10"},
    {Sample::image, "last: 2, mean", "layers[0] (last)", "it needs time steps"},
    {Sample::vector, "last: 2", "layers[0] (last)", "it needs time steps"},
    {Sample::series, "crop: {begin: 10, end: 10}, mean", "layers[0] (crop)", "it cuts off 10 and 10, which leaves nothing of 20"},
    {Sample::image, "crop: {begin: 12}, mean", "layers[0] (crop)", "it cuts off 12 and 0, which leaves nothing of 12"},
    {Sample::series, "crop: {begin: 9223372036854775807, end: 9223372036854775807}, mean", "layers[0] (crop)",
     "leaves nothing of 20"},
    {Sample::vector, "crop: {begin: 1}", "layers[0] (crop)", "it needs time steps or pixels"},
    // layers that hold layers
    {Sample::series, "residual: [conv: {channels: 4, kernel: 3, padding: same}], mean", "layers[0] (residual)",
     "its layers give [4 channels, 20 steps], but what is added is [2 channels, 20 steps]"},
    {Sample::series, "residual: [conv: {channels: 2, kernel: 3}], mean", "layers[0] (residual)",
     "its layers give [2 channels, 18 steps]"},
    {Sample::image, "residual: {layers: [relu], shortcut: [conv: {channels: 4, kernel: 1}]}, mean", "layers[0] (residual)",
     "what is added is [4 channels, 16 x 12 pixels]"},
    {Sample::series, "residual: [relu, dense: 3], mean", "layers[0].layers[1] (dense)", "it needs a vector of features"},
    {Sample::series, "residual: {layers: [relu], shortcut: [relu, lstm: 2]}, mean", "layers[0].shortcut[1] (lstm)",
     "it needs a sequence"},
    {Sample::series, "residual: {layers: [{relu: {name: shortcut}}], shortcut: [relu]}, mean", "layers[0] (residual)",
     "one of its layers is named shortcut"},
    {Sample::series, "parallel: [[relu]], mean", "layers[0] (parallel)", "it needs at least two branches"},
    {Sample::series, "parallel: [], mean", "layers[0] (parallel)", "it needs at least two branches"},
    {Sample::series, "parallel: [[], [max_pool: 2]], mean", "layers[0] (parallel)",
     "its branch 1 gives [2 channels, 10 steps], but branch 0 gives [2 channels, 20 steps]"},
    {Sample::series, "parallel: [[mean], []], mean", "layers[0] (parallel)", "but branch 0 gives [2 features]"},
    {Sample::series, "parallel: [[transpose], []], mean", "layers[0] (parallel)", "but branch 0 gives [20 steps, 2 features]"},
    {Sample::image, "parallel: [[], [relu, conv: {channels: 1, kernel: 20}]], mean", "layers[0].branches[1][1] (conv)",
     "kernel 20 does not fit 16 rows"},
    {Sample::series, "sum: [[], [conv: {channels: 3, kernel: 1}]], mean", "layers[0] (sum)",
     "its branch 1 gives [3 channels, 20 steps]"},
    {Sample::series, "sum: [[]], mean", "layers[0] (sum)", "it needs at least two branches"},
    {Sample::vector, "sum: [[dense: 3], [dense: 4]]", "layers[0] (sum)",
     "its branch 1 gives [4 features], but branch 0 gives [3 features]"},
    {Sample::series, "multiply: [[], [mean, dense: 3]], mean", "layers[0] (multiply)", "its branch 1 gives [3 features]"},
    {Sample::series, "multiply: [[], [max_pool: 2]], mean", "layers[0] (multiply)", "its branch 1 gives [2 channels, 10 steps]"},
    {Sample::vector, "multiply: [[dense: 3], [dense: 4]]", "layers[0] (multiply)", "its branch 1 gives [4 features]"},
    {Sample::series, "repeat: {times: 5, layers: [relu, max_pool: 2]}, mean", "layers[0].layers[1] (max_pool, repetition 5)",
     "kernel 2 does not fit 1 time step"},
    {Sample::series, "repeat: {times: 2, layers: [repeat: {times: 3, layers: [max_pool: 2]}]}, mean",
     "layers[0].layers[0].layers[0] (max_pool, repetition 2, repetition 2)", "kernel 2 does not fit 1 time step"},
    {Sample::series, "repeat: {times: 4, dilation_growth: 4, layers: [conv: {channels: 2, kernel: 2}]}, mean",
     "layers[0].layers[0] (conv, repetition 3)",
     "kernel 2 with dilation 16, which spans 17 time steps, does not fit 15 time steps"},
    {Sample::series, "repeat: {times: 30, dilation_growth: 64, layers: [conv: {channels: 2, kernel: 2, padding: same}]}, mean",
     "layers[0].layers[0] (conv, repetition 6)", "its dilation grows to 1.07e+09, more than 2^24"},
    {Sample::series, "repeat: {times: 1000, layers: [repeat: {times: 1000, layers: [relu]}]}, mean",
     "layers[0].layers[0].layers[0] (relu, repetition 10, repetition 990)", "the network has more than 10000 layers"},
    {Sample::series, "sequence: [relu, sequence: [relu, dense: 3]], mean", "layers[0].layers[1].layers[1] (dense)",
     "it needs a vector of features"},
    // sums and names
    {Sample::series, "take: a, mean", "layers[0] (take)", "nothing in front of it adds to the sum a"},
    {Sample::series, "add_to: a, take: b, mean", "layers[1] (take)", "nothing in front of it adds to the sum b"},
    {Sample::series, "add_to: a, max_pool: 2, add_to: a, take: a, mean", "layers[2] (add_to)",
     "the sum a is [2 channels, 20 steps]; its input is [2 channels, 10 steps]"},
    {Sample::series, "{relu: {name: a}}, {relu: {name: a}}, mean", "layers[1] (relu a)",
     "another layer of this list has the name a"},
    {Sample::series, "{relu: {name: a.b}}, mean", "layers[0] (relu a.b)",
     "the name a.b must be made of letters, digits, _ and -"},
    {Sample::series, "{relu: {name: 3}}, mean", "layers[0] (relu 3)", "begin with a letter"},
    {Sample::series, "{relu: {name: all}}, mean", "layers[0] (relu all)", "the name all means all layers"},
    {Sample::series, "{relu: {name: layers}}, mean", "layers[0] (relu layers)",
     "the name layers begins the names of layers without one"},
};

std::vector<int64_t> shape_of(Sample sample) {
  switch (sample) {
    case Sample::series: return {2, 20};
    case Sample::sequence: return {20, 4};
    case Sample::image: return {3, 16, 12};
    case Sample::vector: return {8};
  }
  return {};
}

std::string complaint_about(const std::string& layers, Sample sample) {
  try {
    make_layers(layers, shape_of(sample), 5, sample == Sample::sequence);
    return "nothing";
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::usage);
    return error.what();
  }
}

}  // namespace

TEST_CASE("each of 100 broken networks is refused with the place of its layer, what is wrong and what came in") {
  CHECK(kBroken.size() >= 100);
  std::set<std::pair<Sample, std::string>> seen;
  for (const Broken& broken : kBroken) {
    INFO(broken.layers);
    const std::string text = complaint_about("[" + std::string(broken.layers) + ", outputs]", broken.sample);
    CHECK_THAT(text, Contains("net.yaml:2: model." + std::string(broken.path) + ": "));
    CHECK_THAT(text, Contains(broken.what));
    CHECK_THAT(text, Contains("; its input is ["));
    CHECK(seen.emplace(broken.sample, broken.layers).second);
  }
}

TEST_CASE("a network that does not end in the outputs of the loss is refused") {
  CHECK_THAT(complaint_about("[mean, dense: 4]", Sample::series),
             Contains("net.yaml:2: model.layers[1] (dense): the network ends in [4 features], but the loss needs [5 features]"));
  CHECK_THAT(complaint_about("[relu]", Sample::series), Contains("the network ends in [2 channels, 20 steps]"));
  CHECK_THAT(complaint_about("[mean, outputs, relu, dense: 6]", Sample::series), Contains("model.layers[3] (dense)"));
  CHECK_THAT(complaint_about("[]", Sample::series), Contains("model.layers: the list is empty"));
  CHECK(complaint_about("[mean, outputs]", Sample::series) == "nothing");
  CHECK(complaint_about("[mean, dense: 5]", Sample::series) == "nothing");
}

TEST_CASE("a sum that no layer takes is refused") {
  CHECK_THAT(complaint_about("[add_to: skips, mean, outputs]", Sample::series),
             Contains("model.layers: no layer takes the sum skips"));
}

TEST_CASE("samples of four dimensions are refused") {
  CHECK_THROWS_WITH(make_layers("[flatten, outputs]", {2, 3, 4, 5}, 2),
                    Contains("model.type: network needs samples of 1 to 3 dimensions; these are [2, 3, 4, 5]"));
}

}  // namespace hpcai::models::network
