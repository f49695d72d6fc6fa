#include "hpcai/data/sources/waveform_set.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>

#include "../support.h"

using namespace hpcai;
using namespace hpcai::data;
using test::thrown_by;

TEST_CASE("random binaries lie within their box, differ between splits and depend on the seed alone") {
  const WaveformSetConfig set{"1:8:0.5", "-0.8:0.8:0.1", "-0.3:0.3:0.1", 500, ""};
  auto first_q = [&](uint64_t seed, uint64_t stream) { return binaries(set, seed, stream, "x").front().mass_ratio; };
  CHECK(first_q(1, 0) == first_q(1, 0));
  CHECK(first_q(1, 0) != first_q(1, 1));
  CHECK(first_q(1, 0) != first_q(2, 0));
  double largest_q = 0, largest_spin = 0;
  for (const auto& binary : binaries(set, 1, 0, "x")) {
    CHECK(binary.mass_ratio >= 1);
    CHECK(binary.mass_ratio < 8);
    CHECK(std::abs(binary.spin2) <= 0.3);
    largest_q = std::max(largest_q, binary.mass_ratio);
    largest_spin = std::max(largest_spin, binary.spin1);
  }
  CHECK(largest_q > 7.9);
  CHECK(largest_spin > 0.77);
}

TEST_CASE("a waveform set may be the rows of a file, and must be something") {
  const test::TemporaryFolder folder;
  std::ofstream(folder / "p.csv") << "q,s1,s2\n1.5,0.1,-0.1\n3,0,0.5\n";
  WaveformSetConfig set;
  CHECK(is_empty(set));
  CHECK(thrown_by([&] { binaries(set, 1, 0, "data.train"); }).what ==
        "data.train: needs mass_ratio, spin1 and spin2, or parameters");
  set.parameters = (folder / "p.csv").string();
  const auto rows = binaries(set, 1, 0, "data.train");
  REQUIRE(rows.size() == 2);
  CHECK(rows[1].spin2 == 0.5);
  set.count = 3;
  CHECK(thrown_by([&] { binaries(set, 1, 0, "data.train"); }).what == "data.train: parameters stands beside ranges or a count");
  CHECK(thrown_by([&] { binaries({"1:10:1", "0", "0", 0, ""}, 1, 0, "data.train"); }).code == ExitCode::usage);
  CHECK(thrown_by([&] {
          binaries({"1:8:0.00001", "-0.8:0.8:0.001", "-0.8:0.8:0.001", 0, ""}, 1, 0, "data.train");
        }).code == ExitCode::usage);
}
