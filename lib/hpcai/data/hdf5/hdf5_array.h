#pragma once

#include <complex>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hpcai/data/hdf5/element_type.h"

namespace hpcai::data {

struct OpenHdf5File;
struct OpenHdf5Array;
class ChunkRows;

// What the values of a data set are. Complex numbers are compounds of r and i, as h5py writes them.
enum class NumberKind { real, complex };

inline constexpr size_t kAnyRank = static_cast<size_t>(-1);  // at least one dimension

// One data set of numbers in an open HDF5 file. Rows are the slices along the first dimension.
//
// Rows of plain contiguous data sets, and those that ChunkRows takes, are read with pread, by any number of threads at once; the
// HDF5 library, which is not thread-safe, is used one call at a time and only for other layouts. Copies share the file.
class Hdf5Array {
 public:
  // The data set at `path` in the file, called `where` in messages. Throws Error{bad_data} unless it holds numbers of this kind,
  // has `rank` dimensions (or any number of them for kAnyRank) and at least one row, and all its values were written, as far as
  // its structure tells.
  Hdf5Array(std::shared_ptr<const OpenHdf5File> file, const std::string& path, const std::string& where, size_t rank,
            NumberKind kind = NumberKind::real);

  const std::vector<int64_t>& shape() const { return shape_; }
  int64_t rows() const { return shape_[0]; }
  int64_t row_size() const { return row_size_; }  // values in a row
  ElementType type() const { return type_; }
  const std::string& type_name() const { return type_name_; }  // "uint16"
  double fill_value() const { return fill_value_; }            // of values that were never written
  // Bytes that are read and unpacked at least to have one row.
  int64_t bytes_per_read() const { return bytes_per_read_; }
  // "train.h5, data set data"
  const std::string& where() const { return where_; }
  std::string where(int64_t row) const;

  // One row, converted to the type asked for. Thread-safe. Throws Error{bad_data} that names file, data set and row.
  void read_row(int64_t row, float* out) const;
  void read_row(int64_t row, double* out) const;
  void read_row(int64_t row, uint8_t* out) const;
  // The values of `count` rows from row `first` on, which the data set has.
  std::vector<double> read_rows(int64_t first, int64_t count) const;
  // All values, of a data set of real numbers.
  std::vector<double> read_all() const;
  // The same of complex numbers, of which nothing else can be read.
  std::vector<std::complex<double>> read_all_complex() const;

  // The first row that lies as a whole in a hole of the file, a part that was never written and reads as zeros. Only for
  // plain contiguous data sets on file systems that tell holes.
  std::optional<int64_t> first_row_in_a_hole() const;

 private:
  void read_structure(size_t rank, NumberKind kind);
  void check_storage(double bytes) const;
  template <class Value>
  void read_with_library(int64_t first, int64_t count, Value* out) const;
  bool reads_bytes() const { return offset_ || chunks_; }
  // One row as the file has it. False if the library must read it. Needs reads_bytes().
  bool read_bytes(int64_t row, void* out, size_t size) const;
  bool read_chunk(int64_t row, void* out) const;

  std::shared_ptr<const OpenHdf5Array> open_;
  std::string where_;
  std::vector<int64_t> shape_;
  int64_t row_size_ = 1;
  int64_t bytes_per_read_ = 0;
  ElementType type_ = ElementType::other_integer;
  std::string type_name_;
  double fill_value_ = 0;
  std::optional<int64_t> offset_;            // of the first value in the file, if rows can be read without the library
  std::shared_ptr<const ChunkRows> chunks_;  // the same of a chunked data set; or null
};

}  // namespace hpcai::data
