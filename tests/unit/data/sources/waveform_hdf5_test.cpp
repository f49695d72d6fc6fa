#include "hpcai/data/sources/waveform_hdf5.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <atomic>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "../support.h"
#include "hpcai/data/open.h"

using namespace hpcai;
using namespace hpcai::data;
using test::thrown_by;

namespace fs = std::filesystem;

namespace {

const H5::PredType& kFloat = H5::PredType::IEEE_F32LE;
const H5::PredType& kDouble = H5::PredType::IEEE_F64LE;

// Samples of the file's waveforms; 1 where it has none.
int64_t samples_in(const fs::path& path) {
  try {
    H5::Exception::dontPrint();
    const H5::DataSpace space = H5::H5File(path.string(), H5F_ACC_RDONLY).openDataSet("data").getSpace();
    std::vector<hsize_t> shape(static_cast<size_t>(space.getSimpleExtentNdims()));
    space.getSimpleExtentDims(shape.data());
    return shape.size() == 2 ? static_cast<int64_t>(shape[1]) : 1;
  } catch (const H5::Exception&) {
    return 1;
  }
}

// `length` 0: as the training file has.
Splits open_waveforms(const fs::path& train, const fs::path& validation = "", int64_t length = 0, int64_t cache_mb = 0) {
  WaveformHdf5Config config;
  config.train = train.string();
  config.validation = validation.string();
  config.t_step = 1;
  config.t_max = 1;
  config.t_min = 1.0 - static_cast<double>(length > 0 ? length : samples_in(train));
  config.cache_mb = cache_mb;
  return data::open(config, 2);
}

// What opening the file says, with the folder's name left out.
std::string complaint(const test::TemporaryFolder& folder, const fs::path& path, ExitCode code = ExitCode::bad_data) {
  const auto thrown = thrown_by([&] { open_waveforms(path); });
  CHECK(thrown.code == code);
  std::string what = thrown.what;
  for (size_t at; (at = what.find(folder.path().string() + "/")) != std::string::npos;) {
    what.erase(at, folder.path().string().size() + 1);
  }
  return what;
}

void make_file(const fs::path& path, const std::vector<hsize_t>& data_shape, const std::vector<hsize_t>& label_shape,
               const std::vector<double>& labels, const H5::DataType& stored = kFloat) {
  H5::H5File file(path.string(), H5F_ACC_TRUNC);
  hsize_t count = 1;
  for (hsize_t extent : data_shape) count *= extent;
  test::write_array(file, "data", data_shape, std::vector<double>(count, 0.5), stored);
  test::write_array(file, "labels", label_shape, labels, kDouble);
}

}  // namespace

TEST_CASE("waveform files are read row by row whatever their type, byte order, chunks and compression") {
  const test::TemporaryFolder folder;
  H5::DSetCreatPropList chunked, compact;
  const hsize_t chunk[] = {2, 5};
  chunked.setChunk(2, chunk);
  chunked.setShuffle();
  chunked.setDeflate(4);
  chunked.setFletcher32();
  compact.setLayout(H5D_COMPACT);
  const std::tuple<const char*, H5::DataType, H5::DSetCreatPropList> kinds[] = {
      {"float32", kFloat, H5::DSetCreatPropList::DEFAULT},
      {"float64", kDouble, H5::DSetCreatPropList::DEFAULT},
      {"big-endian", H5::PredType::IEEE_F32BE, H5::DSetCreatPropList::DEFAULT},
      {"compressed", kDouble, chunked},
      {"compact", kFloat, compact}};
  for (const auto& [name, type, properties] : kinds) {
    for (int64_t cache_mb : {0, 1}) {
      INFO(name << ", cache " << cache_mb);
      test::write_waveform_file(folder / name, 7, 11, type, properties);
      const Splits splits = open_waveforms(folder / name, "", 11, cache_mb);
      const Dataset& train = *splits.train;
      REQUIRE(train.size() == 7);
      CHECK(train.spec().input_shape == std::vector<int64_t>{1, 11});
      CHECK(train.spec().target_names == std::vector<std::string>{"q", "s1", "s2"});
      CHECK(train.where(3) == (folder / name).string() + ", data set data, row 3");
      for (int repeat = 0; repeat < 2; ++repeat) {
        for (int64_t row : {6, 0, 3}) {
          const auto input = test::read_input(train, row);
          for (int64_t t = 0; t < 11; ++t) CHECK(input[static_cast<size_t>(t)] == static_cast<float>(100 * row + t));
        }
      }
      const int64_t rows[] = {2, 5};
      const at::Tensor targets = train.targets(rows);
      CHECK(targets.sizes() == at::IntArrayRef({2, 3}));
      CHECK(targets.data_ptr<float>()[0] == 3.0F);
      CHECK(targets.data_ptr<float>()[3] == 6.0F);
      CHECK(targets.data_ptr<float>()[5] == -0.2F);
    }
  }
}

