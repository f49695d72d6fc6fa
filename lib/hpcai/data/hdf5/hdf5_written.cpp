#include "hpcai/data/hdf5/hdf5_written.h"

#include <H5Cpp.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "hpcai/core/text.h"
#include "hpcai/data/hdf5/hdf5_failure.h"
#include "hpcai/data/hdf5/hdf5_library.h"

namespace hpcai::data {
namespace {

constexpr const char* kCutOff =
    "The program that wrote the file was cut off, or is not done: make the file again, or make one of the rows that are there.";
constexpr int64_t kCostlyBytes = int64_t{64} << 20;

struct ChunkGrid {
  std::vector<hsize_t> extent, chunk, count;  // count: chunks along each dimension
  double chunks = 1;
};

ChunkGrid chunk_grid(const H5::DataSet& data_set) {
  ChunkGrid grid;
  const H5::DataSpace space = data_set.getSpace();
  const auto rank = static_cast<size_t>(space.getSimpleExtentNdims());
  grid.extent.resize(rank);
  grid.chunk.resize(rank);
  space.getSimpleExtentDims(grid.extent.data());
  data_set.getCreatePlist().getChunk(static_cast<int>(rank), grid.chunk.data());
  for (size_t d = 0; d < rank; ++d) {
    grid.count.push_back((grid.extent[d] + grid.chunk[d] - 1) / grid.chunk[d]);
    grid.chunks *= static_cast<double>(grid.count.back());
  }
  return grid;
}

// Bytes in the file; 0 for a chunk without storage, which HDF5 1.10 calls a failure and later ones a size of 0.
hsize_t chunk_bytes(const H5::DataSet& data_set, const std::vector<hsize_t>& offset) {
  hsize_t bytes = 0;
  if (H5Dget_chunk_storage_size(data_set.getId(), offset.data(), &bytes) >= 0) return bytes;
  if (last_hdf5_failure().reason.find("not allocated") != std::string::npos) return 0;
  throw H5::DataSetIException();
}

// Whether all chunks that hold the rows from first * chunk[0] on have storage.
bool has_storage(const H5::DataSet& data_set, const ChunkGrid& grid, hsize_t first) {
  std::vector<hsize_t> place(grid.count.size(), 0);
  place[0] = first;
  while (true) {
    std::vector<hsize_t> offset(place.size());
    for (size_t d = 0; d < place.size(); ++d) offset[d] = place[d] * grid.chunk[d];
    if (chunk_bytes(data_set, offset) == 0) return false;
    size_t d = place.size() - 1;
    while (d > 0 && ++place[d] == grid.count[d]) place[d--] = 0;
    if (d == 0) return true;
  }
}

// "3, 5 to 7 and 2 more ranges"
class RowList {
 public:
  void add(hsize_t first, hsize_t end) {
    rows_ += end - first;
    if (!ranges_.empty() && ranges_.back().second == first) {
      ranges_.back().second = end;
    } else {
      ranges_.emplace_back(first, end);
    }
  }
  hsize_t rows() const { return rows_; }
  std::string text() const {
    constexpr size_t kMostShown = 5;
    std::vector<std::string> parts;
    for (const auto& [first, end] : ranges_) {
      if (parts.size() == kMostShown) break;
      parts.push_back(end - first == 1 ? fmt::format("{}", first) : fmt::format("{} to {}", first, end - 1));
    }
    const size_t left = ranges_.size() - parts.size();
    return fmt::format("{}{}", fmt::join(parts, ", "),
                       left > 0 ? " and " + plural(static_cast<int64_t>(left), "more range") : "");
  }

