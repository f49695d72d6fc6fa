#include "hpcai/data/hdf5/chunk_rows.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <thread>

#include "../support.h"
#include "hpcai/data/hdf5/hdf5_file.h"
#include "hpcai/data/hdf5/hdf5_library.h"
#include "hpcai/data/regular_file.h"

using namespace hpcai;
using namespace hpcai::data;
using test::thrown_by;

namespace {

constexpr hsize_t kRows = 7, kColumns = 50;

H5::DSetCreatPropList chunked(hsize_t rows, hsize_t columns, bool shuffle = false, int gzip = 0) {
  H5::DSetCreatPropList properties;
  const hsize_t chunk[] = {rows, columns};
  properties.setChunk(2, chunk);
  if (shuffle) properties.setShuffle();
  if (gzip > 0) properties.setDeflate(gzip);
  return properties;
}

std::vector<double> some_values() {
  std::vector<double> values;
  for (hsize_t i = 0; i < kRows * kColumns; ++i) values.push_back(static_cast<double>(i * i % 251));
  return values;
}

void check_is_shorter(const test::Thrown& thrown, const std::string& row) {
  CHECK(thrown.code == ExitCode::bad_data);
  CHECK(thrown.what.find(row + ": the file has become shorter") != std::string::npos);
  CHECK(thrown.remedy.find("Do not change data files") != std::string::npos);
}

// A data set of float32 of which the rows from `rows` on are never written.
H5::DataSet write_first_rows(H5::H5File& file, hsize_t all_rows, hsize_t rows, hsize_t columns, const std::vector<double>& values,
                             const H5::DSetCreatPropList& properties) {
  const hsize_t all[] = {all_rows, columns}, written[] = {rows, columns}, start[] = {0, 0};
  const H5::DataSpace memory(2, written);
  H5::DataSpace space(2, all);
  const H5::DataSet data_set = file.createDataSet("data", H5::PredType::NATIVE_FLOAT, space, properties);
  space.selectHyperslab(H5S_SELECT_SET, written, start);
  data_set.write(values.data(), H5::PredType::NATIVE_DOUBLE, memory, space);
  return data_set;
}

struct Case {
  std::string name;
  H5::DSetCreatPropList properties;
  bool without_library;
};

std::vector<Case> all_cases() {
  return {{"a row a chunk", chunked(1, kColumns), true},
          {"three rows a chunk, the last not full", chunked(3, kColumns), true},
          {"all rows in a chunk", chunked(kRows, kColumns), true},
          {"gzip", chunked(1, kColumns, false, 4), true},
          {"shuffle and gzip", chunked(1, kColumns, true, 9), true},
          {"shuffle only", chunked(1, kColumns, true), false},
          {"parts of rows", chunked(1, 20), false},
          {"several compressed rows a chunk", chunked(2, kColumns, false, 4), false}};
}

}  // namespace

TEST_CASE("rows of chunks are those that were written, of every layout and type, also on several threads") {
  const test::TemporaryFolder folder;
  const std::string path = (folder / "a.h5").string();
  const std::vector<double> values = some_values();
  for (const auto& [name, properties, without_library] : all_cases()) {
    for (const H5::DataType& type : {H5::DataType(H5::PredType::NATIVE_UINT8), H5::DataType(H5::PredType::NATIVE_FLOAT),
                                     H5::DataType(H5::PredType::NATIVE_DOUBLE), H5::DataType(H5::PredType::IEEE_F32BE)}) {
      INFO(name);
      {
        H5::H5File file(path, H5F_ACC_TRUNC);
        test::write_array(file, "data", {kRows, kColumns}, values, type, properties);
        const Hdf5Lock lock;
        CHECK((ChunkRows::of(file.openDataSet("data")) != nullptr) == without_library);
      }
      const Hdf5Array array = Hdf5File(path).array("data", 2);
      std::vector<float> read(values.size());
      std::vector<std::thread> threads;
      for (int64_t thread = 0; thread < 3; ++thread) {
        threads.emplace_back([&, thread] {
          for (int64_t row = thread; row < static_cast<int64_t>(kRows); row += 3) array.read_row(row, &read[row * kColumns]);
        });
      }
      for (std::thread& thread : threads) thread.join();
      CHECK(std::equal(read.begin(), read.end(), values.begin()));
      if (array.type() != ElementType::uint8) continue;
      std::vector<uint8_t> bytes(kColumns);
      for (hsize_t row = 0; row < kRows; ++row) {
        array.read_row(static_cast<int64_t>(row), bytes.data());
        CHECK(std::equal(bytes.begin(), bytes.end(), values.begin() + static_cast<int64_t>(row * kColumns)));
      }
    }
  }
}

