#include "hpcai/inference/comparison.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "hpcai/core/error.h"

namespace hpcai::inference {
namespace {

// A file that is there for one test.
class TableFile {
 public:
  TableFile() : path_(std::filesystem::temp_directory_path() / ("hpcai-comparison-" + std::to_string(getpid()) + ".csv")) {}
  ~TableFile() { std::filesystem::remove(path_); }
  const std::filesystem::path& with(const std::string& text) const {
    std::ofstream(path_) << text;
    return path_;
  }

 private:
  std::filesystem::path path_;
};

data::PosteriorTable table_of(int count) {
  data::PosteriorTable table;
  table.parameters = {"chirp_mass", "chi_1", "psi"};
  for (int i = 0; i < count; ++i) table.samples.insert(table.samples.end(), {30 + 0.01 * i, 0, 0.1 * (i % 7)});
  return table;
}

}  // namespace

TEST_CASE("a posterior is compared with another program's where both have a parameter that varies") {
  const TableFile file;
  const auto differences = inference::differences(
      table_of(41), file.with("psi,chirp_mass,weight,chi_1\n0.5,30,1,0.1\n0.5,30.2,1,0.2\n0.5,30.4,2,0.3\n"));
  REQUIRE(differences.size() == 1);
  CHECK(differences[0].parameter == "chirp_mass");
  CHECK(differences[0].bits > 0);
  CHECK(differences[0].bits < 0.2);
  CHECK(differences[0].reference_median == Approx(30.2666667));  // a third on the way between the weights' middles
}

TEST_CASE("a table that is no posterior is refused") {
  const TableFile file;
  const auto refused = [&](const std::string& text, const std::string& reason) {
    CHECK_THROWS_WITH(inference::differences(table_of(41), file.with(text)), Catch::Contains(reason));
  };
  refused("mass\n1\n2\n", "no column varies");
  refused("chirp_mass\n", "no column varies");
  refused("chirp_mass\n30\nx\n", "'x' is not a finite number");
  refused("chirp_mass\n30\nnan\n", "is not a finite number");
  refused("chirp_mass,weight\n30,0\n31,0\n", "only zeros");
  refused("chirp_mass,weights\n30,1\n31,-1\n", "below 0");
}

}  // namespace hpcai::inference