 private:
  std::vector<std::pair<hsize_t, hsize_t>> ranges_;
  hsize_t rows_ = 0;
};

template <class Value>
bool all_equal(const Value* values, int64_t count, Value to) {
  if (std::isnan(static_cast<double>(to))) {
    return std::all_of(values, values + count, [](Value value) { return std::isnan(static_cast<double>(value)); });
  }
  return std::all_of(values, values + count, [to](Value value) { return value == to; });
}

template <class Value>
bool row_equals_fill(const Hdf5Array& array, int64_t row) {
  thread_local std::vector<Value> values;
  values.resize(static_cast<size_t>(array.row_size()));
  array.read_row(row, values.data());
  return all_equal(values.data(), array.row_size(), static_cast<Value>(array.fill_value()));
}

// The first row from which on all rows seem to be unwritten; `last` is.
int64_t start_of_tail(const Hdf5Array& array, int64_t last) {
  int64_t written = -1;
  while (last - written > 1) {
    const int64_t middle = written + (last - written) / 2;
    (is_unwritten(array, middle) ? last : written) = middle;
  }
  return last;
}

[[noreturn]] void refuse_tail(const Hdf5Array& array) {
  const int64_t last = array.rows() - 1, first = start_of_tail(array, last);
  refuse_data(array.where(),
              fmt::format("{} of {} rows were never written: {} to {} hold nothing but the fill value {:g}", last - first + 1,
                          array.rows(), first, last, array.fill_value()),
              kCutOff);
}

}  // namespace

double refuse_missing_chunks(const H5::DataSet& data_set, const std::string& where, double bytes) {
  if (data_set.getCreatePlist().getLayout() != H5D_CHUNKED) return bytes;
  const ChunkGrid grid = chunk_grid(data_set);
  hsize_t present = 0;
  if (H5Dget_num_chunks(data_set.getId(), data_set.getSpace().getId(), &present) < 0) throw H5::DataSetIException();
  if (static_cast<double>(present) >= grid.chunks) return bytes;
  constexpr double kMostSearched = 1e6;
  if (grid.chunks > kMostSearched) {
    refuse_data(
        where,
        fmt::format("{:.0f} of {:.0f} chunks of it were never written", grid.chunks - static_cast<double>(present), grid.chunks),
        kCutOff);
  }
  RowList missing;
  for (hsize_t i = 0; i < grid.count[0]; ++i) {
    if (!has_storage(data_set, grid, i)) missing.add(i * grid.chunk[0], std::min((i + 1) * grid.chunk[0], grid.extent[0]));
  }
  refuse_data(where, fmt::format("{} of {} rows were never written: {}", missing.rows(), grid.extent[0], missing.text()),
              kCutOff);
}

int64_t bytes_per_row_of_chunks(const H5::DataSet& data_set, int64_t row_bytes) {
  const H5::DSetCreatPropList properties = data_set.getCreatePlist();
  if (properties.getNfilters() == 0) return row_bytes;
  const ChunkGrid grid = chunk_grid(data_set);
  double bytes = static_cast<double>(data_set.getDataType().getSize());
  for (size_t d = 0; d < grid.chunk.size(); ++d) {
    bytes *= static_cast<double>(grid.chunk[d]) * (d == 0 ? 1.0 : static_cast<double>(grid.count[d]));
  }
  return static_cast<int64_t>(std::min(bytes, 0x1p62));
}

bool is_unwritten(const Hdf5Array& array, int64_t row) {
  return array.type() == ElementType::uint8 ? row_equals_fill<uint8_t>(array, row) : row_equals_fill<float>(array, row);
}

bool is_unwritten(const Hdf5Array& array, const float* row) {
  return all_equal(row, array.row_size(), static_cast<float>(array.fill_value()));
}

void refuse_unwritten(const Hdf5Array& array, int64_t row) {
  refuse_data(array.where(row), fmt::format("was never written: it holds nothing but the fill value {:g}", array.fill_value()),
              kCutOff);
}

void refuse_unwritten_rows(const Hdf5Array& array) {
  if (const auto row = array.first_row_in_a_hole()) {
    if (is_unwritten(array, *row)) refuse_unwritten(array, *row);
  }
  if (array.bytes_per_read() > kCostlyBytes) return;
  if (is_unwritten(array, array.rows() - 1)) refuse_tail(array);
  constexpr int64_t kSampled = 8;
  const int64_t samples = std::min(kSampled, array.rows());
  for (int64_t i = 0; i < samples; ++i) {
    const int64_t row = i * array.rows() / samples;
    if (is_unwritten(array, row)) refuse_unwritten(array, row);
  }
}

void refuse_unwritten_tail(const Hdf5Array& array, int64_t tail) {
  if (array.rows() < tail || array.bytes_per_read() > kCostlyBytes) return;
  for (int64_t row = array.rows() - tail; row < array.rows(); ++row) {
    if (!is_unwritten(array, row)) return;
  }
  refuse_tail(array);
}

}  // namespace hpcai::data
