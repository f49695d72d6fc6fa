#include "hpcai/data/hdf5/hdf5_written.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "../support.h"
#include "hpcai/data/hdf5/hdf5_file.h"

using namespace hpcai;
using namespace hpcai::data;
using test::thrown_by;

namespace {

constexpr hsize_t kWrittenRows = 16, kWrittenLength = 8;

// A data set [16, 8] in which only the given rows are written.
std::string write_rows(const test::TemporaryFolder& folder, const std::vector<hsize_t>& rows,
                       const H5::DSetCreatPropList& properties, const H5::DataType& type = H5::PredType::IEEE_F64LE) {
  const std::string path = (folder / "a.h5").string();
  H5::H5File file(path, H5F_ACC_TRUNC);
  const hsize_t shape[] = {kWrittenRows, kWrittenLength}, part[] = {1, kWrittenLength};
  H5::DataSpace space(2, shape);
  const H5::DataSet data_set = file.createDataSet("data", type, space, properties);
  const double values[kWrittenLength] = {1, 0, 0, 0, 0, 0, 0, 0};
  for (hsize_t row : rows) {
    const hsize_t start[] = {row, 0};
    space.selectHyperslab(H5S_SELECT_SET, part, start);
    data_set.write(values, H5::PredType::NATIVE_DOUBLE, H5::DataSpace(2, part), space);
  }
  return path;
}

H5::DSetCreatPropList in_chunks(hsize_t rows, hsize_t columns, bool compressed) {
  H5::DSetCreatPropList properties;
  const hsize_t chunk[] = {rows, columns};
  properties.setChunk(2, chunk);
  if (compressed) properties.setDeflate(4);
  return properties;
}

std::vector<hsize_t> first_rows(hsize_t count) {
  std::vector<hsize_t> rows;
  for (hsize_t i = 0; i < count; ++i) rows.push_back(i);
  return rows;
}

}  // namespace

TEST_CASE("rows of a chunked data set that lack storage are named") {
  const test::TemporaryFolder folder;
  const auto complaint = [&](const std::vector<hsize_t>& rows, const H5::DSetCreatPropList& properties) {
    const std::string path = write_rows(folder, rows, properties);
    const auto thrown = thrown_by([&] { Hdf5File(path).array("data", 2); });
    if (thrown.code == ExitCode::done) return std::string("good");
    CHECK(thrown.code == ExitCode::bad_data);
    CHECK(thrown.remedy.find("cut off") != std::string::npos);
    const std::string start = path + ", data set data: ";
    REQUIRE(thrown.what.starts_with(start));
    return thrown.what.substr(start.size());
  };
  for (bool compressed : {false, true}) {
    INFO("compressed " << compressed);
    CHECK(complaint(first_rows(6), in_chunks(1, 8, compressed)) == "10 of 16 rows were never written: 6 to 15");
    CHECK(complaint(first_rows(6), in_chunks(4, 8, compressed)) == "8 of 16 rows were never written: 8 to 15");
    CHECK(complaint(first_rows(6), in_chunks(5, 3, compressed)) == "6 of 16 rows were never written: 10 to 15");
    CHECK(complaint({0, 2, 4, 6, 8, 10, 12, 14}, in_chunks(1, 8, compressed)) ==
          "8 of 16 rows were never written: 1, 3, 5, 7, 9 and 3 more ranges");
    CHECK(complaint(first_rows(16), in_chunks(3, 5, compressed)) == "good");
    CHECK(complaint({0, 15}, in_chunks(16, 8, compressed)) == "good");  // what lies in one chunk the content must tell
  }
}

TEST_CASE("rows that hold nothing but the fill value are found by content, whatever the layout and the fill value") {
  const test::TemporaryFolder folder;
  H5::DSetCreatPropList whole_chunk = in_chunks(16, 8, true), nan_fill, seven_fill;
  const double nan = std::nan(""), seven = 7;
  nan_fill.setFillValue(H5::PredType::NATIVE_DOUBLE, &nan);
  seven_fill.setFillValue(H5::PredType::NATIVE_DOUBLE, &seven);
  const std::pair<H5::DSetCreatPropList, std::string> layouts[] = {
      {H5::DSetCreatPropList::DEFAULT, "0"}, {whole_chunk, "0"}, {nan_fill, "nan"}, {seven_fill, "7"}};
  for (const auto& [properties, fill] : layouts) {
    INFO(fill);
    const std::string path = write_rows(folder, first_rows(6), properties);
    const Hdf5Array array = Hdf5File(path).array("data", 2);
    for (int64_t row = 0; row < 16; ++row) CHECK(is_unwritten(array, row) == (row >= 6));
    const std::string expected =
        path + ", data set data: 10 of 16 rows were never written: 6 to 15 hold nothing but the fill value " + fill;
    CHECK(thrown_by([&] { refuse_unwritten_rows(array); }).what == expected);
    CHECK(thrown_by([&] { refuse_unwritten_tail(array, 2); }).what == expected);
  }
}

TEST_CASE("a single row is enough for waveforms, and images need a tail") {
  const test::TemporaryFolder folder;
  const auto complaint = [&](const std::vector<hsize_t>& rows, const H5::DataType& type, auto refuse) {
    const std::string path = write_rows(folder, rows, H5::DSetCreatPropList::DEFAULT, type);
    const Hdf5Array array = Hdf5File(path).array("data", 2);
    return thrown_by([&] { refuse(array); }).what;
  };
  const auto by_rows = [](const Hdf5Array& array) { refuse_unwritten_rows(array); };
  const auto by_tail = [](const Hdf5Array& array) { refuse_unwritten_tail(array, 2); };
  std::vector<hsize_t> all_but_one = first_rows(16);
  all_but_one.erase(all_but_one.begin() + 4);
  CHECK(complaint(all_but_one, H5::PredType::IEEE_F64LE, by_rows) ==
        (folder / "a.h5").string() + ", data set data, row 4: was never written: it holds nothing but the fill value 0");
  CHECK(complaint(all_but_one, H5::PredType::STD_U8LE, by_tail).empty());
  CHECK(complaint(first_rows(15), H5::PredType::STD_U8LE, by_tail).empty());  // one black image
  CHECK_FALSE(complaint(first_rows(14), H5::PredType::STD_U8LE, by_tail).empty());
  CHECK(complaint(first_rows(16), H5::PredType::IEEE_F64LE, by_rows).empty());
}
