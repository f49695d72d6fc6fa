#include "hpcai/data/arrays/sequences.h"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <cmath>

#include "../support.h"
#include "hpcai/data/open.h"
#include "hpcai/data/sources/arrays.h"

using namespace hpcai;
using namespace hpcai::data;
using test::thrown_by;

namespace {

// Sequences of 3, 1 and 2 steps with two features, 10 sequence + step and its negative; `both` layouts hold the same.
const std::vector<double> kLengths = {3, 1, 2};
constexpr double kBehind = 99;

void write_sequences(const std::filesystem::path& path, const std::vector<double>& lengths = kLengths) {
  H5::H5File file(path.string(), H5F_ACC_TRUNC);
  std::vector<double> joined, padded, each, each_padded, steps_class, targets;
  for (size_t i = 0; i < kLengths.size(); ++i) {
    for (int step = 0; step < 4; ++step) {
      const bool real = step < kLengths[i];
      const double value = 10.0 * static_cast<double>(i) + step;
      for (const double feature : {value, -value}) {
        if (real) joined.push_back(feature);
        padded.push_back(real ? feature : kBehind);
      }
      if (real) each.push_back(value / 2);
      if (real) steps_class.push_back(step % 2);
      each_padded.push_back(real ? value / 2 : kBehind);
    }
    targets.push_back(static_cast<double>(i) + 0.5);
  }
  const auto write = [&](const char* name, const std::vector<hsize_t>& shape, const std::vector<double>& values) {
    test::write_array(file, name, shape, values, H5::PredType::IEEE_F64LE);
  };
  write("lengths", {3}, lengths);
  write("joined", {6, 2}, joined);
  write("padded", {3, 4, 2}, padded);
  write("each", {6}, each);
  write("each_padded", {3, 4}, each_padded);
  write("steps_class", {6}, steps_class);
  write("target", {3}, targets);
}

ArraysConfig sequences_config(const std::filesystem::path& path, const std::string& inputs, const std::string& targets) {
  ArraysConfig config;
  config.file = path.string();
  config.inputs = {inputs};
  config.targets = targets;
  config.lengths = "lengths";
  config.validation_fraction = 0;
  return config;
}

// The values up to the first NaN, behind which there is nothing else.
std::vector<float> until_end(const std::vector<float>& values) {
  std::vector<float> real;
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) continue;
    REQUIRE(real.size() == i);
    real.push_back(values[i]);
  }
  return real;
}

at::Tensor target_of(const Dataset& data, int64_t index) {
  const int64_t rows[] = {index};
  return data.targets(rows)[0];
}

}  // namespace

TEST_CASE("sequences one after the other and padded ones are the same samples, with NaN behind the end") {
  const test::TemporaryFolder folder;
  write_sequences(folder / "a.h5");
  const Splits joined = data::open(sequences_config(folder / "a.h5", "joined", "target"), 1);
  const Splits padded = data::open(sequences_config(folder / "a.h5", "padded", "target"), 1);
  for (const Splits* splits : {&joined, &padded}) {
    const Dataset& train = *splits->train;
    CHECK(train.spec().padded);
    CHECK_FALSE(train.spec().each_step);
    CHECK(train.spec().input_shape == std::vector<int64_t>{3, 2});
    CHECK(train.size() == 3);
    CHECK(until_end(test::read_input(train, 0)) == std::vector<float>{0, 0, 1, -1, 2, -2});
    CHECK(until_end(test::read_input(train, 1)) == std::vector<float>{10, -10});
    CHECK(until_end(test::read_input(train, 2)) == std::vector<float>{20, -20, 21, -21});
    CHECK(target_of(train, 2).item<float>() == 2.5F);
  }
}

TEST_CASE("arrays of sequences are joined along the features") {
  const test::TemporaryFolder folder;
  write_sequences(folder / "a.h5");
  ArraysConfig config = sequences_config(folder / "a.h5", "joined", "target");
  config.inputs = {"padded", "each"};
  const Splits splits = data::open(config, 1);
  CHECK(splits.train->spec().input_shape == std::vector<int64_t>{3, 3});
  CHECK(until_end(test::read_input(*splits.train, 2)) == std::vector<float>{20, -20, 10, 21, -21, 10.5F});
}

