#include "hpcai/data/hdf5_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "hpcai/core/error.h"
#include "hpcai/data/hdf5_library.h"

namespace hpcai::data {

struct OpenHdf5File {
  std::unique_ptr<H5::H5File> file;
  int fd = -1;
  int64_t bytes = 0;
  bool user_block = false;  // addresses in the file are then not places in it

  ~OpenHdf5File() {
    const Hdf5Lock lock;
    file.reset();
    if (fd >= 0) close(fd);
  }
};

struct OpenHdf5Array {
  std::shared_ptr<const OpenHdf5File> file;
  std::unique_ptr<H5::DataSet> data_set;

  ~OpenHdf5Array() {
    const Hdf5Lock lock;
    data_set.reset();
  }
};

namespace {

constexpr const char* kDamaged =
    "The copy may be incomplete: compare its size and checksum with the original, and copy or make it again.";

[[noreturn]] void refuse(const std::string& where, const std::string& reason, const std::string& remedy) {
  throw Error(ExitCode::bad_data, where + ": " + reason, remedy);
}

std::string shape_text(const std::vector<int64_t>& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

bool is_file(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && !S_ISDIR(status.st_mode);
}

// The file behind FILE:GROUP, opened; group stays empty for FILE.
int open_descriptor(const std::string& name, std::string& path, std::string& group) {
  path = name;
  const size_t colon = name.rfind(':');
  if (!is_file(name) && colon != std::string::npos && is_file(name.substr(0, colon))) {
    path = name.substr(0, colon);
    group = name.substr(colon + 1);
  }
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status {};
  if (fd < 0) {
    throw Error(ExitCode::missing_input, fmt::format("cannot read {}: {}", path, std::strerror(errno)),
                errno == ENOENT ? "Check the path; relative paths start where the program was started." : "");
  }
  if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
    close(fd);
    throw Error(ExitCode::missing_input, path + " is a folder, not an HDF5 file");
  }
  return fd;
}

std::unique_ptr<H5::H5File> open_with(const std::string& path, bool locking) {
  H5::FileAccPropList access;
  H5Pset_file_locking(access.getId(), locking, true);
  return std::make_unique<H5::H5File>(path, H5F_ACC_RDONLY, H5::FileCreatPropList::DEFAULT, access);
}

// The library locks files so that nobody reads what is being written. Some network file systems cannot lock: then it
// is done without, since this program only reads.
std::unique_ptr<H5::H5File> open_file(const std::string& path) {
  try {
    return open_with(path, true);
  } catch (const H5::Exception&) {
    const Hdf5Failure failure = last_hdf5_failure();
    if (failure.reason.find("unable to lock file") == std::string::npos) {
      const bool truncated = failure.reason.find("truncated") != std::string::npos;
      const bool foreign = failure.reason.find("signature not found") != std::string::npos;
      refuse(path, foreign ? "is not an HDF5 file" : truncated ? failure.reason : "is damaged: " + failure.reason, kDamaged);
    }
    if (failure.system_error == EAGAIN) {
      refuse(path, "another program has it open for writing",
             "Wait until it is done, or end it. If there is none, a lock was left behind on a network file system: set "
             "HDF5_USE_FILE_LOCKING=FALSE in the environment.");
    }
  }
  try {
    return open_with(path, false);
  } catch (const H5::Exception&) {
    refuse(path, "cannot be opened: " + last_hdf5_failure().reason,
           "If the file system cannot lock files, set HDF5_USE_FILE_LOCKING=FALSE in the environment.");
  }
}

void check_storage(const H5::DataSet& data_set, const std::string& where, double value_bytes) {
  const H5::DSetCreatPropList properties = data_set.getCreatePlist();
  if (properties.getLayout() == H5D_VIRTUAL || properties.getExternalCount() > 0) {
    refuse(where, "its values are in other files (a virtual or external data set), which is not followed",
           "Copy it into one file with h5repack.");
  }
  for (int i = 0; i < properties.getNfilters(); ++i) {
    unsigned flags = 0, config = 0;
    size_t values = 0;
    char name[64] = "";
    const H5Z_filter_t filter = properties.getFilter(i, flags, values, nullptr, sizeof name, name, config);
    if (filter >= H5Z_FILTER_RESERVED || H5Zfilter_avail(filter) <= 0) {
      refuse(where, fmt::format("compressed with filter {} {}, which needs a plugin; plugins are not loaded", filter, name),
             "Repack it: h5repack -f GZIP=4 or -f NONE.");
    }
  }
  const auto stored = static_cast<double>(data_set.getStorageSize());
  if (stored == 0) refuse(where, "was created but its values were never written", "Make or copy the file again.");
  // gzip reaches about 1030 : 1 at best
  if (value_bytes > 1100 * stored) refuse(where, "declares far more values than it stores", kDamaged);
}

ElementType element_type(const H5::DataSet& data_set, const std::string& where) {
  const H5T_class_t type_class = data_set.getTypeClass();
  const size_t size = data_set.getDataType().getSize();
  if (type_class == H5T_FLOAT && size == 4) return ElementType::float32;
  if (type_class == H5T_FLOAT && size == 8) return ElementType::float64;
  if (type_class == H5T_INTEGER) {
    const bool is_signed = data_set.getIntType().getSign() != H5T_SGN_NONE;
    return size == 1 && !is_signed ? ElementType::uint8 : ElementType::other_integer;
  }
  const char* kind = type_class == H5T_STRING     ? "text"
                     : type_class == H5T_COMPOUND ? "a compound type"
                     : type_class == H5T_ENUM     ? "an enumeration"
                     : type_class == H5T_FLOAT    ? "floats of another width"
                                                  : "of another type";
  refuse(where, fmt::format("its values are {}, expected integers, float32 or float64", kind), "");
}

// H5::PredType of a C++ type, and of the file's values that can be copied as they are.
const H5::PredType& native(const float*) { return H5::PredType::NATIVE_FLOAT; }
const H5::PredType& native(const double*) { return H5::PredType::NATIVE_DOUBLE; }
const H5::PredType& native(const uint8_t*) { return H5::PredType::NATIVE_UINT8; }

bool is_native(const H5::DataSet& data_set, ElementType type) {
  const H5::DataType stored = data_set.getDataType();
  switch (type) {
    case ElementType::float32: return stored == H5::PredType::NATIVE_FLOAT;
    case ElementType::float64: return stored == H5::PredType::NATIVE_DOUBLE;
    case ElementType::uint8: return stored == H5::PredType::NATIVE_UINT8;
    case ElementType::other_integer: return false;
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

}  // namespace

Hdf5File::Hdf5File(const std::string& name) : name_(name) {
  auto handle = std::make_shared<OpenHdf5File>();
  std::string path;
  handle->fd = open_descriptor(name, path, group_);
  struct stat status {};
  fstat(handle->fd, &status);
  handle->bytes = status.st_size;
  {
    const Hdf5Lock lock;
    handle->file = open_file(path);
    handle->user_block = handle->file->getCreatePlist().getUserblock() != 0;
  }
  open_ = handle;
  if (!group_.empty() && !has("")) {
    throw Error(ExitCode::missing_input, fmt::format("{} has no group {}", path, group_));
  }
  if (!group_.empty()) group_ += '/';
}

// Follows the path link by link, so that no link to another file is ever resolved.
bool Hdf5File::has(const std::string& data_set) const {
  const Hdf5Lock lock;
  const std::string path = group_ + data_set;
  for (size_t end = 0; end != std::string::npos && !path.empty();) {
    end = path.find('/', end + 1);
    const std::string part = path.substr(0, end);
    H5L_info_t info;
    try {
      if (!open_->file->nameExists(part)) return false;
    } catch (const H5::Exception&) {
      return false;
    }
    if (H5Lget_info(open_->file->getId(), part.c_str(), &info, H5P_DEFAULT) < 0) return false;
    if (info.type != H5L_TYPE_HARD) {
      refuse(name_, fmt::format("{} is a link to another place, which is not followed", part),
             "Copy the data into the file, e.g. with h5repack or h5copy -f ext.");
    }
    if (end != std::string::npos && end + 1 == path.size()) break;
  }
  return true;
}

std::string Hdf5File::names() const {
  std::vector<std::string> names;
  try {
    const Hdf5Lock lock;
    const H5::Group group = open_->file->openGroup(group_.empty() ? "/" : group_);
    const hsize_t count = std::min<hsize_t>(group.getNumObjs(), 8);
    for (hsize_t i = 0; i < count; ++i) names.push_back(group.getObjnameByIdx(i));
  } catch (const H5::Exception&) {
    return "nothing readable";
  }
  return names.empty() ? "nothing" : fmt::format("{}", fmt::join(names, ", "));
}

Hdf5Array Hdf5File::array(const std::string& data_set, size_t rank) const {
  Hdf5Array array;
  array.where_ = fmt::format("{}, data set {}", name_, data_set);
  if (!has(data_set)) {
    refuse(name_, fmt::format("has no data set {}; there is {}", data_set, names()),
           "The layout is described in data/README.md.");
  }
  auto handle = std::make_shared<OpenHdf5Array>();
  handle->file = open_;
  array.open_ = handle;
  const Hdf5Lock lock;
  try {
    handle->data_set = open_data_set(*open_->file, group_ + data_set);
    const H5::DataSet& opened = *handle->data_set;
    const H5::DataSpace space = opened.getSpace();
    std::vector<hsize_t> extents(static_cast<size_t>(space.getSimpleExtentNdims()));
    if (!extents.empty()) space.getSimpleExtentDims(extents.data());
    array.shape_.assign(extents.begin(), extents.end());
    if (extents.size() != rank) {
      refuse(array.where_, fmt::format("shape {}, expected {} dimensions", shape_text(array.shape_), rank),
             "The layout is described in data/README.md.");
    }
    double bytes = static_cast<double>(opened.getDataType().getSize());
    for (int64_t extent : array.shape_) {
      if (extent == 0) refuse(array.where_, fmt::format("is empty, shape {}", shape_text(array.shape_)), "");
      bytes *= static_cast<double>(extent);
    }
    array.type_ = element_type(opened, array.where_);
    check_storage(opened, array.where_, bytes);
    if (bytes > 0x1p62) refuse(array.where_, "its shape is absurd: " + shape_text(array.shape_), kDamaged);
    for (size_t d = 1; d < rank; ++d) array.row_size_ *= array.shape_[d];
    if (opened.getCreatePlist().getLayout() == H5D_CONTIGUOUS) {
      const haddr_t offset = opened.getOffset();
      if (!open_->user_block && static_cast<double>(offset) + bytes > static_cast<double>(open_->bytes)) {
        refuse(array.where_, fmt::format("its values reach beyond the end of the file ({} bytes)", open_->bytes), kDamaged);
      }
      if (!open_->user_block && is_native(opened, array.type_)) array.offset_ = static_cast<int64_t>(offset);
    }
  } catch (const H5::Exception&) {
    refuse(array.where_, "is damaged: " + last_hdf5_failure().reason, kDamaged);
  }
  return array;
}

std::vector<std::string> Hdf5File::texts(const std::string& attribute) const {
  const Hdf5Lock lock;
  std::vector<std::string> texts;
  try {
    const H5::Group group = open_->file->openGroup(group_.empty() ? "/" : group_);
    if (!group.attrExists(attribute)) return texts;
    const H5::Attribute opened = group.openAttribute(attribute);
    const H5::StrType type = opened.getStrType();
    const auto count = static_cast<size_t>(opened.getSpace().getSimpleExtentNpoints());
    if (opened.getTypeClass() != H5T_STRING || count > 1000000) {
      refuse(name_, fmt::format("attribute {} is not a list of names", attribute), "");
    }
    if (type.isVariableStr()) {
      std::vector<char*> pointers(count, nullptr);
      opened.read(type, pointers.data());
      for (char* pointer : pointers) {
        texts.emplace_back(pointer != nullptr ? pointer : "");
        H5free_memory(pointer);
      }
    } else {
      const size_t width = type.getSize();
      std::string buffer(count * width, '\0');
      opened.read(type, buffer.data());
      for (size_t i = 0; i < count; ++i) texts.emplace_back(buffer.substr(i * width, width).c_str());
    }
  } catch (const H5::Exception&) {
    refuse(name_, fmt::format("attribute {} is not a list of names: {}", attribute, last_hdf5_failure().reason), "");
  }
  return texts;
}

std::string Hdf5Array::where(int64_t row) const { return fmt::format("{}, row {}", where_, row); }

template <class Value>
void Hdf5Array::read_with_library(int64_t first, int64_t count, Value* out) const {
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
    refuse(count == 1 ? where(first) : where_, "cannot be read: " + last_hdf5_failure().reason, kDamaged);
  }
}

void Hdf5Array::read_bytes(int64_t row, void* out, size_t size) const {
  auto* next = static_cast<char*>(out);
  int64_t at = *offset_ + row * row_size_ * bytes_of(type_);
  while (size > 0) {
    const ssize_t got = pread(open_->file->fd, next, size, at);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      refuse(where(row), got < 0 ? fmt::format("cannot be read: {}", std::strerror(errno)) : "the file ends before it",
             got < 0 ? "" : "The file has changed since it was opened. Do not change data files while they are in use.");
    }
    next += got;
    at += got;
    size -= static_cast<size_t>(got);
  }
}

void Hdf5Array::read_row(int64_t row, float* out) const {
  if (!offset_ || type_ == ElementType::uint8) return read_with_library(row, 1, out);
  if (type_ == ElementType::float32) return read_bytes(row, out, static_cast<size_t>(row_size_) * sizeof(float));
  thread_local std::vector<double> wide;
  wide.resize(static_cast<size_t>(row_size_));
  read_bytes(row, wide.data(), wide.size() * sizeof(double));
  for (size_t i = 0; i < wide.size(); ++i) out[i] = static_cast<float>(wide[i]);
}

void Hdf5Array::read_row(int64_t row, uint8_t* out) const {
  if (!offset_ || type_ != ElementType::uint8) return read_with_library(row, 1, out);
  read_bytes(row, out, static_cast<size_t>(row_size_));
}

std::vector<double> Hdf5Array::read_all() const {
  std::vector<double> values(static_cast<size_t>(rows() * row_size_));
  read_with_library(0, rows(), values.data());
  return values;
}

}  // namespace hpcai::data
