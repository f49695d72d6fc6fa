#include "hpcai/data/sources/arrays.h"

#include <ATen/core/Tensor.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <set>

#include "../arrays_fixture.h"
#include "../support.h"
#include "hpcai/data/open.h"

using namespace hpcai;
using namespace hpcai::data;
using test::array_fixture;
using test::thrown_by;

namespace {

ArraysConfig samples_config() {
  ArraysConfig config;
  config.file = array_fixture("samples.npz");
  config.inputs = {"x"};
  config.targets = "y";
  config.validation_fraction = 0;
  return config;
}

// x [rows, 4] = 4 row + column and y [rows] = row / 2 in HDF5; one value may be another.
void write_arrays(const std::filesystem::path& path, hsize_t rows, double first_value = 0) {
  H5::H5File file(path.string(), H5F_ACC_TRUNC);
  std::vector<double> x, y;
  for (hsize_t i = 0; i < 4 * rows; ++i) x.push_back(static_cast<double>(i));
  for (hsize_t i = 0; i < rows; ++i) y.push_back(0.5 * static_cast<double>(i));
  x[0] = first_value;
  test::write_array(file, "x", {rows, 4}, x, H5::PredType::IEEE_F64LE);
  test::write_array(file, "y", {rows}, y, H5::PredType::IEEE_F32LE);
}

at::Tensor target_of(const Dataset& data, int64_t index) {
  const int64_t rows[] = {index};
  return data.targets(rows);
}

}  // namespace

TEST_CASE("arrays of a npz file are a regression") {
  const Splits splits = data::open(samples_config(), 1);
  CHECK(splits.train->spec().input_shape == std::vector<int64_t>{2, 3});
  CHECK(splits.train->spec().target_names == std::vector<std::string>{"y"});
  CHECK(splits.train->size() == 5);
  CHECK(test::read_input(*splits.train, 1) == std::vector<float>{6, 7, 8, 9, 10, 11});
  CHECK(target_of(*splits.train, 1).item<float>() == 0.5F);
  CHECK(splits.train->id(3) == "3");
  CHECK(splits.train->where(3) == array_fixture("samples.npz") + ", array x, row 3");
  CHECK_FALSE(splits.validation);
}

TEST_CASE("several arrays are joined along the second dimension, and a channel may be added") {
  ArraysConfig config = samples_config();
  config.inputs = {"x", "z"};
  const Splits splits = data::open(config, 1);
  CHECK(splits.train->spec().input_shape == std::vector<int64_t>{3, 3});
  CHECK(test::read_input(*splits.train, 1) == std::vector<float>{6, 7, 8, 9, 10, 11, -3, -4, -5});
  config.inputs = {"y"};
  config.targets = "star";
  CHECK(data::open(config, 1).train->spec().input_shape == std::vector<int64_t>{1});
  config.inputs = {"x"};
  config.add_channel = true;
  CHECK(data::open(config, 1).train->spec().input_shape == std::vector<int64_t>{1, 2, 3});
  config.add_channel = false;
  config.inputs = {"x", "y"};
  CHECK(thrown_by([&] { data::open(config, 1); }).what.find("cannot be joined with [2, 3]") != std::string::npos);
}

TEST_CASE("arrays of labels are classes, or several labels a sample") {
  ArraysConfig config = samples_config();
  config.targets.clear();
  config.labels = "kind";
  const Splits classes = data::open(config, 1);
  CHECK(classes.train->spec().class_names == std::vector<std::string>{"0", "1", "2"});
  CHECK(target_of(*classes.train, 1).item<int64_t>() == 2);
  config.classes = {"a", "b"};
  CHECK(thrown_by([&] { data::open(config, 1); }).what ==
        array_fixture("samples.npz") + ", array kind, row 1: class 2 is not a number from 0 to 1");
  config.classes.clear();
  config.labels = "marks";
  const Splits labels = data::open(config, 1);
  CHECK(labels.train->spec().target_names == std::vector<std::string>{"marks_0", "marks_1"});
  CHECK(labels.train->spec().target_ranges.size() == 2);
  config.target_names = {"ring"};
  CHECK(thrown_by([&] { data::open(config, 1); }).code == ExitCode::bad_data);
  config.targets = "y";
  CHECK(thrown_by([&] { data::spec_of(config); }).code == ExitCode::usage);
}

