// Arrays of texts as class names.
#include <catch2/catch.hpp>
#include <fstream>

#include "../support.h"
#include "hpcai/data/arrays/stored_array.h"
#include "hpcai/data/open.h"
#include "hpcai/data/sources/arrays.h"

using namespace hpcai;
using namespace hpcai::data;
using test::thrown_by;

namespace {

namespace fs = std::filesystem;

// A .npy file of version 1 with this type, shape and content.
void write_npy(const fs::path& path, const std::string& type, const std::string& shape, const std::string& content) {
  std::string header = "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }";
  header.append(64 - (header.size() + 11) % 64, ' ').push_back('\n');
  std::string bytes = "\x93NUMPY\x01";
  bytes.push_back('\0');
  bytes.push_back(static_cast<char>(header.size() & 0xFF));
  bytes.push_back(static_cast<char>(header.size() >> 8));
  std::ofstream(path, std::ios::binary) << bytes << header << content;
}

// Characters of four bytes each, filled up to `length`.
std::string wide(const std::u32string& text, size_t length, bool big_endian) {
  std::string bytes;
  for (size_t i = 0; i < length; ++i) {
    const uint32_t point = i < text.size() ? text[i] : 0;
    for (int byte = 0; byte < 4; ++byte) bytes.push_back(static_cast<char>(point >> (big_endian ? 24 - 8 * byte : 8 * byte)));
  }
  return bytes;
}

std::string one_byte(const std::string& text, size_t length) { return text + std::string(length - text.size(), '\0'); }

void write_inputs(const fs::path& folder) {
  std::string values;
  for (int i = 0; i < 6; ++i) values.append({0, 0, static_cast<char>(0x80), 0x3F});  // 1.0F
  write_npy(folder / "x.npy", "<f4", "(3, 2)", values);
}

ArraysConfig config_of(const fs::path& file) {
  ArraysConfig config;
  config.file = file.string();
  config.inputs = {"x"};
  config.labels = "kind";
  config.validation_fraction = 0;
  return config;
}

std::vector<int64_t> labels_of(const Dataset& data) {
  const std::vector<int64_t> all = {0, 1, 2};
  const at::Tensor labels = data.targets(all);
  return {labels.const_data_ptr<int64_t>(), labels.const_data_ptr<int64_t>() + 3};
}

}  // namespace

TEST_CASE("texts of numpy's types U and S are read in UTF-8") {
  const test::TemporaryFolder folder;
  write_npy(folder / "little.npy", "<U4", "(2,)", wide(U"né", 4, false) + wide(U"\U0001F30Cab", 4, false));
  write_npy(folder / "big.npy", ">U4", "(2,)", wide(U"né", 4, true) + wide(U"\U0001F30Cab", 4, true));
  write_npy(folder / "bytes.npy", "|S3", "(2,)", one_byte("ab", 3) + one_byte("abc", 3));
  write_npy(folder / "numbers.npy", "<f4", "(2,)", std::string(8, '\0'));
  const auto file = ArrayFile::open(folder.path().string());
  const std::vector<std::string> texts = {"n\xC3\xA9",
                                          "\xF0\x9F\x8C\x8C"
                                          "ab"};
  CHECK(file->texts("little") == texts);
  CHECK(file->texts("big") == texts);
  CHECK(file->texts("bytes") == std::vector<std::string>{"ab", "abc"});
  CHECK_FALSE(file->texts("numbers"));
  CHECK_FALSE(file->texts("absent"));
}

TEST_CASE("damaged arrays of texts are refused") {
  const test::TemporaryFolder folder;
  write_npy(folder / "short.npy", "<U4", "(3,)", wide(U"a", 4, false));
  write_npy(folder / "square.npy", "<U1", "(2, 2)", wide(U"aaaa", 4, false));
  write_npy(folder / "huge.npy", "<U99999999999999999999", "(2,)", "");
  write_npy(folder / "vast.npy", "<U65536", "(70368744177664,)", "");  // 2^64 bytes
  const auto file = ArrayFile::open(folder.path().string());
  CHECK_THAT(thrown_by([&] { file->texts("short"); }).what, Catch::Contains("short.npy: not a whole .npy array"));
  CHECK_THAT(thrown_by([&] { file->texts("square"); }).what, Catch::Contains("texts of more than one dimension"));
  CHECK(thrown_by([&] { file->texts("huge"); }).code == ExitCode::bad_data);
  CHECK(thrown_by([&] { file->texts("vast"); }).code == ExitCode::bad_data);
}

TEST_CASE("an array of texts names the classes, in the order of the alphabet or of data.classes") {
  const test::TemporaryFolder folder;
  write_inputs(folder.path());
  write_npy(folder / "kind.npy", "|S6", "(3,)", one_byte("spiral", 6) + one_byte("edge", 6) + one_byte("spiral", 6));
  ArraysConfig config = config_of(folder.path());
  const Splits splits = data::open(config, 1);
  CHECK(splits.train->spec().class_names == std::vector<std::string>{"edge", "spiral"});
  CHECK(labels_of(*splits.train) == std::vector<int64_t>{1, 0, 1});
  config.classes = {"spiral", "bar", "edge"};
  const Splits stated = data::open(config, 1);
  CHECK(stated.train->spec().class_names == config.classes);
  CHECK(labels_of(*stated.train) == std::vector<int64_t>{0, 2, 0});
  config.classes = {"spiral", "bar"};
  CHECK_THAT(thrown_by([&] { data::open(config, 1); }).what,
             Catch::Contains("row 1: label 'edge' is not one of data.classes (spiral, bar)"));
  write_npy(folder / "kind.npy", "|S6", "(2,)", one_byte("spiral", 6) + one_byte("edge", 6));
  config.classes.clear();
  CHECK_THAT(thrown_by([&] { data::open(config, 1); }).what, Catch::Contains("2 rows, but 3 are needed"));
}

TEST_CASE("texts in HDF5 name the classes") {
  const test::TemporaryFolder folder;
  const fs::path path = folder / "a.h5";
  {
    H5::H5File file(path.string(), H5F_ACC_TRUNC);
    test::write_array(file, "x", {3, 2}, {1, 2, 3, 4, 5, 6}, H5::PredType::IEEE_F32LE);
    const hsize_t rows = 3;
    const H5::StrType type(H5::PredType::C_S1, H5T_VARIABLE);
    const char* texts[] = {"star", "galaxy", "star"};
    file.createDataSet("kind", type, H5::DataSpace(1, &rows)).write(texts, type);
  }
  const Splits splits = data::open(config_of(path), 1);
  CHECK(splits.train->spec().class_names == std::vector<std::string>{"galaxy", "star"});
  CHECK(labels_of(*splits.train) == std::vector<int64_t>{1, 0, 1});
}
