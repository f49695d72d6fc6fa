#include "hpcai/data/sources/table.h"

#include <ATen/core/Tensor.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>

#include "../support.h"
#include "hpcai/data/open.h"

using namespace hpcai;
using namespace hpcai::data;
using test::thrown_by;

namespace {

using Names = std::vector<std::string>;

// A table in t.csv whose rows are all for training.
TableConfig table_config(const test::TemporaryFolder& folder, const std::string& text) {
  std::ofstream(folder / "t.csv") << text;
  TableConfig config;
  config.file = (folder / "t.csv").string();
  config.validation_fraction = 0;
  return config;
}

constexpr const char* kStars =
    "name,mass,colour,age,split\n"
    "a,1,red,10,train\n"
    "b,2,blue,20,train\n"
    "c,4,red,40,validation\n"
    "d,3,blue,30,test\n";

TableConfig star_config(const test::TemporaryFolder& folder, const std::string& text = kStars) {
  TableConfig config = table_config(folder, text);
  config.targets = {"age"};
  config.categories = {"colour"};
  config.id_column = "name";
  config.split_column = "split";
  return config;
}

std::vector<float> numbers_of(const Dataset& data, int64_t index) {
  const int64_t rows[] = {index};
  const at::Tensor values = data.targets(rows);
  return {values.const_data_ptr<float>(), values.const_data_ptr<float>() + values.numel()};
}

int64_t label_of(const Dataset& data, int64_t index) {
  const int64_t rows[] = {index};
  return data.targets(rows).const_data_ptr<int64_t>()[0];
}

}  // namespace

TEST_CASE("numbers and categories of a table become inputs, in the order of the names") {
  const test::TemporaryFolder folder;
  const Splits splits = data::open(star_config(folder), 1);
  const SampleSpec& spec = splits.train->spec();
  CHECK(spec.input_names == Names{"mass", "colour=blue", "colour=red"});
  CHECK(spec.input_shape == std::vector<int64_t>{3});
  CHECK(spec.target_names == Names{"age"});
  CHECK(spec.input_fill.empty());
  CHECK(splits.train->size() == 2);
  CHECK(test::read_input(*splits.train, 1) == std::vector<float>{2, 1, 0});
  CHECK(test::read_input(*splits.validation, 0) == std::vector<float>{4, 0, 1});
  CHECK(numbers_of(*splits.test, 0) == std::vector<float>{30});
  CHECK(splits.test->id(0) == "d");
  CHECK(splits.test->where(0) == (folder / "t.csv").string() + ":5");
}

TEST_CASE("without data.inputs the columns of numbers that no key names are inputs") {
  const test::TemporaryFolder folder;
  TableConfig config = table_config(folder, ",Unnamed: 0,id,x,flag,word,y,empty\n0,0,7,1.5,True,w,2,\n1,1,8,,False,v,3,\n");
  config.targets = {"y"};
  config.id_column = "id";
  config.missing = MissingInput::mean;
  const Splits splits = data::open(config, 1);
  CHECK(splits.train->spec().input_names == Names{"x", "flag"});
  CHECK(splits.train->spec().input_fill == std::vector<double>{1.5, 0.5});
  CHECK(test::read_input(*splits.train, 0) == std::vector<float>{1.5F, 1});
  CHECK(test::read_input(*splits.train, 1) == std::vector<float>{1.5F, 0});
}

TEST_CASE("means and levels are those of the training rows") {
  const test::TemporaryFolder folder;
  TableConfig config = star_config(folder,
                                   "name,mass,colour,age,split\na,1,red,1,train\nb,3,red,1,train\nc,,green,1,validation\n"
                                   "d,100,,1,test\n");
  const auto thrown = thrown_by([&] { data::open(config, 1); });
  CHECK(thrown.code == ExitCode::bad_data);
  CHECK(thrown.what == (folder / "t.csv").string() + ":4, column mass: no value");
  config.missing = MissingInput::mean;
  const Splits splits = data::open(config, 1);
  CHECK(splits.train->spec().input_names == Names{"mass", "colour=red"});
  CHECK(test::read_input(*splits.validation, 0) == std::vector<float>{2, 0});
  CHECK(test::read_input(*splits.test, 0) == std::vector<float>{100, 0});
}

