#include "hpcai/data/hdf5/hdf5_array.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "hpcai/core/text.h"
#include "hpcai/data/hdf5/chunk_rows.h"
#include "hpcai/data/hdf5/hdf5_failure.h"
#include "hpcai/data/hdf5/hdf5_handles.h"
#include "hpcai/data/hdf5/hdf5_library.h"
#include "hpcai/data/hdf5/hdf5_type.h"
#include "hpcai/data/hdf5/hdf5_written.h"
#include "hpcai/data/regular_file.h"
#include "hpcai/data/stage_clock.h"

namespace hpcai::data {
namespace {

constexpr const char* kChangedRemedy =
    "The file has changed since it was opened. Do not change data files while they are in use.";

[[noreturn]] void refuse_shorter(const std::string& where) { refuse_data(where, "the file has become shorter", kChangedRemedy); }

std::string shape_text(const std::vector<int64_t>& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

// The HDF5 type of a C++ type.
H5::DataType native(const float*) { return H5::PredType::NATIVE_FLOAT; }
H5::DataType native(const double*) { return H5::PredType::NATIVE_DOUBLE; }
H5::DataType native(const uint8_t*) { return H5::PredType::NATIVE_UINT8; }
H5::DataType native(const std::complex<double>*) {
  H5::CompType type(sizeof(std::complex<double>));
  type.insertMember("r", 0, H5::PredType::NATIVE_DOUBLE);
  type.insertMember("i", sizeof(double), H5::PredType::NATIVE_DOUBLE);
  return type;
}

// Whether the file's values can be copied as they are.
bool is_native(const H5::DataSet& data_set, ElementType type) {
  const H5::DataType stored = data_set.getDataType();
  switch (type) {
    case ElementType::float32: return stored == H5::PredType::NATIVE_FLOAT;
    case ElementType::float64: return stored == H5::PredType::NATIVE_DOUBLE;
    case ElementType::uint8: return stored == H5::PredType::NATIVE_UINT8;
    case ElementType::other_integer:
    case ElementType::other_float: return false;
  }
  return false;
}

int64_t bytes_of(ElementType type) { return type == ElementType::float64 ? 8 : type == ElementType::float32 ? 4 : 1; }

// With room for a few chunks: the default of 1 MiB makes the library decompress a chunk anew for each of its rows.
std::unique_ptr<H5::DataSet> open_data_set(const H5::H5File& file, const std::string& path) {
  H5::DSetAccPropList access;
  access.setChunkCache(521, size_t{64} << 20, 0.75);
  return std::make_unique<H5::DataSet>(file.openDataSet(path, access));
}

double read_fill_value(const H5::DataSet& data_set) {
  const H5::DSetCreatPropList properties = data_set.getCreatePlist();
  H5D_fill_value_t state = H5D_FILL_VALUE_ERROR;
  double value = 0;
  if (H5Pfill_value_defined(properties.getId(), &state) < 0 || state != H5D_FILL_VALUE_USER_DEFINED) return 0;
  return H5Pget_fill_value(properties.getId(), H5T_NATIVE_DOUBLE, &value) < 0 ? 0 : value;
}

// Remedies for filters that the HDF5 library does not bring along.
std::string filter_packages(H5Z_filter_t filter) {
  constexpr H5Z_filter_t kLzf = 32000;  // h5py's own
  return filter == kLzf ? "h5py" : "h5py and hdf5plugin";
}

}  // namespace

Hdf5Array::Hdf5Array(std::shared_ptr<const OpenHdf5File> file, const std::string& path, const std::string& where, size_t rank,
                     NumberKind kind)
    : where_(where) {
  auto handle = std::make_shared<OpenHdf5Array>();
  handle->file = std::move(file);
  open_ = handle;
  const Hdf5Lock lock;
  try {
    handle->data_set = open_data_set(*handle->file->file, path);
    read_structure(rank, kind);
  } catch (const H5::Exception&) {
    refuse_for_failure(where_, open_->file->path);
  }
}

void Hdf5Array::read_structure(size_t rank, NumberKind kind) {
  const H5::DataSet& opened = *open_->data_set;
  const H5::DataSpace space = opened.getSpace();
  std::vector<hsize_t> extents(static_cast<size_t>(space.getSimpleExtentNdims()));
  if (!extents.empty()) space.getSimpleExtentDims(extents.data());
  shape_.assign(extents.begin(), extents.end());
  if (rank == kAnyRank && extents.empty()) refuse_data(where_, "is one number, expected an array", kLayoutRemedy);
  if (rank != kAnyRank && extents.size() != rank) {
    refuse_data(where_, fmt::format("shape {}, expected {} dimensions", shape_text(shape_), rank), kLayoutRemedy);
  }
  double bytes = static_cast<double>(opened.getDataType().getSize());
  for (int64_t extent : shape_) {
    if (extent == 0)
      refuse_data(where_, fmt::format("is empty, shape {}", shape_text(shape_)), "Write rows into it, or leave the file out.");
    bytes *= static_cast<double>(extent);
  }
  type_name_ = data::type_name(opened.getDataType());
  const bool complex = kind == NumberKind::complex;
  const std::optional<ElementType> type = complex ? complex_element_type(opened) : element_type(opened);
  if (!type) {
    refuse_data(where_, fmt::format("its values are {}, expected {} numbers", type_name_, complex ? "complex" : "real"),
                kLayoutRemedy);
  }
  type_ = *type;
  if (bytes > 0x1p62) refuse_data(where_, "its shape is absurd: " + shape_text(shape_), kDamagedRemedy);
  check_storage(bytes);
  for (size_t d = 1; d < shape_.size(); ++d) row_size_ *= shape_[d];
  fill_value_ = read_fill_value(opened);
  bytes_per_read_ = row_size_ * static_cast<int64_t>(opened.getDataType().getSize());
  const H5D_layout_t layout = opened.getCreatePlist().getLayout();
  if (layout == H5D_CHUNKED) bytes_per_read_ = bytes_per_row_of_chunks(opened, bytes_per_read_);
  if (layout == H5D_CHUNKED && !open_->file->user_block && !complex && is_native(opened, type_)) chunks_ = ChunkRows::of(opened);
  if (layout != H5D_CONTIGUOUS || open_->file->user_block || complex) return;
  const haddr_t offset = opened.getOffset();
  const int64_t file_bytes = open_->file->bytes.bytes();
  if (static_cast<double>(offset) + bytes > static_cast<double>(file_bytes)) {
    refuse_data(where_, fmt::format("its values reach beyond the end of the file ({} bytes)", file_bytes), kDamagedRemedy);
  }
  if (is_native(opened, type_)) offset_ = static_cast<int64_t>(offset);
}

void Hdf5Array::check_storage(double bytes) const {
  const H5::DataSet& opened = *open_->data_set;
  const std::string& path = open_->file->path;
  const H5::DSetCreatPropList properties = opened.getCreatePlist();
  if (properties.getLayout() == H5D_VIRTUAL || properties.getExternalCount() > 0) {
    refuse_data(where_, "its values are in other files (a virtual or external data set), which is not followed",
                rewrite_remedy(path));
  }
  for (int i = 0; i < properties.getNfilters(); ++i) {
    unsigned flags = 0, config = 0;
    size_t values = 0;
    char name[64] = "";
    const H5Z_filter_t filter = properties.getFilter(i, flags, values, nullptr, sizeof name, name, config);
    if (filter >= H5Z_FILTER_RESERVED || H5Zfilter_avail(filter) <= 0) {
      refuse_data(where_,
                  fmt::format("compressed with filter {} {}, which needs a plugin; plugins are not loaded", filter,
                              printable(std::string_view(name, strnlen(name, sizeof name)))),
                  rewrite_remedy(path, filter_packages(filter)));
    }
  }
  const auto stored = static_cast<double>(opened.getStorageSize());
  if (stored == 0) {
    refuse_data(where_, "was created but its values were never written", "Make or copy the file again.");
  }
  const double written = refuse_missing_chunks(opened, where_, bytes);
  // gzip reaches about 1030 : 1 at best
  if (written > 1100 * stored) refuse_data(where_, "declares far more values than it stores", kDamagedRemedy);
}

std::string Hdf5Array::where(int64_t row) const { return fmt::format("{}, row {}", where_, row); }

template <class Value>
void Hdf5Array::read_with_library(int64_t first, int64_t count, Value* out) const {
  const ScopedStage stage(Stage::read, count * row_size_ * static_cast<int64_t>(sizeof(Value)));
  const RegularFile& file = open_->file->bytes;
  const auto place = [&] { return count == 1 ? where(first) : where_; };
  const Hdf5Lock lock;
  try {
    std::vector<hsize_t> start(shape_.size(), 0), extent(shape_.begin(), shape_.end());
    start[0] = static_cast<hsize_t>(first);
    extent[0] = static_cast<hsize_t>(count);
    H5::DataSpace space = open_->data_set->getSpace();
    space.selectHyperslab(H5S_SELECT_SET, extent.data(), start.data());
    const H5::DataSpace memory(static_cast<int>(extent.size()), extent.data());
    open_->data_set->read(out, native(out), memory, space);
  } catch (const H5::Exception&) {
    if (file.has_shrunk()) refuse_shorter(place());
    refuse_data(place(), "cannot be read: " + printable(last_hdf5_failure().reason), kDamagedRemedy);
  }
  if (file.has_shrunk()) refuse_shorter(place());  // the library reads zeros behind the end
}

bool Hdf5Array::read_chunk(int64_t row, void* out) const {
  const RegularFile& file = open_->file->bytes;
  const ChunkRows::Result result = chunks_->read(*open_->data_set, file, row, out);
  if (result == ChunkRows::Result::damaged) {
    if (file.has_shrunk()) refuse_shorter(where(row));
    refuse_data(where(row), "cannot be read: its chunk lies beyond the end of the file, or cannot be unpacked", kDamagedRemedy);
  }
  return result == ChunkRows::Result::done;
}

bool Hdf5Array::read_bytes(int64_t row, void* out, size_t size) const {
  if (chunks_) return read_chunk(row, out);
  const ScopedStage stage(Stage::read, static_cast<int64_t>(size));
  auto* next = static_cast<char*>(out);
  int64_t at = *offset_ + row * row_size_ * bytes_of(type_);
  while (size > 0) {
    const ssize_t got = pread(open_->file->bytes.descriptor(), next, size, at);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      refuse_data(where(row), got < 0 ? fmt::format("cannot be read: {}", std::strerror(errno)) : "the file ends before it",
                  got < 0 ? "" : kChangedRemedy);
    }
    next += got;
    at += got;
    size -= static_cast<size_t>(got);
  }
  return true;
}

void Hdf5Array::read_row(int64_t row, float* out) const {
  if (reads_bytes() && type_ == ElementType::float32) {
    if (read_bytes(row, out, static_cast<size_t>(row_size_) * sizeof(float))) return;
  } else if (reads_bytes() && type_ == ElementType::float64) {
    thread_local std::vector<double> wide;
    wide.resize(static_cast<size_t>(row_size_));
    if (read_bytes(row, wide.data(), wide.size() * sizeof(double))) {
      for (size_t i = 0; i < wide.size(); ++i) out[i] = static_cast<float>(wide[i]);
      return;
    }
  }
  read_with_library(row, 1, out);
}

void Hdf5Array::read_row(int64_t row, double* out) const { read_with_library(row, 1, out); }

void Hdf5Array::read_row(int64_t row, uint8_t* out) const {
  const bool read = reads_bytes() && type_ == ElementType::uint8 && read_bytes(row, out, static_cast<size_t>(row_size_));
  if (!read) read_with_library(row, 1, out);
}

std::vector<double> Hdf5Array::read_rows(int64_t first, int64_t count) const {
  std::vector<double> values(static_cast<size_t>(count * row_size_));
  read_with_library(first, count, values.data());
  return values;
}

std::vector<double> Hdf5Array::read_all() const { return read_rows(0, rows()); }

std::vector<std::complex<double>> Hdf5Array::read_all_complex() const {
  std::vector<std::complex<double>> values(static_cast<size_t>(rows() * row_size_));
  read_with_library(0, rows(), values.data());
  return values;
}

std::optional<int64_t> Hdf5Array::first_row_in_a_hole() const {
  if (!offset_) return std::nullopt;
  const int fd = open_->file->bytes.descriptor();
  const int64_t row_bytes = row_size_ * bytes_of(type_), end = *offset_ + rows() * row_bytes;
  for (int64_t at = *offset_; at < end;) {
    const int64_t hole = lseek(fd, at, SEEK_HOLE);
    if (hole < 0 || hole >= end) return std::nullopt;
    const int64_t data = lseek(fd, hole, SEEK_DATA);  // fails if only the hole follows
    const int64_t hole_end = data < 0 ? end : std::min(data, end);
    const int64_t row = (hole - *offset_ + row_bytes - 1) / row_bytes;
    if (*offset_ + (row + 1) * row_bytes <= hole_end) return row;
    at = hole_end;
  }
  return std::nullopt;
}

}  // namespace hpcai::data
