#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cmath>

#include "../support.h"
#include "hpcai/data/hdf5/hdf5_file.h"

using namespace hpcai;
using namespace hpcai::data;
using test::thrown_by;

namespace {

// IEEE half precision; HDF5 has no name for it.
H5::FloatType half(H5T_order_t order) {
  H5::FloatType type(H5::PredType::IEEE_F32LE);
  type.setFields(15, 10, 5, 0, 10);
  type.setSize(2);
  type.setEbias(15);
  H5Tset_order(type.getId(), order);
  return type;
}

}  // namespace

TEST_CASE("numbers of any width and byte order are read as floats, and the user's name of their type is known") {
  const test::TemporaryFolder folder;
  const std::string path = (folder / "a.h5").string();
  const std::vector<double> values = {0, 1, -2, 0.5, 1024, -0.25};
  const std::tuple<H5::DataType, ElementType, std::string> kinds[] = {
      {half(H5T_ORDER_LE), ElementType::other_float, "float16"},
      {half(H5T_ORDER_BE), ElementType::other_float, "float16"},
      {H5::PredType::IEEE_F32BE, ElementType::float32, "float32"},
      {H5::PredType::IEEE_F64LE, ElementType::float64, "float64"},
      {H5::PredType::NATIVE_LDOUBLE, ElementType::other_float, "float80"}};
  for (const auto& [type, element, name] : kinds) {
    INFO(name);
    {
      H5::H5File file(path, H5F_ACC_TRUNC);
      test::write_array(file, "data", {2, 3}, values, type);
    }
    const Hdf5Array array = Hdf5File(path).array("data", 2);
    CHECK(array.type() == element);
    CHECK(array.type_name() == name);
    for (int64_t row = 0; row < 2; ++row) {
      float as_float[3];
      double as_double[3];
      array.read_row(row, as_float);
      array.read_row(row, as_double);
      for (size_t i = 0; i < 3; ++i) {
        CHECK(as_float[i] == values[3 * static_cast<size_t>(row) + i]);
        CHECK(as_double[i] == values[3 * static_cast<size_t>(row) + i]);
      }
    }
    CHECK(array.read_all() == values);
  }
}

TEST_CASE("types that are no numbers are refused by name") {
  const test::TemporaryFolder folder;
  const std::string path = (folder / "a.h5").string();
  const hsize_t extent = 3;
  const std::pair<H5::DataType, std::string> kinds[] = {{H5::StrType(H5::PredType::C_S1, 8), "text"},
                                                        {H5::PredType::STD_B8LE, "bit fields"},
                                                        {H5::PredType::STD_REF_OBJ, "references"},
                                                        {H5::VarLenType(H5::PredType::NATIVE_FLOAT), "lists of varying length"},
                                                        {H5::ArrayType(H5::PredType::NATIVE_FLOAT, 1, &extent), "arrays"}};
  for (const auto& [type, name] : kinds) {
    {
      H5::H5File file(path, H5F_ACC_TRUNC);
      file.createDataSet("data", type, H5::DataSpace(1, &extent));
    }
    const Hdf5File file(path);
    CHECK(thrown_by([&] { file.array("data", 1); }).what ==
          path + ", data set data: its values are " + name + ", expected real numbers");
  }
}

TEST_CASE("the first row in a hole of a contiguous data set is found where the file system tells holes") {
  const test::TemporaryFolder folder;
  const std::string path = (folder / "a.h5").string();
  constexpr hsize_t kRows = 6, kLength = 1 << 15;  // 128 KiB a row
  {
    H5::H5File file(path, H5F_ACC_TRUNC);
    const hsize_t shape[] = {kRows, kLength}, part[] = {2, kLength}, start[] = {0, 0};
    H5::DSetCreatPropList properties;
    properties.setFillTime(H5D_FILL_TIME_NEVER);
    const H5::DataSpace memory(2, part);
    H5::DataSpace space(2, shape);
    const H5::DataSet data_set = file.createDataSet("data", H5::PredType::IEEE_F32LE, space, properties);
    space.selectHyperslab(H5S_SELECT_SET, part, start);
    data_set.write(std::vector<float>(2 * kLength, 1.0F).data(), H5::PredType::NATIVE_FLOAT, memory, space);
  }
  const Hdf5Array array = Hdf5File(path).array("data", 2);
  const int fd = open(path.c_str(), O_RDONLY);
  const bool tells_holes = lseek(fd, 0, SEEK_HOLE) < lseek(fd, 0, SEEK_END);
  close(fd);
  if (tells_holes) {
    REQUIRE(array.first_row_in_a_hole());
    CHECK((*array.first_row_in_a_hole() == 2 || *array.first_row_in_a_hole() == 3));  // blocks are larger than a value
  } else {
    CHECK_FALSE(array.first_row_in_a_hole());
  }
  test::write_waveform_file(folder / "b.h5", 4, 1 << 15, H5::PredType::IEEE_F32LE);
  CHECK_FALSE(Hdf5File((folder / "b.h5").string()).array("data", 2).first_row_in_a_hole());
}