TEST_CASE("names of inputs that a checkpoint could not keep are refused") {
  const test::TemporaryFolder folder;
  TableConfig config = table_config(folder, "x,kind,y\n1,caf\xe9,2\n");
  config.categories = {"kind"};
  config.targets = {"y"};
  CHECK(thrown_by([&] { data::open(config, 1); }).what.find("is not UTF-8") != std::string::npos);
  std::ofstream(folder / "t.csv") << "kind=a,kind,y\n1,a,2\n";
  CHECK(thrown_by([&] { data::open(config, 1); }).what.find("has a name as the inputs of the category kind") !=
        std::string::npos);
}

TEST_CASE("a column of class names makes a classification") {
  const test::TemporaryFolder folder;
  TableConfig config = table_config(folder, "x;kind\n1;spiral\n2;elliptical\n3;spiral\n");
  config.label = "kind";
  const Splits splits = data::open(config, 1);
  CHECK(splits.train->spec().class_names == Names{"elliptical", "spiral"});
  CHECK(splits.train->spec().target_names.empty());
  CHECK(label_of(*splits.train, 0) == 1);
  CHECK(label_of(*splits.train, 1) == 0);
  CHECK(splits.train->id(2) == "4");
  CHECK_FALSE(data::spec_of(config));
  config.inputs = {"x"};
  config.classes = {"spiral", "elliptical"};
  CHECK((data::spec_of(config) == data::open(config, 1).train->spec()));
  CHECK(label_of(*data::open(config, 1).train, 0) == 0);
}

TEST_CASE("columns of 0 and 1 are several labels of a row") {
  const test::TemporaryFolder folder;
  TableConfig config = table_config(folder, "x,ring,bar\n1,0,1\n2,true,false\n");
  config.labels = {"ring", "bar"};
  const Splits splits = data::open(config, 1);
  CHECK(splits.train->spec().target_names == Names{"ring", "bar"});
  CHECK((splits.train->spec().target_ranges == std::vector<std::array<double, 2>>{{0, 1}, {0, 1}}));
  CHECK(numbers_of(*splits.train, 1) == std::vector<float>{1, 0});
  std::ofstream(folder / "t.csv") << "x,ring,bar\n1,0,2\n";
  CHECK(thrown_by([&] { data::open(config, 1); }).what == (folder / "t.csv").string() + ":2, column bar: 2 is neither 0 nor 1");
}

TEST_CASE("exactly one kind of truth is given") {
  const test::TemporaryFolder folder;
  TableConfig config = table_config(folder, kStars);
  CHECK(thrown_by([&] { data::open(config, 1); }).what == "data: none of targets, label and labels is given");
  config.targets = {"age"};
  config.label = "colour";
  CHECK(thrown_by([&] { data::spec_of(config); }).code == ExitCode::usage);
  config.label.clear();
  config.inputs = {"mass", "age"};
  CHECK(thrown_by([&] { data::open(config, 1); }).what == "data.inputs: column age is also what the network shall learn");
  config.inputs = {"mass", "Mass"};
  CHECK(thrown_by([&] { data::open(config, 1); }).what == "data.inputs: column Mass is named twice");
}

TEST_CASE("rows of a group are in one split") {
  const test::TemporaryFolder folder;
  std::string text = "star,x,y\n";
  for (int i = 0; i < 400; ++i) text += "s" + std::to_string(i / 4) + "," + std::to_string(i) + ",0\n";
  TableConfig config = table_config(folder, text);
  config.targets = {"y"};
  config.group = "star";
  config.validation_fraction = 0.3;
  config.test_fraction = 0.2;
  const Splits splits = data::open(config, 1);
  CHECK(splits.train->spec().input_names == Names{"x"});
  CHECK(splits.train->size() + splits.validation->size() + splits.test->size() == 400);
  for (const auto* split : {&splits.train, &splits.validation, &splits.test}) {
    REQUIRE((*split)->size() > 20);
    for (int64_t i = 0; i < (*split)->size(); ++i) {
      const float group = std::floor(test::read_input(**split, i)[0] / 4);
      REQUIRE(test::read_input(**split, i / 4 * 4)[0] == group * 4);
    }
  }
  config.test_file = (folder / "own.csv").string();
  std::ofstream(folder / "own.csv") << "star,x,y\ns0,1,2\n";
  CHECK(thrown_by([&] { data::open(config, 1); }).what.find("own.csv:2: group 's0' is in the test split, but in the") !=
        std::string::npos);
}

