#include "hpcai/data/write_waveforms.h"

#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

#include "hpcai/data/open.h"
#include "hpcai/data/write_galaxies.h"
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

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
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
          }).waveforms == 6);
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
  CHECK(thrown.what.starts_with("cannot write " + (folder / "w.h5").string() + ": it needs 7261 TB, but only "));
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

TEST_CASE("a set in several files has each row once, whichever ranks and threads make it") {
  const test::TemporaryFolder whole, parts;
  WaveformFileSettings settings = small_waveform_file();
  settings.shards = 4;
  const auto path = [](const test::TemporaryFolder& folder, int64_t i) { return shard_path(folder / "w.h5", i, 4); };
  const auto all = write_waveforms(whole / "w.h5", settings, 2, nullptr);
  CHECK(all.waveforms == 6);
  CHECK(all.files == 4);
  CHECK(all.kept == 0);
  for (const int rank : {2, 0, 1}) {
    const auto part = write_waveforms(parts / "w.h5", settings, 1, nullptr, {rank, 3});
    CHECK(part.waveforms == (rank == 0 ? 3 : rank == 1 ? 2 : 1));
    CHECK(part.all_waveforms == 6);
  }
  CHECK(files_in(whole) == 4);
  for (int64_t i = 0; i < 4; ++i) CHECK(bytes_of(path(whole, i)) == bytes_of(path(parts, i)));

  WaveformFileSettings one = settings;
  one.shards = 1;
  write_waveforms(whole / "one.h5", one, 1, nullptr);
  WaveformHdf5Config config;
  config.t_min = -200;
  config.t_max = 40;
  config.t_step = 0.5;
  config.train = (whole / "one.h5").string();
  const Splits expected = data::open(config, 1);
  config.train = (whole / "w-*.h5").string();
  const Splits joined = data::open(config, 1);
  REQUIRE(joined.train->size() == 6);
  for (int64_t i = 0; i < 6; ++i) CHECK(test::read_input(*joined.train, i) == test::read_input(*expected.train, i));

  fs::remove(path(whole, 2));
  const auto thrown = thrown_by([&] { data::open(config, 1); });
  CHECK(thrown.code == ExitCode::missing_input);
  CHECK(thrown.what ==
        "1 of the 4 files of the set " + (whole / "w.h5").string() + " are missing, such as " + path(whole, 2).string());
}

TEST_CASE("the files of an interrupted set stay and the missing ones are made") {
  const test::TemporaryFolder folder;
  WaveformFileSettings settings = small_waveform_file();
  settings.shards = 3;
  const auto path = [&](int64_t i) { return shard_path(folder / "w.h5", i, 3); };
  write_waveforms(folder / "w.h5", settings, 1, nullptr);
  const std::string lost = bytes_of(path(1));
  const auto kept_since = fs::last_write_time(path(0));
  fs::remove(path(1));
  std::ofstream(path(1).string() + ".tmp-999999") << "of a killed process";
  const auto written = write_waveforms(folder / "w.h5", settings, 1, nullptr);
  CHECK(written.waveforms == 2);
  CHECK(written.kept == 2);
  CHECK(bytes_of(path(1)) == lost);
  CHECK(fs::last_write_time(path(0)) == kept_since);
  CHECK(files_in(folder) == 3);
}

TEST_CASE("files of another set are refused, with what differs") {
  const test::TemporaryFolder folder;
  WaveformFileSettings settings = small_waveform_file();
  settings.shards = 3;
  write_waveforms(folder / "w.h5", settings, 1, nullptr);
  const std::string first = shard_path(folder / "w.h5", 0, 3).string();
  const auto refused = [&](const WaveformFileSettings& other) {
    const auto thrown = thrown_by([&] { write_waveforms(folder / "w.h5", other, 1, nullptr); });
    CHECK(thrown.code == ExitCode::cannot_resume);
    CHECK(files_in(folder) == 3);
    return thrown.what;
  };
  WaveformFileSettings other = settings;
  other.grid.stop = 41;
  CHECK(refused(other) == first + ": made with other settings: t_max: 40.0 there, 41.0 here");
  other = settings;
  other.shards = 2;
  CHECK(refused(other) == (folder / "w.h5").string() + ": a set of 3 files of this name is there already, this one would have 2");

  {
    H5::H5File file(first, H5F_ACC_RDWR);
    file.removeAttr("settings");
    const H5::StrType type(H5::PredType::C_S1, 9);
    file.createAttribute("settings", type, H5::DataSpace(H5S_SCALAR)).write(type, std::string("shards: x"));
  }
  CHECK_THAT(refused(settings), Catch::Contains("attribute settings"));
  test::write_waveform_file(first, 2, 480, H5::PredType::NATIVE_DOUBLE);
  CHECK(refused(settings) == first + ": not a file of hpcai-train generate waveforms");
  std::ofstream(first, std::ios::trunc) << "no HDF5";
  CHECK(thrown_by([&] { write_waveforms(folder / "w.h5", settings, 1, nullptr); }).code == ExitCode::bad_data);
}

