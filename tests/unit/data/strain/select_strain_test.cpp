#include "hpcai/data/strain/select_strain.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "strain_files.h"

using namespace hpcai;
using namespace hpcai::data;
using test::thrown_by, test::write_strain_file;

namespace {

constexpr double kStart = 1126259446;

std::vector<double> values() {
  std::vector<double> values(512);
  for (size_t k = 0; k < values.size(); ++k) values[k] = 1e-21 * std::cos(0.1 * static_cast<double>(k));
  return values;
}

}  // namespace

TEST_CASE("clean strain is that of the file") {
  const test::TemporaryFolder folder;
  write_strain_file(folder / "h.hdf5");
  const StrainFile file(folder / "h.hdf5");
  CHECK(clean_strain(file, kStart + 1, kStart + 5, 30).values == file.read(kStart + 1, kStart + 5).values);
}

TEST_CASE("gaps are refused with their times and the longest stretch without one") {
  const test::TemporaryFolder folder;
  auto gapped = values();
  for (size_t k = 128; k < 192; ++k) gapped[k] = NAN;
  gapped[500] = INFINITY;
  write_strain_file(folder / "h.hdf5", {.values = gapped});
  const StrainFile file(folder / "h.hdf5");
  const auto thrown = thrown_by([&] { clean_strain(file, kStart, kStart + 8, 30); });
  CHECK(thrown.code == ExitCode::bad_data);
  CHECK(thrown.what.find("holds H1 from GPS 1126259446") != std::string::npos);
  CHECK(thrown.what.find("no data at GPS 1126259448 to 1126259449, 1126259453.812 to 1126259453.828") != std::string::npos);
  CHECK(thrown.remedy.find("GPS 1126259449 to 1126259453.812") != std::string::npos);
  CHECK(clean_strain(file, kStart + 3, kStart + 7, 30).values.size() == 256);
  const auto nothing = thrown_by([&] { clean_strain(file, kStart + 2, kStart + 3, 30); });
  CHECK(nothing.code == ExitCode::bad_data);
  CHECK(nothing.remedy == "Choose another time.");
}

TEST_CASE("zeros and low rates are refused") {
  const test::TemporaryFolder folder;
  auto silent = values();
  std::fill(silent.begin() + 64, silent.begin() + 256, 0.0);
  write_strain_file(folder / "h.hdf5", {.values = silent});
  const StrainFile file(folder / "h.hdf5");
  CHECK(thrown_by([&] { clean_strain(file, kStart + 1, kStart + 4, 30); }).what.find("are zero") != std::string::npos);
  CHECK(clean_strain(file, kStart + 0.5, kStart + 4, 30).values.size() == 224);
  CHECK(thrown_by([&] { clean_strain(file, kStart, kStart + 1, 32); }).what.find("too low a rate") != std::string::npos);
}

TEST_CASE("two files of one detector are refused") {
  const test::TemporaryFolder folder;
  write_strain_file(folder / "a.hdf5");
  write_strain_file(folder / "b.hdf5", {.detector = "L1"});
  write_strain_file(folder / "c.hdf5", {.start_gps_s = kStart + 8});
  std::vector<StrainFile> files = {StrainFile(folder / "a.hdf5"), StrainFile(folder / "b.hdf5")};
  CHECK_NOTHROW(require_different_detectors(files));
  files.emplace_back(folder / "c.hdf5");
  const auto thrown = thrown_by([&] { require_different_detectors(files); });
  CHECK(thrown.code == ExitCode::usage);
  CHECK(thrown.what.find("a.hdf5") != std::string::npos);
  CHECK(thrown.what.find("c.hdf5 are both of the detector H1") != std::string::npos);
}
