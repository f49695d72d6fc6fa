#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hpcai::data {

struct OpenHdf5File;
struct OpenHdf5Array;

enum class ElementType { uint8, other_integer, float32, float64 };

// One data set of an open HDF5 file. Rows are the slices along the first dimension.
//
// Rows of plain contiguous data sets are read with pread, by any number of threads at once; the HDF5 library, which is
// not thread-safe, is used one call at a time and only for other layouts. Copies share the file.
class Hdf5Array {
 public:
  const std::vector<int64_t>& shape() const { return shape_; }
  int64_t rows() const { return shape_[0]; }
  int64_t row_size() const { return row_size_; }  // values in a row
  ElementType type() const { return type_; }
  // "train.h5, data set data"
  const std::string& where() const { return where_; }
  std::string where(int64_t row) const;

  // One row, converted to the type asked for. Thread-safe. Throws Error{bad_data} that names file, data set and row.
  void read_row(int64_t row, float* out) const;
  void read_row(int64_t row, uint8_t* out) const;
  // All values.
  std::vector<double> read_all() const;

 private:
  friend class Hdf5File;
  template <class Value>
  void read_with_library(int64_t first, int64_t count, Value* out) const;
  void read_bytes(int64_t row, void* out, size_t size) const;

  std::shared_ptr<const OpenHdf5Array> open_;
  std::string where_;
  std::vector<int64_t> shape_;
  int64_t row_size_ = 1;
  ElementType type_ = ElementType::other_integer;
  std::optional<int64_t> offset_;  // of the first value in the file, if rows can be read without the library
};

// An HDF5 file opened for reading. Files are untrusted: plugins are switched off, and links to other files, virtual and
// external data sets and unknown filters are refused.
class Hdf5File {
 public:
  // `name` is FILE or FILE:GROUP; names of data sets are then below the group. Throws Error{missing_input} if there is no
  // such file or group, Error{bad_data} if it is not a whole HDF5 file.
  explicit Hdf5File(const std::string& name);

  const std::string& name() const { return name_; }
  bool has(const std::string& data_set) const;
  // Throws Error{bad_data} unless there is a data set of numbers with this rank and at least one row.
  Hdf5Array array(const std::string& data_set, size_t rank) const;
  // A text attribute of the file or group, one string or several. Empty if there is none.
  std::vector<std::string> texts(const std::string& attribute) const;

 private:
  std::string names() const;

  std::string name_;
  std::string group_;
  std::shared_ptr<const OpenHdf5File> open_;
};

}  // namespace hpcai::data
