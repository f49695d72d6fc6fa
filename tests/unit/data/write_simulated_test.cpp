#include "hpcai/data/write_simulated.h"

#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <csignal>
#include <cstring>
#include <filesystem>

#include "hpcai/data/open.h"
#include "hpcai/simulate/galaxy.h"
#include "support.h"

using namespace hpcai;
using namespace hpcai::data;
using test::thrown_by;

namespace fs = std::filesystem;

namespace {

WaveformFileSettings small_waveform_file() {
  WaveformFileSettings settings;
  settings.set = {"1:4:1", "-0.2:0.2:0.2", "0:0.1:0.1", 0, ""};
  settings.grid = {-200, 40, 0.5};
  return settings;
}

double number(const H5::H5File& file, const char* name) {
  double value = 0;
  file.openAttribute(name).read(H5::PredType::NATIVE_DOUBLE, &value);
  return value;
}

std::string text(const H5::H5Object& object, const char* name) {
  const H5::Attribute attribute = object.openAttribute(name);
  std::string value;
  attribute.read(attribute.getStrType(), value);
  return value;
}

size_t files_in(const test::TemporaryFolder& folder) {
  return static_cast<size_t>(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("a waveform file holds the grid's waveforms in both precisions and every setting") {
  const test::TemporaryFolder folder;
  for (const auto precision : {WaveformPrecision::float32, WaveformPrecision::float64}) {
    WaveformFileSettings settings = small_waveform_file();
    settings.precision = precision;
    int64_t last = 0, calls = 0;
    const auto path = folder / "w.h5";
    CHECK(write_waveforms(path, settings, 3, [&](int64_t done, int64_t total) {
            CHECK(total == 6);
            CHECK(done == ++calls);
            last = done;
          }) == 6);
    CHECK(last == 6);
    CHECK(files_in(folder) == 1);

    const H5::H5File file(path.string(), H5F_ACC_RDONLY);
    CHECK(file.openDataSet("data").getDataType().getSize() == (precision == WaveformPrecision::float32 ? 4 : 8));
    CHECK(number(file, "t_min") == -200);
    CHECK(number(file, "t_max") == 40);
    CHECK(number(file, "t_step") == 0.5);
    CHECK(text(file, "mass_ratio") == "1:4:1");
    CHECK(text(file, "phase_reference") == "peak");
    CHECK(text(file, "generator") == "hpcai-train generate waveforms");
    std::vector<double> data(6 * 480), labels(6 * 3);
    file.openDataSet("data").read(data.data(), H5::PredType::NATIVE_DOUBLE);
    file.openDataSet("labels").read(labels.data(), H5::PredType::NATIVE_DOUBLE);
    for (size_t row = 0; row < 6; ++row) {
      const auto expected = simulate::h22({labels[3 * row], labels[3 * row + 1], labels[3 * row + 2]}, settings.grid);
      const double tolerance = precision == WaveformPrecision::float32 ? 1e-7 : 0;
      for (size_t i = 0; i < 480; ++i) REQUIRE(std::abs(data[480 * row + i] - expected[i].real()) <= tolerance);
    }
    CHECK(labels[3 * 5] == 3);
  }
}

TEST_CASE("what generate writes is what training reads, the same as made on the fly") {
  const test::TemporaryFolder folder;
  write_waveforms(folder / "w.h5", small_waveform_file(), 1, nullptr);
  WaveformHdf5Config from_file;
  from_file.train = (folder / "w.h5").string();
  from_file.t_min = -200;
  from_file.t_max = 40;
  from_file.t_step = 0.5;
  SimulatedWaveformsConfig on_the_fly;
  on_the_fly.train = small_waveform_file().set;
  on_the_fly.t_min = -200;
  on_the_fly.t_max = 40;
  on_the_fly.t_step = 0.5;
  const Splits a = data::open(from_file, 1), b = data::open(on_the_fly, 1);
  for (int64_t i = 0; i < 6; ++i) CHECK(test::read_input(*a.train, i) == test::read_input(*b.train, i));

  write_galaxies(folder / "g.h5", {simulate::Survey::des, 5, 24, 3, 0}, 2, nullptr);
  ImageHdf5Config images;
  images.train = (folder / "g.h5").string();
  SimulatedGalaxiesConfig galaxies;
  galaxies.survey = simulate::Survey::des;
  galaxies.image_size = 24;
  galaxies.seed = 3;
  galaxies.train = 5;
  galaxies.validation = galaxies.test = 0;
  const Splits c = data::open(images, 1), d = data::open(galaxies, 1);
  CHECK(c.train->spec() == d.train->spec());
  for (int64_t i = 0; i < 5; ++i) CHECK(test::read_input(*c.train, i) == test::read_input(*d.train, i));
}

TEST_CASE("a file that cannot be written leaves nothing behind and names the reason") {
  const test::TemporaryFolder folder;
  auto thrown = thrown_by([&] { write_waveforms(folder / "none" / "w.h5", small_waveform_file(), 1, nullptr); });
  CHECK(thrown.code == ExitCode::cannot_write);
  CHECK(thrown.what ==
        "cannot write " + (folder / "none" / "w.h5").string() + ": there is no folder " + (folder / "none").string());

  WaveformFileSettings huge = small_waveform_file();
  huge.set = {"1:8:0.01", "-0.8:0.8:0.002", "-0.8:0.8:0.01", 0, ""};
  huge.grid = {-10000, 130, 0.001};
  thrown = thrown_by([&] { write_waveforms(folder / "w.h5", huge, 1, nullptr); });
  CHECK(thrown.code == ExitCode::cannot_write);
  CHECK(thrown.what.starts_with("cannot write " + (folder / "w.h5").string() + ": it needs 7.26e+06 GB, but only "));
  CHECK(files_in(folder) == 0);
}

// A file size limit stands for a full disk: both make writing fail, here before the first row and after it.
TEST_CASE("a disk that fills up is reported and the file removed") {
  const test::TemporaryFolder folder;
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{100, before.rlim_max};
  for (bool at_once : {true, false}) {
    if (at_once) REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
    const auto fill_up = [&](int64_t, int64_t) { setrlimit(RLIMIT_FSIZE, &small); };
    const auto thrown = thrown_by([&] { write_waveforms(folder / "w.h5", small_waveform_file(), 2, fill_up); });
    setrlimit(RLIMIT_FSIZE, &before);
    CHECK(thrown.code == ExitCode::cannot_write);
    CHECK(thrown.what == "cannot write " + (folder / "w.h5").string() + ": File too large");
    CHECK(thrown.remedy == "Raise the limit of file sizes (ulimit -f), or choose another place with --out.");
    CHECK(files_in(folder) == 0);
  }
  std::signal(SIGXFSZ, handler);
}
