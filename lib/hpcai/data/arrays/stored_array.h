#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hpcai::data {

// An array of numbers in a file, whose rows are the slices along its first dimension. It is read row by row, except from .npz
// files, whose members are in memory as they are stored. Thread-safe.
class StoredArray {
 public:
  virtual ~StoredArray() = default;

  const std::vector<int64_t>& shape() const { return shape_; }
  int64_t rows() const { return shape_[0]; }
  int64_t row_size() const { return row_size_; }
  const std::string& where() const { return where_; }  // "a.npz, array flux"
  std::string where(int64_t row) const;

  // One row, converted. Throws Error{bad_data} if it cannot be read.
  virtual void read_row(int64_t row, float* out) const = 0;
  virtual void read_row(int64_t row, double* out) const = 0;
  // `count` rows from `first` on, one after the other. Throws as read_row().
  virtual void read_rows(int64_t first, int64_t count, float* out) const;
  virtual void read_rows(int64_t first, int64_t count, double* out) const;
  // All values.
  virtual std::vector<double> read_all() const;

 protected:
  StoredArray(std::vector<int64_t> shape, std::string where);

 private:
  std::vector<int64_t> shape_;
  int64_t row_size_ = 1;
  std::string where_;
};

// The arrays of an HDF5 file (its data sets), of a .npz file (its members), of a folder (its files NAME.npy), or the only array
// of a .npy file, which has every name. What a file is, its first bytes say. Nothing in it is executed.
class ArrayFile {
 public:
  // Throws Error{missing_input} if nothing is there, Error{bad_data} for a file of another format.
  static std::unique_ptr<ArrayFile> open(const std::string& path);
  virtual ~ArrayFile() = default;

  virtual bool has(const std::string& name) const = 0;
  // Throws Error{bad_data} that names the arrays there are, or says why the array cannot be read.
  virtual std::unique_ptr<StoredArray> array(const std::string& name) const = 0;
  // The texts of an array [n] of texts: strings in HDF5, types U and S of numpy. Nothing if it is no array of texts. Throws
  // Error{bad_data} if it cannot be read, or has more than one text a row.
  virtual std::optional<std::vector<std::string>> texts(const std::string& name) const = 0;
  // Whether the file is one array, without name.
  virtual bool is_single() const { return false; }
};

}  // namespace hpcai::data