TEST_CASE("rows may be read by many threads at once, with and without the library") {
  const test::TemporaryFolder folder;
  H5::DSetCreatPropList chunked;
  const hsize_t chunk[] = {4, 64};
  chunked.setChunk(2, chunk);
  chunked.setDeflate(1);
  test::write_waveform_file(folder / "a.h5", 50, 200, kDouble);
  test::write_waveform_file(folder / "b.h5", 50, 200, kDouble, chunked);
  for (const char* name : {"a.h5", "b.h5"}) {
    for (int64_t cache_mb : {0, 1}) {
      const Splits splits = open_waveforms(folder / name, "", 0, cache_mb);
      std::atomic<int> wrong{0};
      std::vector<std::thread> threads;
      for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
          for (int64_t row = 0; row < 50; ++row)
            wrong += test::read_input(*splits.train, row)[199] != static_cast<float>(100 * row + 199);
        });
      }
      for (auto& thread : threads) thread.join();
      CHECK(wrong == 0);
    }
  }
}

TEST_CASE("each way in which a waveform file can break its contract has its own message when the file is opened") {
  const test::TemporaryFolder folder;
  const std::vector<double> labels = {1, 0, 0, 2, 0.5, -0.5};

  SECTION("no file") {
    const auto thrown = thrown_by([&] { open_waveforms(folder / "none.h5"); });
    CHECK(thrown.code == ExitCode::missing_input);
    CHECK(thrown.what == "cannot read " + (folder / "none.h5").string() + ": No such file or directory");
    CHECK(thrown.remedy == "Check the path; relative paths start where the program was started.");
  }
  SECTION("a folder") {
    CHECK(thrown_by([&] { open_waveforms(folder.path()); }).what == folder.path().string() + " is a folder, not a file");
  }
  SECTION("text") {
    std::ofstream(folder / "a.h5") << "q,s1,s2\n1,0,0\n";
    CHECK(complaint(folder, folder / "a.h5") == "a.h5: is a text file, not an HDF5 file");
  }
  SECTION("empty") {
    std::ofstream(folder / "a.h5");
    CHECK(complaint(folder, folder / "a.h5") == "a.h5: is empty");
  }
  SECTION("neither HDF5 nor a format that is known") {
    std::ofstream(folder / "a.h5") << "\xFE\xDC\x01\x02";
    CHECK(complaint(folder, folder / "a.h5") == "a.h5: is not an HDF5 file");
  }
  SECTION("truncated") {
    make_file(folder / "a.h5", {2, 5000}, {2, 3}, labels);
    fs::resize_file(folder / "a.h5", fs::file_size(folder / "a.h5") - 100);
    const auto thrown = thrown_by([&] { open_waveforms(folder / "a.h5"); });
    CHECK(thrown.code == ExitCode::bad_data);
    CHECK(thrown.what.starts_with((folder / "a.h5").string() + ": is truncated: it has "));
    CHECK(thrown.remedy.find("compare its size and checksum with the original") != std::string::npos);
  }
  SECTION("no data set") {
    H5::H5File file((folder / "a.h5").string(), H5F_ACC_TRUNC);
    test::write_array(file, "labels", {2, 3}, labels, kDouble);
    file.createGroup("more");
    file.close();
    CHECK(complaint(folder, folder / "a.h5") == "a.h5: has no data set data; there is labels, more");
  }
  SECTION("a group in place of a data set") {
    H5::H5File file((folder / "a.h5").string(), H5F_ACC_TRUNC);
    file.createGroup("data");
    file.close();
    CHECK(complaint(folder, folder / "a.h5") == "a.h5: data is a group, not a data set; in it is nothing");
  }
  SECTION("rank") {
    make_file(folder / "a.h5", {2, 5, 1}, {2, 3}, labels);
    CHECK(complaint(folder, folder / "a.h5") == "a.h5, data set data: shape [2, 5, 1], expected 2 dimensions");
  }
  SECTION("columns of the labels") {
    make_file(folder / "a.h5", {3, 5}, {3, 2}, labels);
    CHECK(complaint(folder, folder / "a.h5") == "a.h5, data set labels: 2 columns, expected 3 (q, s1, s2)");
  }
  SECTION("lengths") {
    make_file(folder / "a.h5", {5, 4}, {2, 3}, labels);
    CHECK(complaint(folder, folder / "a.h5") == "a.h5: data has 5 rows but labels has 2");
  }
  SECTION("integers") {
    make_file(folder / "a.h5", {2, 4}, {2, 3}, labels, H5::PredType::STD_I32LE);
    CHECK(complaint(folder, folder / "a.h5") == "a.h5, data set data: its values are int32, expected floats");
  }
  SECTION("complex numbers") {
    H5::H5File file((folder / "a.h5").string(), H5F_ACC_TRUNC);
    H5::CompType complex(size_t{16});
    complex.insertMember("r", 0, kDouble);
    complex.insertMember("i", 8, kDouble);
    const hsize_t shape[] = {2, 4};
    file.createDataSet("data", complex, H5::DataSpace(2, shape));
    file.close();
    CHECK(complaint(folder, folder / "a.h5") ==
          "a.h5, data set data: its values are complex numbers (a compound of r and i), expected real numbers");
  }
  SECTION("text values") {
    H5::H5File file((folder / "a.h5").string(), H5F_ACC_TRUNC);
    const hsize_t shape[] = {2, 4};
    file.createDataSet("data", H5::StrType(H5::PredType::C_S1, 8), H5::DataSpace(2, shape));
    file.close();
    CHECK(complaint(folder, folder / "a.h5") == "a.h5, data set data: its values are text, expected real numbers");
  }
  SECTION("no rows") {
    make_file(folder / "a.h5", {0, 4}, {0, 3}, {});
    CHECK(complaint(folder, folder / "a.h5") == "a.h5, data set data: is empty, shape [0, 4]");
  }
  SECTION("never written") {
    H5::H5File file((folder / "a.h5").string(), H5F_ACC_TRUNC);
    const hsize_t shape[] = {2, 4};
    file.createDataSet("data", kFloat, H5::DataSpace(2, shape));
    file.close();
    CHECK(complaint(folder, folder / "a.h5") == "a.h5, data set data: was created but its values were never written");
  }
  SECTION("far more declared than stored") {
    H5::H5File file((folder / "a.h5").string(), H5F_ACC_TRUNC);
    const hsize_t shape[] = {1000000, 1000000}, chunk[] = {1, 1000}, start[] = {0, 0};
    H5::DSetCreatPropList properties;
    properties.setChunk(2, chunk);
    H5::DataSpace space(2, shape);
    const H5::DataSet data_set = file.createDataSet("data", kFloat, space, properties);
    const std::vector<float> values(1000, 1.0F);
    space.selectHyperslab(H5S_SELECT_SET, chunk, start);
    data_set.write(values.data(), kFloat, H5::DataSpace(2, chunk), space);
    file.close();
    CHECK(complaint(folder, folder / "a.h5") == "a.h5, data set data: 999999999 of 1000000000 chunks of it were never written");
  }
  SECTION("labels out of range") {
    make_file(folder / "a.h5", {2, 4}, {2, 3}, {1, 0, 0, 0.5, 0.1, 0.2});
    CHECK(complaint(folder, folder / "a.h5") ==
          "a.h5, data set labels, row 1: q, s1, s2 = 0.5, 0.1, 0.2; expected q >= 1 and spins within -1 and 1");
    make_file(folder / "b.h5", {2, 4}, {2, 3}, {1, 0, std::nan(""), 2, 0.1, 0.2});
    CHECK(complaint(folder, folder / "b.h5") ==
          "b.h5, data set labels, row 0: q, s1, s2 = 1, 0, nan; expected q >= 1 and spins within -1 and 1");
  }
  SECTION("a link to another file") {
    make_file(folder / "b.h5", {2, 4}, {2, 3}, labels);
    H5::H5File file((folder / "a.h5").string(), H5F_ACC_TRUNC);
    H5Lcreate_external("b.h5", "/data", file.getId(), "data", H5P_DEFAULT, H5P_DEFAULT);
    file.close();
    CHECK(complaint(folder, folder / "a.h5") == "a.h5: data is a link to /data in the file b.h5; links are not followed");
  }
  SECTION("values in an external raw file") {
    H5::H5File file((folder / "a.h5").string(), H5F_ACC_TRUNC);
    H5::DSetCreatPropList properties;
    properties.setExternal("/etc/passwd", 0, 32);
    const hsize_t shape[] = {2, 4};
    file.createDataSet("data", kFloat, H5::DataSpace(2, shape), properties);
    file.close();
    CHECK(complaint(folder, folder / "a.h5") ==
          "a.h5, data set data: its values are in other files (a virtual or external data set), which is not followed");
  }
  SECTION("a virtual data set") {
    make_file(folder / "b.h5", {2, 4}, {2, 3}, labels);
    H5::H5File file((folder / "a.h5").string(), H5F_ACC_TRUNC);
    const hsize_t shape[] = {2, 4};
    const H5::DataSpace space(2, shape);
    H5::DSetCreatPropList properties;
    H5Pset_virtual(properties.getId(), space.getId(), "b.h5", "/data", space.getId());
    file.createDataSet("data", kFloat, space, properties);
    file.close();
    CHECK(complaint(folder, folder / "a.h5") ==
          "a.h5, data set data: its values are in other files (a virtual or external data set), which is not followed");
  }
  SECTION("a filter that needs a plugin") {
    H5::H5File file((folder / "a.h5").string(), H5F_ACC_TRUNC);
    H5::DSetCreatPropList properties;
    const hsize_t shape[] = {2, 4};
    properties.setChunk(2, shape);
    properties.setFilter(32015, H5Z_FLAG_OPTIONAL, 0, nullptr);
    test::write_array(file, "data", {2, 4}, std::vector<double>(8, 1.0), kFloat, properties);
    file.close();
    const auto thrown = thrown_by([&] { open_waveforms(folder / "a.h5"); });
    CHECK(thrown.what.find("data set data: compressed with filter 32015") != std::string::npos);
    CHECK(thrown.remedy.find("scripts/rewrite_hdf5.py") != std::string::npos);
    CHECK(thrown.remedy.find("hdf5plugin") != std::string::npos);
  }
  SECTION("another program is writing it") {
    make_file(folder / "a.h5", {2, 4}, {2, 3}, labels);
    const int fd = ::open((folder / "a.h5").c_str(), O_RDWR);
    REQUIRE(flock(fd, LOCK_EX) == 0);
    const auto thrown = thrown_by([&] { open_waveforms(folder / "a.h5"); });
    close(fd);
    CHECK(thrown.what == (folder / "a.h5").string() + ": another program has it open for writing");
    CHECK(thrown.remedy.find("HDF5_USE_FILE_LOCKING=FALSE") != std::string::npos);
  }
  SECTION("the times in the config") {
    make_file(folder / "a.h5", {2, 4}, {2, 3}, labels);
    CHECK(thrown_by([&] { open_waveforms(folder / "a.h5", "", 5); }).what ==
          (folder / "a.h5").string() + ", data set data: 4 samples a waveform, but data.t_min, t_max and t_step make 5");
  }
  SECTION("splits of unequal length") {
    make_file(folder / "a.h5", {2, 4}, {2, 3}, labels);
    make_file(folder / "b.h5", {2, 5}, {2, 3}, labels);
    CHECK(thrown_by([&] { open_waveforms(folder / "a.h5", folder / "b.h5"); }).what ==
          (folder / "b.h5").string() + ", data set data: 5 samples a waveform, but data.t_min, t_max and t_step make 4");
  }
}