TEST_CASE("targets and classes for each step are padded as the inputs are") {
  const test::TemporaryFolder folder;
  write_sequences(folder / "a.h5");
  for (const char* name : {"each", "each_padded"}) {
    ArraysConfig config = sequences_config(folder / "a.h5", "joined", name);
    config.each_step = true;
    config.steps = 5;
    const Splits splits = data::open(config, 1);
    CHECK(splits.train->spec().each_step);
    CHECK(splits.train->spec().input_shape == std::vector<int64_t>{5, 2});
    const at::Tensor target = target_of(*splits.train, 2);
    CHECK(target.sizes() == at::IntArrayRef({5, 1}));
    CHECK(target[0].item<float>() == 10);
    CHECK(target[1].item<float>() == 10.5F);
    CHECK(target.isnan().sum().item<int64_t>() == 3);
  }
  ArraysConfig config = sequences_config(folder / "a.h5", "padded", "");
  config.each_step = true;
  config.labels = "steps_class";
  const Splits classes = data::open(config, 1);
  CHECK(classes.train->spec().class_names == std::vector<std::string>{"0", "1"});
  CHECK(target_of(*classes.train, 0).equal(at::tensor({0, 1, 0}, at::kLong)));
  CHECK(target_of(*classes.train, 1).equal(at::tensor({0, -1, -1}, at::kLong)));
}

TEST_CASE("sequences of one length may have a target for each step") {
  const test::TemporaryFolder folder;
  write_sequences(folder / "a.h5");
  ArraysConfig config = sequences_config(folder / "a.h5", "padded", "each_padded");
  config.lengths.clear();
  config.each_step = true;
  const Splits splits = data::open(config, 1);
  CHECK_FALSE(splits.train->spec().padded);
  CHECK(splits.train->spec().input_shape == std::vector<int64_t>{4, 2});
  CHECK(target_of(*splits.train, 1).sizes() == at::IntArrayRef({4, 1}));
}

TEST_CASE("sequences of one step each may be padded") {
  const test::TemporaryFolder folder;
  {
    H5::H5File file((folder / "a.h5").string(), H5F_ACC_TRUNC);
    test::write_array(file, "lengths", {3}, {1, 1, 1}, H5::PredType::IEEE_F64LE);
    test::write_array(file, "padded", {3, 2, 2}, {1, 2, 99, 99, 3, 4, 99, 99, 5, 6, 99, 99}, H5::PredType::IEEE_F64LE);
    test::write_array(file, "target", {3}, {1, 2, 3}, H5::PredType::IEEE_F64LE);
    test::write_array(file, "ambiguous", {3, 2}, {1, 2, 3, 4, 5, 6}, H5::PredType::IEEE_F64LE);
    test::write_array(file, "single", {3, 1}, {1, 2, 3}, H5::PredType::IEEE_F64LE);
  }
  const Splits splits = data::open(sequences_config(folder / "a.h5", "padded", "target"), 1);
  CHECK(splits.train->spec().input_shape == std::vector<int64_t>{1, 2});
  CHECK(test::read_input(*splits.train, 2) == std::vector<float>{5, 6});
  const auto error = thrown_by([&] { data::open(sequences_config(folder / "a.h5", "ambiguous", "target"), 1); });
  CHECK(error.code == ExitCode::bad_data);
  CHECK_THAT(error.what, Catch::Contains("the 2 columns may be features or padded time steps"));
  CHECK(error.remedy == "Give it three dimensions: [3, 1, 2] for features, [3, 2, 1] for time steps.");
  const Splits single = data::open(sequences_config(folder / "a.h5", "single", "target"), 1);
  CHECK(single.train->spec().input_shape == std::vector<int64_t>{1, 1});
}

TEST_CASE("arrays that do not fit the lengths are refused, and so is a sequence that is too long") {
  const test::TemporaryFolder folder;
  write_sequences(folder / "a.h5");
  const auto refused = [&](const ArraysConfig& config) { return thrown_by([&] { data::open(config, 1); }).what; };
  write_sequences(folder / "b.h5", {3, 2, 2});
  CHECK_THAT(refused(sequences_config(folder / "b.h5", "joined", "target")),
             Catch::Contains("array joined") || Catch::Contains("data set joined"));
  CHECK_THAT(refused(sequences_config(folder / "b.h5", "joined", "target")),
             Catch::Contains("shape [6, 2] for 3 sequences of 7 steps together"));
  write_sequences(folder / "c.h5", {3, 0, 2});
  CHECK_THAT(refused(sequences_config(folder / "c.h5", "joined", "target")),
             Catch::Contains("row 1: 0 is not a number of time steps"));
  write_sequences(folder / "d.h5", {3, 5, 2});
  CHECK_THAT(refused(sequences_config(folder / "d.h5", "padded", "target")),
             Catch::Contains("4 time steps, but a sequence has 5"));
  ArraysConfig config = sequences_config(folder / "a.h5", "joined", "target");
  config.steps = 2;
  CHECK_THAT(refused(config), Catch::Contains("row 0: 3 time steps, but the network takes at most 2"));
  config.lengths.clear();
  CHECK_THAT(refused(config), Catch::Contains("data.steps is set, but data.lengths is not"));
  config = sequences_config(folder / "a.h5", "joined", "target");
  config.each_step = true;
  CHECK_THAT(refused(config), Catch::Contains("shape [3] for 3 sequences of 6 steps together"));
}
