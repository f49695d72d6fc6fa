#include "hpcai/data/wrappers/labelled.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "../support.h"
#include "hpcai/data/wrappers/augmented_images.h"
#include "noise.h"

using namespace hpcai;
using namespace hpcai::data;

namespace {

std::unique_ptr<Dataset> noise_images() {
  return std::make_unique<AugmentedImages>(std::make_unique<test::Noise>(4), ImageTransformConfig{});
}

test::Thrown refusal_of(const std::string& table) {
  const test::TemporaryFolder folder;
  std::ofstream(folder / "labels.csv") << table;
  return test::thrown_by([&] { labelled_by(noise_images(), folder / "labels.csv"); });
}

}  // namespace

TEST_CASE("a table chooses samples by their ids and gives them labels") {
  const test::TemporaryFolder folder;
  std::ofstream(folder / "labels.csv") << "id,probability,label\nn3,0.9,a\nn0,0.8,b\n";
  const auto labelled = labelled_by(noise_images(), folder / "labels.csv");
  REQUIRE(labelled->size() == 2);
  CHECK(labelled->id(0) == "n3");
  CHECK(labelled->where(1) == "noise 0");
  CHECK(test::read_input(*labelled, 0) == test::read_input(*noise_images(), 3));
  const int64_t rows[] = {1, 0, 1};
  const at::Tensor targets = labelled->targets(rows);
  CHECK(targets[0].item<int64_t>() == 1);
  CHECK(targets[1].item<int64_t>() == 0);
  CHECK(targets[2].item<int64_t>() == 1);
}

TEST_CASE("a table of labels that does not fit is refused with its line") {
  auto thrown = refusal_of("id,label\nn1,a\nn9,b\n");
  CHECK(thrown.code == ExitCode::bad_data);
  CHECK(thrown.what.find("labels.csv:3: no sample has the id 'n9'") != std::string::npos);
  CHECK(refusal_of("id,label\nn1,a\nn1,b\n").what.find("labels.csv:3: id 'n1' is also on line 2") != std::string::npos);
  CHECK(refusal_of("id,label\nn1,spiral\n").what.find("labels.csv:2") != std::string::npos);
  CHECK(refusal_of("id,label\n").code == ExitCode::bad_data);
  CHECK(refusal_of("name,label\nn1,a\n").code == ExitCode::bad_data);
}