TEST_CASE("a sample that is not finite or cannot be read is named with file, data set and row") {
  const test::TemporaryFolder folder;
  {
    H5::H5File file((folder / "a.h5").string(), H5F_ACC_TRUNC);
    test::write_array(file, "data", {2, 3}, {0, 1, 2, 3, 1e300, 5}, kDouble);
    test::write_array(file, "labels", {2, 3}, {1, 0, 0, 1, 0, 0}, kDouble);
  }
  const Splits splits = open_waveforms(folder / "a.h5");
  CHECK(test::read_input(*splits.train, 0)[2] == 2);
  auto thrown = thrown_by([&] { test::read_input(*splits.train, 1); });
  CHECK(thrown.code == ExitCode::bad_data);
  CHECK(thrown.what ==
        (folder / "a.h5").string() + ", data set data, row 1: sample 1 is 1e+300, which does not fit into float32");

  fs::resize_file(folder / "a.h5", 100);  // while it is open
  thrown = thrown_by([&] { test::read_input(*splits.train, 0); });
  CHECK(thrown.what == (folder / "a.h5").string() + ", data set data, row 0: the file ends before it");
}

TEST_CASE("a damaged chunk is found when its row is read, and of some rows when the file is opened") {
  const test::TemporaryFolder folder;
  H5::DSetCreatPropList chunked;
  const hsize_t chunk[] = {1, 1000};
  chunked.setChunk(2, chunk);
  chunked.setDeflate(4);
  const auto damage_chunk = [&](size_t number) {
    test::write_waveform_file(folder / "a.h5", 30, 1000, kDouble, chunked);
    std::fstream file(folder / "a.h5", std::ios::in | std::ios::out | std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(file)), {});
    size_t at = bytes.find("\x78\x5E");  // the zlib header of row 0
    for (size_t i = 0; i < number && at != std::string::npos; ++i) at = bytes.find("\x78\x5E", at + 100);
    REQUIRE(at != std::string::npos);
    file.clear();
    file.seekp(static_cast<std::streamoff>(at) + 10);
    file.write("garbage garbage", 15);
  };
  damage_chunk(0);
  CHECK(complaint(folder, folder / "a.h5").starts_with("a.h5, data set data, row 0: cannot be read: "));
  damage_chunk(1);
  const Splits splits = open_waveforms(folder / "a.h5");
  int failures = 0;
  for (int64_t row = 0; row < 30; ++row) {
    const auto thrown = thrown_by([&] { test::read_input(*splits.train, row); });
    if (thrown.code == ExitCode::done) continue;
    ++failures;
    CHECK(thrown.code == ExitCode::bad_data);
    CHECK(thrown.what.starts_with((folder / "a.h5").string() + ", data set data, row " + std::to_string(row) +
                                  ": cannot be read: "));
  }
  CHECK(failures == 1);
}

