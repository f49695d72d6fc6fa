#include "hpcai/data/hdf5/chunk_rows.h"

#include <zlib.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

#include "hpcai/data/hdf5/hdf5_library.h"
#include "hpcai/data/regular_file.h"
#include "hpcai/data/stage_clock.h"

namespace hpcai::data {
namespace {

constexpr hsize_t kMostSearched = 4096;  // chunks: the library walks through all chunks of a data set to find the place of one

// The filters of a data set, in the order in which a writer applies them.
std::vector<H5Z_filter_t> filters_of(const H5::DSetCreatPropList& properties) {
  std::vector<H5Z_filter_t> filters;
  for (int i = 0; i < properties.getNfilters(); ++i) {
    unsigned flags = 0, config = 0;
    size_t values = 0;
    char name[8] = "";
    filters.push_back(properties.getFilter(i, flags, values, nullptr, sizeof name, name, config));
  }
  return filters;
}

// HDF5's shuffle writes the first bytes of all values, then the second ones, and so on.
void unshuffle(const std::vector<uint8_t>& from, size_t value_bytes, uint8_t* out) {
  const size_t values = from.size() / value_bytes;
  for (size_t byte = 0; byte < value_bytes; ++byte) {
    for (size_t i = 0; i < values; ++i) out[i * value_bytes + byte] = from[byte * values + i];
  }
}

}  // namespace

ChunkRows::ChunkRows(int64_t rows_of_chunk, size_t rank, size_t row_bytes, size_t places)
    : rows_of_chunk_(rows_of_chunk), rank_(rank), row_bytes_(row_bytes), places_(places) {}

std::unique_ptr<ChunkRows> ChunkRows::of(const H5::DataSet& data_set) {
  const H5::DSetCreatPropList properties = data_set.getCreatePlist();
  const H5::DataSpace space = data_set.getSpace();
  const auto rank = static_cast<size_t>(space.getSimpleExtentNdims());
  std::vector<hsize_t> extent(rank), chunk(rank);
  space.getSimpleExtentDims(extent.data());
  properties.getChunk(static_cast<int>(rank), chunk.data());
  if (!std::equal(extent.begin() + 1, extent.end(), chunk.begin() + 1)) return nullptr;
  const hsize_t chunks = (extent[0] + chunk[0] - 1) / chunk[0];
  const size_t value_bytes = data_set.getDataType().getSize();
  const size_t row_bytes = std::accumulate(extent.begin() + 1, extent.end(), value_bytes, std::multiplies<>());
  const size_t places = chunks > kMostSearched ? 0 : static_cast<size_t>(chunks);
  std::unique_ptr<ChunkRows> rows(new ChunkRows(static_cast<int64_t>(chunk[0]), rank, row_bytes, places));
  const std::vector<H5Z_filter_t> filters = filters_of(properties);
  if (filters.empty()) return places > 0 || chunk[0] == 1 ? std::move(rows) : nullptr;
  const bool shuffled = filters.front() == H5Z_FILTER_SHUFFLE;
  if (filters.size() != (shuffled ? 2U : 1U) || filters.back() != H5Z_FILTER_DEFLATE || chunk[0] != 1) return nullptr;
  rows->compressed_ = true;
  rows->shuffled_bytes_ = shuffled ? value_bytes : 1;
  return rows;
}

std::vector<hsize_t> ChunkRows::offset_of(int64_t chunk) const {
  std::vector<hsize_t> offset(rank_, 0);
  offset[0] = static_cast<hsize_t>(chunk * rows_of_chunk_);
  return offset;
}

void ChunkRows::find(const H5::DataSet& data_set, int64_t chunk) const {
  const Hdf5Lock lock;
  const std::vector<hsize_t> offset = offset_of(chunk);
  unsigned skipped_filters = 0;
  haddr_t at = HADDR_UNDEF;
  hsize_t bytes = 0;
  const herr_t status = H5Dget_chunk_info_by_coord(data_set.getId(), offset.data(), &skipped_filters, &at, &bytes);
  const bool whole = compressed_ || bytes == static_cast<hsize_t>(rows_of_chunk_) * row_bytes_;
  const bool usable = status >= 0 && at != HADDR_UNDEF && at < (haddr_t{1} << 62) && skipped_filters == 0 && whole;
  Place& place = places_[static_cast<size_t>(chunk)];
  place.bytes = static_cast<int64_t>(bytes);
  place.at = usable ? static_cast<int64_t>(at) : kNone;
}

ChunkRows::Result ChunkRows::read(const H5::DataSet& data_set, const RegularFile& file, int64_t row, void* out) const {
  const int64_t chunk = row / rows_of_chunk_;
  if (places_.empty())
    return compressed_ ? read_packed_by_library(data_set, chunk, out) : read_stored_by_library(data_set, file, chunk, out);
  const Place& place = places_[static_cast<size_t>(chunk)];
  if (place.at == kUnknown) find(data_set, chunk);
  if (place.at == kNone) return Result::absent;
  if (compressed_) return read_compressed(file, place, out);
  const auto at = static_cast<uint64_t>(place.at) + static_cast<uint64_t>(row % rows_of_chunk_) * row_bytes_;
  return file.read_at(at, out, row_bytes_) == row_bytes_ ? Result::done : Result::damaged;
}

ChunkRows::Result ChunkRows::read_compressed(const RegularFile& file, const Place& place, void* out) const {
  const auto bytes = static_cast<size_t>(place.bytes);
  if (bytes > most_packed_bytes()) return Result::damaged;
  thread_local std::vector<uint8_t> packed;
  packed.resize(bytes);
  if (file.read_at(static_cast<uint64_t>(place.at), packed.data(), bytes) != bytes) return Result::damaged;
  return unpack(packed, out);
}

ChunkRows::Result ChunkRows::read_packed_by_library(const H5::DataSet& data_set, int64_t chunk, void* out) const {
  thread_local std::vector<uint8_t> packed;
  {
    const Hdf5Lock lock;
    const std::vector<hsize_t> offset = offset_of(chunk);
    hsize_t bytes = 0;
    if (H5Dget_chunk_storage_size(data_set.getId(), offset.data(), &bytes) < 0 || bytes == 0) return Result::absent;
    if (bytes > most_packed_bytes()) return Result::damaged;
    const ScopedStage stage(Stage::read, static_cast<int64_t>(bytes));
    packed.resize(static_cast<size_t>(bytes));
    uint32_t skipped_filters = 0;
    const herr_t status = H5Dread_chunk(data_set.getId(), H5P_DEFAULT, offset.data(), &skipped_filters, packed.data());
    if (status < 0 || skipped_filters != 0) return Result::absent;
  }
  return unpack(packed, out);
}

// The library looks the chunk up and reads it into `out` itself, past its cache of chunks.
ChunkRows::Result ChunkRows::read_stored_by_library(const H5::DataSet& data_set, const RegularFile& file, int64_t chunk,
                                                    void* out) const {
  const Hdf5Lock lock;
  const std::vector<hsize_t> offset = offset_of(chunk);
  hsize_t bytes = 0;
  if (H5Dget_chunk_storage_size(data_set.getId(), offset.data(), &bytes) < 0 || bytes != row_bytes_) return Result::absent;
  const ScopedStage stage(Stage::read, static_cast<int64_t>(row_bytes_));
  uint32_t skipped_filters = 0;
  const herr_t status = H5Dread_chunk(data_set.getId(), H5P_DEFAULT, offset.data(), &skipped_filters, out);
  if (file.has_shrunk()) return Result::damaged;  // the library reads zeros behind the end
  return status < 0 ? Result::absent : Result::done;
}

ChunkRows::Result ChunkRows::unpack(const std::vector<uint8_t>& packed, void* out) const {
  const ScopedStage stage(Stage::decode, static_cast<int64_t>(row_bytes_));
  thread_local std::vector<uint8_t> shuffled;
  const bool in_place = shuffled_bytes_ == 1;
  if (!in_place) shuffled.resize(row_bytes_);
  auto* const to = in_place ? static_cast<uint8_t*>(out) : shuffled.data();
  uLongf unpacked = row_bytes_;
  if (uncompress(to, &unpacked, packed.data(), packed.size()) != Z_OK || unpacked != row_bytes_) return Result::damaged;
  if (!in_place) unshuffle(shuffled, shuffled_bytes_, static_cast<uint8_t*>(out));
  return Result::done;
}

}  // namespace hpcai::data