TEST_CASE("of many chunks the library reads the bytes, past its cache, and a shorter file is an error that names the row") {
  const test::TemporaryFolder folder;
  const std::string path = (folder / "a.h5").string();
  constexpr hsize_t kMany = 5000, kFew = 3;
  std::vector<double> values;
  for (hsize_t i = 0; i < kMany * kFew; ++i) values.push_back(static_cast<double>(i * 7 % 251));
  for (const int gzip : {0, 1}) {
    {
      H5::H5File file(path, H5F_ACC_TRUNC);
      test::write_array(file, "data", {kMany, kFew}, values, H5::PredType::NATIVE_FLOAT, chunked(1, kFew, gzip > 0, gzip));
    }
    const Hdf5Array array = Hdf5File(path).array("data", 2);
    std::vector<float> read(values.size());
    for (hsize_t row = 0; row < kMany; ++row) array.read_row(static_cast<int64_t>(row), &read[row * kFew]);
    CHECK(std::equal(read.begin(), read.end(), values.begin()));
    std::filesystem::resize_file(path, 600);
    check_is_shorter(thrown_by([&] { array.read_row(4321, read.data()); }), "row 4321");
  }
}

TEST_CASE("a row of many chunks needs no other way to be read, unless its chunk was never written") {
  const test::TemporaryFolder folder;
  const std::string path = (folder / "a.h5").string();
  constexpr hsize_t kMany = 5000, kWritten = 4990, kFew = 3;
  std::vector<double> values;
  for (hsize_t i = 0; i < kWritten * kFew; ++i) values.push_back(static_cast<double>(i * 7 % 251));
  for (const int gzip : {0, 1}) {
    H5::H5File file(path, H5F_ACC_TRUNC);
    const H5::DataSet data_set = write_first_rows(file, kMany, kWritten, kFew, values, chunked(1, kFew, gzip > 0, gzip));
    file.flush(H5F_SCOPE_GLOBAL);
    const auto rows = ChunkRows::of(data_set);
    REQUIRE(rows != nullptr);
    const RegularFile bytes(path);
    for (const int64_t row : {0, 4321, 4989}) {
      std::vector<float> read(kFew);
      CHECK(rows->read(data_set, bytes, row, read.data()) == ChunkRows::Result::done);
      CHECK(std::equal(read.begin(), read.end(), values.begin() + row * static_cast<int64_t>(kFew)));
    }
    std::vector<float> read(kFew);
    CHECK(rows->read(data_set, bytes, 4990, read.data()) == ChunkRows::Result::absent);
  }
}

TEST_CASE("a file that became shorter while it was open is an error that names the row, of every layout") {
  const test::TemporaryFolder folder;
  const std::string path = (folder / "a.h5").string();
  for (const auto& [name, properties, without_library] : all_cases()) {
    INFO(name);
    {
      H5::H5File file(path, H5F_ACC_TRUNC);
      test::write_array(file, "data", {kRows, kColumns}, some_values(), H5::PredType::NATIVE_UINT8, properties);
    }
    const Hdf5Array array = Hdf5File(path).array("data", 2);
    std::vector<uint8_t> bytes(kColumns);
    array.read_row(6, bytes.data());
    std::filesystem::resize_file(path, 600);
    check_is_shorter(thrown_by([&] { array.read_row(6, bytes.data()); }), "row 6");
  }
}

TEST_CASE("a compressed chunk that does not unpack to a row is refused") {
  const test::TemporaryFolder folder;
  const std::string path = (folder / "a.h5").string();
  hsize_t stored = 0;
  haddr_t at = 0;
  {
    H5::H5File file(path, H5F_ACC_TRUNC);
    test::write_array(file, "data", {kRows, kColumns}, some_values(), H5::PredType::NATIVE_UINT8, chunked(1, kColumns, false, 4));
    const hsize_t offset[] = {3, 0};
    unsigned filters = 0;
    REQUIRE(H5Dget_chunk_info_by_coord(file.openDataSet("data").getId(), offset, &filters, &at, &stored) >= 0);
  }
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(at + stored / 2));
    file.write("\xFF\xFF\xFF\xFF", 4);
  }
  const Hdf5Array array = Hdf5File(path).array("data", 2);
  std::vector<uint8_t> bytes(kColumns);
  array.read_row(2, bytes.data());
  const auto thrown = thrown_by([&] { array.read_row(3, bytes.data()); });
  CHECK(thrown.code == ExitCode::bad_data);
  CHECK(thrown.what.find("row 3") != std::string::npos);
}