TEST_CASE("samples of a group are in one split of arrays") {
  ArraysConfig config = samples_config();
  config.group = "star";
  config.validation_fraction = 0.4;
  config.test_fraction = 0.3;
  bool divides = false;
  for (config.seed = 0; config.seed < 20; ++config.seed) {
    try {
      const Splits splits = data::open(config, 1);
      CHECK(size_of(splits.train) + size_of(splits.validation) + size_of(splits.test) == 5);
      for (const auto* split : {&splits.train, &splits.validation, &splits.test}) {
        if (!*split) continue;
        std::set<int64_t> rows;
        for (int64_t i = 0; i < (*split)->size(); ++i) rows.insert(std::stoll((*split)->id(i)));
        CHECK(rows.count(0) == rows.count(1));
        CHECK(rows.count(2) == rows.count(3));
      }
      divides = divides || (splits.validation && splits.test);
    } catch (const Error& error) {
      CHECK(std::string(error.what()).find("no row is left for training") != std::string::npos);
    }
  }
  CHECK(divides);
}

TEST_CASE("splits may be HDF5 files of their own, and are read when they are asked for") {
  const test::TemporaryFolder folder;
  write_arrays(folder / "train.h5", 6);
  write_arrays(folder / "v.h5", 3);
  ArraysConfig config;
  config.file = (folder / "train.h5").string();
  config.validation_file = (folder / "v.h5").string();
  config.inputs = {"x"};
  config.targets = "y";
  config.cache_mb = 0;
  const Splits splits = data::open(config, 1);
  CHECK(splits.train->size() == 6);
  CHECK(splits.validation->size() == 3);
  CHECK(test::read_input(*splits.train, 5) == std::vector<float>{20, 21, 22, 23});
  const auto split = data::open_split(config, Split::validation, {splits.train->spec()});
  CHECK(split->size() == 3);
}

TEST_CASE("labels of another shape than in the training are refused") {
  const test::TemporaryFolder folder;
  write_arrays(folder / "a.h5", 6);
  ArraysConfig config;
  config.file = (folder / "a.h5").string();
  config.inputs = {"x"};
  config.labels = "x";  // [6, 4], but the network learnt class numbers
  SampleSpec spec;
  spec.input_shape = {4};
  spec.class_names = {"a", "b"};
  const auto thrown = thrown_by([&] { data::open_input(config, config.file, {spec, false}); });
  CHECK(thrown.code == ExitCode::bad_data);
  CHECK(thrown.what.find("shape [6, 4], but class numbers are [n]") != std::string::npos);
}

TEST_CASE("a value of an array that is not finite is refused with its row") {
  const test::TemporaryFolder folder;
  write_arrays(folder / "a.h5", 6, std::nan(""));
  ArraysConfig config;
  config.file = (folder / "a.h5").string();
  config.inputs = {"x"};
  config.targets = "y";
  config.validation_fraction = 0;
  const Splits splits = data::open(config, 1);
  const auto thrown = thrown_by([&] { test::read_input(*splits.train, 0); });
  CHECK(thrown.code == ExitCode::bad_data);
  CHECK(thrown.what.find("row 0: value 0 is nan, not a finite number") != std::string::npos);
  CHECK(test::read_input(*splits.train, 1)[0] == 4);
  write_arrays(folder / "b.h5", 6, 1e300);
  config.file = (folder / "b.h5").string();
  CHECK(thrown_by([&] { test::read_input(*data::open(config, 1).train, 0); }).what.find("does not fit into float32") !=
        std::string::npos);
}

TEST_CASE("a trained network reads new arrays without truth") {
  const ArraysConfig config = samples_config();
  const SampleSpec spec = data::open(config, 1).train->spec();
  const auto fresh = data::open_input(config, array_fixture("folder/x.npy"), {spec, /*labels_optional=*/true});
  CHECK(fresh->size() == 5);
  CHECK(std::isnan(target_of(*fresh, 0).item<float>()));
  CHECK(thrown_by([&] {
          data::open_input(config, array_fixture("folder/x.npy"), {spec, false});
        }).what.find("without a truth") != std::string::npos);
  CHECK(target_of(*data::open_input(config, array_fixture("folder"), {spec, false}), 4).item<float>() == 2);
  CHECK(thrown_by([&] {
          data::open_input(config, array_fixture("folder/y.npy"), {spec, true});
        }).what.find("shape [1], not [2, 3]") != std::string::npos);
}
