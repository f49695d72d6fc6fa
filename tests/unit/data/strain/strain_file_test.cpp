#include "hpcai/data/strain/strain_file.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "strain_files.h"

using namespace hpcai;
using namespace hpcai::data;
using test::StrainFileContent, test::thrown_by, test::write_strain_file;

TEST_CASE("windows of strain are read with their times, from chunks and from plain storage, float32 and float64") {
  const test::TemporaryFolder folder;
  const bool chunked = GENERATE(true, false), wide = GENERATE(true, false), variable = GENERATE(true, false);
  write_strain_file(
      folder / "h.hdf5",
      {.stored = wide ? H5::PredType::IEEE_F64LE : H5::PredType::IEEE_F32LE, .chunked = chunked, .variable_text = variable});
  const StrainFile file(folder / "h.hdf5");
  CHECK(file.detector() == "H1");
  CHECK(file.rate_hz() == 64);
  CHECK(file.start_gps_s() == 1126259446);
  CHECK(file.end_gps_s() == 1126259454);
  const Strain all = file.read(1126259446, 1126259454);
  REQUIRE(all.values.size() == 512);
  const Strain strain = file.read(1126259447.5, 1126259450);
  CHECK(strain.detector == "H1");
  CHECK(strain.rate_hz == 64);
  CHECK(strain.start_gps_s == 1126259447.5);
  REQUIRE(strain.values.size() == 160);
  for (size_t k = 0; k < strain.values.size(); ++k) {
    CHECK(strain.values[k] == Approx(1e-21 * std::sin(static_cast<double>(96 + k))).epsilon(1e-6));
    CHECK(strain.values[k] == all.values[96 + k]);
  }
}

TEST_CASE("a window that begins between samples begins with the sample before") {
  const test::TemporaryFolder folder;
  write_strain_file(folder / "h.hdf5");
  const StrainFile file(folder / "h.hdf5");
  const Strain strain = file.read(1126259447.51, 1126259448.49);
  CHECK(strain.start_gps_s == 1126259447.5);
  CHECK(strain.values.size() == 64);  // the last sample before the end is that at 1126259448.484375
}

TEST_CASE("what attributes do not say is taken from meta") {
  const test::TemporaryFolder folder;
  write_strain_file(folder / "x.hdf5", {.leave_out = "Xstart"});
  CHECK(StrainFile(folder / "x.hdf5").start_gps_s() == 1126259446);
  write_strain_file(folder / "y.hdf5", {.leave_out = "Xspacing"});
  CHECK(StrainFile(folder / "y.hdf5").rate_hz() == 64);
  write_strain_file(folder / "z.hdf5", {.leave_out = "GPSstart"});
  CHECK(StrainFile(folder / "z.hdf5").start_gps_s() == 1126259446);
}

TEST_CASE("times that a file does not hold are refused with what it holds") {
  const test::TemporaryFolder folder;
  write_strain_file(folder / "h.hdf5");
  const StrainFile file(folder / "h.hdf5");
  for (const auto& [from, to] :
       {std::pair{1126259445.0, 1126259447.0}, {1126259453.0, 1126259455.0}, {0.0, 1.0}, {1.0, 0.0}, {NAN, NAN}}) {
    const auto thrown = thrown_by([&] { file.read(from, to); });
    CHECK(thrown.code == ExitCode::usage);
    CHECK(thrown.what.find("h.hdf5 holds H1 from GPS 1126259446 to 1126259454 at 64 Hz") != std::string::npos);
  }
}

TEST_CASE("files that are no strain, or contradict themselves, are refused") {
  const test::TemporaryFolder folder;
  const auto refused = [&](StrainFileContent content, const std::string& reason) {
    INFO(reason);
    write_strain_file(folder / "x.hdf5", std::move(content));
    const auto thrown = thrown_by([&] { StrainFile(folder / "x.hdf5"); });
    CHECK(thrown.code == ExitCode::bad_data);
    CHECK(thrown.what.find(reason) != std::string::npos);
    CHECK_FALSE(thrown.remedy.empty());
  };
  refused({.leave_out = "Strain"}, "has no data set strain/Strain");
  refused({.leave_out = "Detector"}, "does not name its detector");
  refused({.detector = "Q9"}, "is of the detector Q9");
  refused({.rate_hz = 100}, "expected a rate that is a power of two");
  refused({.said_points = 7}, "has 512 samples, but its attribute Npoints says 7");
  refused({.stored = H5::PredType::STD_I32LE}, "expected floats");
  write_strain_file(folder / "y.hdf5");
  {
    H5::H5File file((folder / "y.hdf5").string(), H5F_ACC_RDWR);
    const int64_t other = 5;
    file.openDataSet("meta/GPSstart").write(&other, H5::PredType::NATIVE_INT64);
  }
  CHECK(thrown_by([&] { StrainFile(folder / "y.hdf5"); }).what.find("by meta/GPSstart") != std::string::npos);
  CHECK(thrown_by([&] { StrainFile(folder / "absent.hdf5"); }).code == ExitCode::missing_input);
}

TEST_CASE("seconds without a data-quality flag are told") {
  const test::TemporaryFolder folder;
  write_strain_file(folder / "h.hdf5", {.quality = {3, 3, 1, 3, 0, 3, 3, 3}});
  const StrainFile file(folder / "h.hdf5");
  CHECK(file.seconds_without("CBC_CAT1", 1126259446, 1126259454) == std::vector<int64_t>{1126259448, 1126259450});
  CHECK(file.seconds_without("DATA", 1126259446, 1126259454) == std::vector<int64_t>{1126259450});
  CHECK(file.seconds_without("CBC_CAT1", 1126259446, 1126259448).empty());
  CHECK(file.seconds_without("CBC_CAT1", 1126259448.5, 1126259449).size() == 1);
  CHECK(file.seconds_without("ABSENT", 1126259446, 1126259454).empty());
}

TEST_CASE("files of the Gravitational-Wave Open Science Center are read") {
  const auto folder = test::real_data("gwosc");
  if (folder.empty()) return;
  const StrainFile file(folder / "L-L1_LOSC_4_V1-1167559920-32.hdf5");
  CHECK(file.holds().ends_with("L-L1_LOSC_4_V1-1167559920-32.hdf5 holds L1 from GPS 1167559920 to 1167559952 at 4096 Hz"));
  CHECK(file.read(1167559920, 1167559952).values.size() == 131072);
  CHECK(file.seconds_without("CBC_CAT1", 1167559920, 1167559952).empty());
}
