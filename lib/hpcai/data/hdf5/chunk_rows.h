#pragma once

#include <H5Cpp.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace hpcai::data {

class RegularFile;

// Rows of a chunked data set that threads read at the same time, without the HDF5 library: those that are stored as they are, in
// chunks of one or more whole rows, and those of chunks of one row each that are compressed with gzip. The library is asked once
// for the place of each chunk. That takes it a time that grows with the number of chunks, so of a data set of many chunks of one
// row it reads the bytes of a chunk itself, one call at a time, and the threads unpack what is compressed.
class ChunkRows {
 public:
  // Null if the rows are not so. Within an Hdf5Lock. May throw H5::Exception.
  static std::unique_ptr<ChunkRows> of(const H5::DataSet& data_set);

  enum class Result { done, absent, damaged };
  // Writes the row's values as the file has them. `absent`: the library must read the row. `damaged`: the chunk reaches beyond
  // the end of the file, as it is by now, or does not unpack to a row. Thread-safe; not within an Hdf5Lock. Throws
  // Error{missing_input} if the file cannot be read.
  Result read(const H5::DataSet& data_set, const RegularFile& file, int64_t row, void* out) const;

 private:
  // `places`: the number of chunks whose places are remembered, all or none.
  ChunkRows(int64_t rows_of_chunk, size_t rank, size_t row_bytes, size_t places);

  // The place of a chunk in the file; -1 where the library has none that can be used.
  struct Place {
    std::atomic<int64_t> at{kUnknown};
    std::atomic<int64_t> bytes{0};
  };
  static constexpr int64_t kUnknown = -2, kNone = -1;
  std::vector<hsize_t> offset_of(int64_t chunk) const;
  size_t most_packed_bytes() const { return 2 * row_bytes_ + 4096; }  // zlib adds a few bytes to what it cannot compress
  void find(const H5::DataSet& data_set, int64_t chunk) const;
  Result read_compressed(const RegularFile& file, const Place& place, void* out) const;
  Result read_packed_by_library(const H5::DataSet& data_set, int64_t chunk, void* out) const;
  Result read_stored_by_library(const H5::DataSet& data_set, const RegularFile& file, int64_t chunk, void* out) const;
  Result unpack(const std::vector<uint8_t>& packed, void* out) const;

  int64_t rows_of_chunk_;
  size_t rank_, row_bytes_;
  bool compressed_ = false;
  size_t shuffled_bytes_ = 1;  // of a value, where the bytes of values were sorted by their significance before
  mutable std::vector<Place> places_;
};

}  // namespace hpcai::data
