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

ReferencePosterior reference_in(const std::filesystem::path& path) {
  return read_reference(path, {"chirp_mass", "chi_1", "psi"});
}

data::PosteriorTable table_of(int count) {
  data::PosteriorTable table;
  table.parameters = {"chirp_mass", "chi_1", "psi"};
  for (int i = 0; i < count; ++i) table.samples.insert(table.samples.end(), {30 + 0.01 * i, 0, 0.1 * (i % 7)});
  return table;
}

}  // namespace

TEST_CASE("a posterior is compared with another program's where both have a parameter that varies") {
  const TableFile file;
  const auto reference =
      reference_in(file.with("psi,chirp_mass,weight,chi_1\n0.5,30,1,0.1\n0.5,30.2,1,0.2\n0.5,30.4,2,0.3\n0.5,99,0,0\n"));
  const auto differences = inference::differences(table_of(41), reference);
  REQUIRE(differences.size() == 1);
  CHECK(differences[0].parameter == "chirp_mass");
  CHECK(differences[0].bits > 0);
  CHECK(differences[0].bits < 0.2);
  CHECK(differences[0].reference_median == Approx(30.2666667));  // a third on the way between the weights' middles
}

TEST_CASE("a table that is no posterior is refused") {
  const TableFile file;
  const auto refused = [&](const std::string& text, const std::string& reason) {
    CHECK_THROWS_WITH(reference_in(file.with(text)), Catch::Contains(reason));
  };
  refused("mass\n1\n2\n", "no column varies");
  refused("chirp_mass\n", "no column varies");
  refused("chirp_mass\n30\nx\n", "'x' is not a finite number");
  refused("chirp_mass\n30\nnan\n", "is not a finite number");
  refused("chirp_mass\n30\n1e200\n", "is not a finite number");
  refused("chirp_mass,weight\n30,1\n31,0\n", "no column varies");
  refused("chirp_mass,weight\n30,0\n31,0\n", "only zeros");
  refused("chirp_mass,weights\n30,1\n31,-1\n", "below 0");
}

TEST_CASE("a sample that outweighs all others by far is no posterior") {
  const TableFile file;
  const auto reference = reference_in(file.with("chirp_mass,weight\n30,1\n31,1e-300\n"));
  CHECK_THROWS_WITH(inference::differences(table_of(41), reference), Catch::Contains("carries all the weight"));
  CHECK(inference::differences(table_of(1), reference_in(file.with("chirp_mass\n30\n31\n"))).empty());  // ours does not vary
}

}  // namespace hpcai::inference
