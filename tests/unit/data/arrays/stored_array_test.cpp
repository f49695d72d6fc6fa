#include "hpcai/data/arrays/stored_array.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "../arrays_fixture.h"
#include "../support.h"
#include "hpcai/core/file.h"

using namespace hpcai;
using namespace hpcai::data;
using test::array_fixture;
using test::thrown_by;

namespace {

std::vector<double> all_of(const StoredArray& array) {
  std::vector<double> values(static_cast<size_t>(array.rows() * array.row_size()));
  for (int64_t row = 0; row < array.rows(); ++row) array.read_row(row, values.data() + row * array.row_size());
  return values;
}

std::string why_refused(const std::string& name) {
  const auto file = ArrayFile::open(array_fixture("types.npz"));
  const auto thrown = thrown_by([&] { file->array(name); });
  CHECK(thrown.code == ExitCode::bad_data);
  return thrown.what;
}

void check_damaged(const test::TemporaryFolder& folder, const std::string& bytes) {
  std::ofstream(folder / "damaged", std::ios::binary) << bytes;
  const auto thrown = thrown_by([&] {
    const auto file = ArrayFile::open((folder / "damaged").string());
    file->array("x");
  });
  CHECK(thrown.code == ExitCode::bad_data);
}

}  // namespace

TEST_CASE("a npz array of every type of number is read") {
  const auto file = ArrayFile::open(array_fixture("types.npz"));
  for (const char* name : {"float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32",
                           "uint64", "big_float32", "big_int16"}) {
    INFO(name);
    const auto array = file->array(name);
    CHECK(all_of(*array) == std::vector<double>{0, 1, 2, 100});
    std::vector<float> row(1);
    array->read_row(3, row.data());
    CHECK(row[0] == 100);
  }
  CHECK(all_of(*file->array("bool")) == std::vector<double>{0, 1, 1, 1});
}

TEST_CASE("a npz array that holds no numbers in rows is refused, and nothing is executed") {
  CHECK(why_refused("objects").find("Python objects, which are never loaded") != std::string::npos);
  CHECK(why_refused("text").find("values of type <U1") != std::string::npos);
  CHECK(why_refused("complex").find("values of type <c8") != std::string::npos);
  CHECK(why_refused("records").find("records") != std::string::npos);
  CHECK(why_refused("fortran").find("Fortran's order") != std::string::npos);
  CHECK(why_refused("number").find("one number") != std::string::npos);
  CHECK(why_refused("empty").find("without values") != std::string::npos);
  CHECK(why_refused("none").find("no array none; there are big_float32, ") != std::string::npos);
}

TEST_CASE("arrays of npz files, npy files and folders have their rows") {
  const auto stored = ArrayFile::open(array_fixture("samples.npz"));
  const auto folder = ArrayFile::open(array_fixture("folder"));
  const auto single = ArrayFile::open(array_fixture("folder/x.npy"));
  CHECK_FALSE(folder->is_single());
  CHECK(single->is_single());
  CHECK(folder->has("y"));
  CHECK_FALSE(folder->has("z"));
  for (const auto* file : {stored.get(), folder.get(), single.get()}) {
    const auto x = file->array("x");
    CHECK(x->shape() == std::vector<int64_t>{5, 2, 3});
    CHECK(x->row_size() == 6);
    std::vector<float> row(6);
    x->read_row(4, row.data());
    CHECK(row == std::vector<float>{24, 25, 26, 27, 28, 29});
  }
  CHECK(stored->array("x")->where(4) == array_fixture("samples.npz") + ", array x, row 4");
  CHECK(thrown_by([&] { folder->array("../folder/x"); }).what.find("no array") != std::string::npos);
}

TEST_CASE("damaged npy and npz files are refused") {
  const test::TemporaryFolder folder;
  const std::string npy = read_file(array_fixture("folder/x.npy")), npz = read_file(array_fixture("samples.npz"));
  check_damaged(folder, npy.substr(0, npy.size() - 1));
  check_damaged(folder, npy.substr(0, 60));
  check_damaged(folder, npy.substr(0, 6));
  std::string absurd = npy;
  absurd.replace(absurd.find("(5, 2, 3)"), 9, "(9999999,)");
  check_damaged(folder, absurd);
  check_damaged(folder, npz.substr(0, npz.size() / 2));
  std::string changed = npz;
  changed[200] ^= 1;  // in the values of the first member
  check_damaged(folder, changed);
  check_damaged(folder, "something else");
  check_damaged(folder, "");
  CHECK(thrown_by([&] { ArrayFile::open((folder / "none.npz").string()); }).code == ExitCode::missing_input);
}