TEST_CASE("validation and test rows may have files of their own, and the filter keeps rows of all") {
  const test::TemporaryFolder folder;
  TableConfig config = table_config(folder, "x,y\n1,1\n2,2\n-3,3\n");
  config.targets = {"y"};
  config.filter = "x > 0";
  config.validation_file = (folder / "v.csv").string();
  config.validation_fraction = 0.5;
  std::ofstream(folder / "v.csv") << "y\tx\n5\t4\n6\t-4\n";
  const Splits splits = data::open(config, 1);
  CHECK(splits.train->size() == 2);
  CHECK(splits.validation->size() == 1);
  CHECK(test::read_input(*splits.validation, 0) == std::vector<float>{4});
  CHECK_FALSE(splits.test);
}

TEST_CASE("a trained network finds its columns by name in a new table, which needs no truth") {
  const test::TemporaryFolder folder;
  const TableConfig config = star_config(folder);
  const SampleSpec spec = data::open(config, 1).train->spec();
  std::ofstream(folder / "new.csv") << "colour;extra;mass\nblue;9;7\n";
  const auto fresh = data::open_input(config, folder / "new.csv", {spec, /*labels_optional=*/true});
  CHECK(test::read_input(*fresh, 0) == std::vector<float>{7, 1, 0});
  CHECK(fresh->id(0) == "2");
  CHECK(std::isnan(numbers_of(*fresh, 0)[0]));
  const auto thrown = thrown_by([&] { data::open_input(config, folder / "new.csv", {spec, false}); });
  CHECK(thrown.what.find("no column age") != std::string::npos);
  std::ofstream(folder / "new.csv") << "colour,mass\ngreen,1\n";
  CHECK(thrown_by([&] {
          data::open_input(config, folder / "new.csv", {spec, true});
        }).what == (folder / "new.csv").string() + ":2, column colour: no training row has the value 'green'");
}

TEST_CASE("the splits of a trained network are those of its training") {
  const test::TemporaryFolder folder;
  const TableConfig config = star_config(folder);
  const SampleSpec spec = data::open(config, 1).train->spec();
  CHECK(data::open_split(config, Split::validation, {spec})->id(0) == "c");
  CHECK(data::open_split(config, Split::train, {spec})->size() == 2);
  TableConfig other = config;
  other.categories = {"name"};
  CHECK(thrown_by([&] { data::open_split(other, Split::test, {spec}); }).code == ExitCode::usage);
}

TEST_CASE("a cell that cannot be used is refused with line and column") {
  const test::TemporaryFolder folder;
  const std::string where = (folder / "t.csv").string();
  const auto thrown_for = [&](const std::string& text) {
    TableConfig config = table_config(folder, text);
    config.inputs = {"x"};
    config.targets = {"y"};
    config.id_column = "id";
    return thrown_by([&] { data::open(config, 1); });
  };
  CHECK(thrown_for("id,x,y\na,1,2\nb,\"1,5\",3\n").what == where + ":3, column x: '1,5' is not a number");
  CHECK(thrown_for("id,x,y\na,1e300,2\n").what == where + ":2, column x: 1e+300 does not fit into float32");
  CHECK(thrown_for("id,x,y\na,inf,2\n").code == ExitCode::bad_data);
  CHECK(thrown_for("id,x,y\na,1,\n").what == where + ":2, column y: no value to learn");
  CHECK(thrown_for("id,x,y\na,1,2\na,1,2\n").what == where + ":3: id a is already in " + where + ":2");
  CHECK(thrown_for("id,x,y\n,1,2\n").what == where + ":2: no id in column id");
  CHECK(thrown_for("id,z,y\na,1,2\n").what.find("no column x") != std::string::npos);
  CHECK(thrown_for("id,x,y\n").what == where + ": a header but no rows");
  CHECK(thrown_by([&] {
          TableConfig config;
          config.file = (folder / "none.csv").string();
          config.targets = {"y"};
          data::open(config, 1);
        }).code == ExitCode::missing_input);
}