TEST_CASE("a rank refuses the files of another rank that have other settings") {
  const test::TemporaryFolder folder;
  WaveformFileSettings settings = small_waveform_file();
  settings.shards = 2;
  write_waveforms(folder / "w.h5", settings, 1, nullptr, {0, 2});
  settings.precision = WaveformPrecision::float32;
  const auto thrown = thrown_by([&] { write_waveforms(folder / "w.h5", settings, 1, nullptr, {1, 2}); });
  CHECK(thrown.code == ExitCode::cannot_resume);
  CHECK(thrown.what ==
        shard_path(folder / "w.h5", 0, 2).string() + ": made with other settings: dtype: float64 there, float32 here");
  CHECK(files_in(folder) == 1);
}

TEST_CASE("a set in one file and one in several do not share a name") {
  const test::TemporaryFolder folder;
  WaveformFileSettings one = small_waveform_file(), two = one;
  one.shards = 1;
  two.shards = 2;
  write_waveforms(folder / "a.h5", one, 1, nullptr);
  write_waveforms(folder / "b.h5", two, 1, nullptr);
  CHECK(thrown_by([&] { write_waveforms(folder / "a.h5", two, 1, nullptr); }).code == ExitCode::cannot_resume);
  CHECK(thrown_by([&] { write_waveforms(folder / "b.h5", one, 1, nullptr); }).code == ExitCode::cannot_resume);
  CHECK(files_in(folder) == 3);
}

TEST_CASE("a set of parameters that has changed is refused by its labels") {
  const test::TemporaryFolder folder;
  WaveformFileSettings settings = small_waveform_file();
  settings.set = {"", "", "", 0, (folder / "p.csv").string()};
  settings.shards = 2;
  std::ofstream(folder / "p.csv") << "q,s1,s2\n1,0,0\n2,0,0\n";
  write_waveforms(folder / "w.h5", settings, 1, nullptr);
  std::ofstream(folder / "p.csv") << "q,s1,s2\n1,0,0\n3,0,0\n";
  const auto thrown = thrown_by([&] { write_waveforms(folder / "w.h5", settings, 1, nullptr); });
  CHECK(thrown.code == ExitCode::cannot_resume);
  CHECK(thrown.what == shard_path(folder / "w.h5", 1, 2).string() + ": row 0 is the waveform of another binary");
}

TEST_CASE("the room for all files is checked before the first") {
  const test::TemporaryFolder folder;
  WaveformFileSettings settings = small_waveform_file();
  settings.set = {"1:8:0.08", "-0.8:0.8:0.012", "-0.8:0.8:0.012", 0, ""};
  settings.grid = {-100000, 130, 0.01};
  for (const int rank : {0, 1}) {
    const auto thrown = thrown_by([&] { write_waveforms(folder / "w.h5", settings, 1, nullptr, {rank, 2}); });
    CHECK(thrown.code == ExitCode::cannot_write);
    CHECK(thrown.what.starts_with("cannot write " + (folder / "w.h5").string() + ": it needs 127 TB, but only "));
    CHECK_THAT(thrown.remedy, Catch::Contains("simulated_waveforms") && Catch::Contains("float32"));
  }
  CHECK(files_in(folder) == 0);
}

TEST_CASE("settings that make no waveforms are refused") {
  const test::TemporaryFolder folder;
  const auto refused = [&](const std::function<void(WaveformFileSettings&)>& change) {
    WaveformFileSettings settings = small_waveform_file();
    change(settings);
    const auto thrown = thrown_by([&] { write_waveforms(folder / "w.h5", settings, 1, nullptr); });
    CHECK(thrown.code == ExitCode::usage);
    CHECK_FALSE(thrown.remedy.empty());
    CHECK(files_in(folder) == 0);
    return thrown.what;
  };
  CHECK(refused([](auto& s) { s.grid.step = 2.6; }) ==
        "waveform: a time step of 2.6 M is too coarse: h22 has frequencies up to 0.2 cycles per M");
  CHECK_THAT(refused([](auto& s) { s.set.mass_ratio = "0.5:2:0.1"; }), Catch::Contains("q = 0.5"));
  CHECK_THAT(refused([](auto& s) { s.set.spin2 = "0.81"; }), Catch::Contains("s2 = 0.81"));
  CHECK_THAT(refused([](auto& s) { s.set.spin1 = "0.2:0.1:0.1"; }), Catch::Contains("is empty"));
  CHECK_THAT(refused([](auto& s) { s.set.spin1 = "nan"; }), Catch::Contains("nan"));
  CHECK_THAT(refused([](auto& s) { s.grid.stop = std::nan(""); }), Catch::Contains("is empty"));
  CHECK_THAT(refused([](auto& s) { s.shards = 7; }), Catch::Contains("7 shards for 6 waveforms"));
}

TEST_CASE("ranges that are left out are those of the published training set") {
  WaveformSetConfig set{"", "", "0", 0, ""};
  fill_in_published(set);
  CHECK(set.mass_ratio == "1:8:0.08");
  CHECK(set.spin1 == "-0.8:0.8:0.012");
  CHECK(set.spin2 == "0");
  WaveformSetConfig rows{"", "", "", 0, "p.csv"};
  fill_in_published(rows);
  CHECK(rows.mass_ratio.empty());
}