TEST_CASE("the real numerical-relativity file with complex values is refused with a reason, not misread") {
  const auto folder = test::real_data("nr");
  if (folder.empty()) return;
  CHECK(thrown_by([&] { open_waveforms(folder / "NRHybSur3dq8_q1_nospin_h22.h5"); }).what ==
        (folder / "NRHybSur3dq8_q1_nospin_h22.h5").string() + ": has no data set data; there is h22_zeroecc, t_zeroecc");
}

TEST_CASE("a split may lie in several files, in the order of their names, kept in memory or not") {
  const test::TemporaryFolder folder;
  test::write_waveform_file(folder / "part-b.h5", 2, 11, kDouble);
  test::write_waveform_file(folder / "part-a.h5", 3, 11, kFloat);
  for (int64_t cache_mb : {0, 1}) {
    const Splits splits = open_waveforms(folder / "part-?.h5", folder / "part-a.h5", 11, cache_mb);
    REQUIRE(splits.train->size() == 5);
    CHECK(splits.train->spec() == splits.validation->spec());
    const std::string file_b = (folder / "part-b.h5").string();
    CHECK(splits.train->id(4) == "1/1");
    CHECK(splits.train->where(4).starts_with(file_b));
    for (int64_t i = 0; i < 5; ++i) {
      CHECK(test::read_input(*splits.train, i) == test::read_input(*splits.validation, i < 3 ? i : i - 3));
    }
    const int64_t rows[] = {4, 2};
    const at::Tensor targets = splits.train->targets(rows);
    CHECK(targets.data_ptr<float>()[0] == 2);
    CHECK(targets.data_ptr<float>()[3] == 3);
  }
  CHECK(thrown_by([&] { open_waveforms(folder / "none-*.h5", "", 11); }).code == ExitCode::missing_input);
}
