#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include "hpcai/core/output_file.h"
#include "hpcai/data/hdf5/element_type.h"

namespace hpcai::data {

using Attribute = std::variant<std::string, int64_t, double, std::vector<std::string>>;

// Of the file, or "group/name" of a group.
struct NamedAttribute {
  std::string name;
  Attribute value;
};

// A new data set of the given shape, called "name", or "group/name" in a group below the root. `type` is uint8, float32, float64,
// or other_integer for int64; with a text_width the values are UTF-8 texts of that many bytes, filled up with zeros; with
// members, a value is a compound of one float64 for each.
struct NewArray {
  std::string name;
  std::vector<int64_t> shape;
  ElementType type = ElementType::float32;
  int64_t text_width = 0;
  std::vector<std::string> members = {};  // their names, all different
};

// The size of a file with these data sets, within a few kB.
double hdf5_file_bytes(const std::vector<NewArray>& arrays);

// Writes an HDF5 file, the --out of a command, as core/output_file.h does: whole or not at all. The library lays the file out;
// rows are then written in place with pwrite, in any order and by any number of threads at once. Equal contents give equal
// bytes. A writer that is destroyed before finish() leaves nothing behind. All functions throw Error{cannot_write} with file and
// reason.
class Hdf5Writer {
 public:
  Hdf5Writer(const std::filesystem::path& path, const std::vector<NewArray>& arrays,
             const std::vector<NamedAttribute>& attributes);

  // Where rows of an array lie in the file.
  struct Place {
    int64_t offset = 0;
    int64_t row_bytes = 0;
  };
  const std::vector<Place>& places() const { return places_; }

  // Row `row` of the array's position in the constructor's list, as values of the array's type.
  void write_row(size_t array, int64_t row, const void* values);
  // fsync and rename.
  void finish();

 private:
  void lay_out(const std::vector<NewArray>& arrays, const std::vector<NamedAttribute>& attributes);

  std::filesystem::path path_;
  OutputFile output_;
  std::vector<Place> places_;
};

}  // namespace hpcai::data
