#include "hpcai/data/hdf5/hdf5_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/paths.h"
#include "hpcai/data/hdf5/hdf5_library.h"

namespace hpcai::data {
namespace {

[[noreturn]] void fail(const std::filesystem::path& path, int error) {
  const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  throw Error(ExitCode::cannot_write, fmt::format("cannot write {}: {}", path.string(), std::strerror(error)),
              full ? "Free some space there, or write to another place." : "Check the folder and its permissions.");
}

H5::DataType stored_type(const NewArray& array) {
  if (array.text_width > 0) {
    H5::StrType type(H5::PredType::C_S1, static_cast<size_t>(array.text_width));
    type.setCset(H5T_CSET_UTF8);
    type.setStrpad(H5T_STR_NULLPAD);
    return type;
  }
  switch (array.type) {
    case ElementType::uint8: return H5::PredType::STD_U8LE;
    case ElementType::float32: return H5::PredType::NATIVE_FLOAT;
    case ElementType::float64: return H5::PredType::NATIVE_DOUBLE;
    case ElementType::other_integer:
    case ElementType::other_float: break;  // what this program does not write
  }
  return H5::PredType::NATIVE_INT64;
}

int64_t value_bytes(const NewArray& array) {
  if (array.text_width > 0) return array.text_width;
  return array.type == ElementType::uint8 ? 1 : array.type == ElementType::float32 ? 4 : 8;
}

int64_t row_bytes(const NewArray& array) {
  int64_t bytes = value_bytes(array);
  for (size_t d = 1; d < array.shape.size(); ++d) bytes *= array.shape[d];
  return bytes;
}

H5::StrType text_type() {
  H5::StrType type(H5::PredType::C_S1, H5T_VARIABLE);
  type.setCset(H5T_CSET_UTF8);
  return type;
}

struct AttributeWriter {
  H5::H5File& file;
  const std::string& name;

  void operator()(const std::string& value) const {
    file.createAttribute(name, text_type(), H5::DataSpace()).write(text_type(), value);
  }
  void operator()(int64_t value) const {
    file.createAttribute(name, H5::PredType::NATIVE_INT64, H5::DataSpace()).write(H5::PredType::NATIVE_INT64, &value);
  }
  void operator()(double value) const {
    file.createAttribute(name, H5::PredType::NATIVE_DOUBLE, H5::DataSpace()).write(H5::PredType::NATIVE_DOUBLE, &value);
  }
  void operator()(const std::vector<std::string>& values) const {
    std::vector<const char*> pointers;
    for (const std::string& value : values) pointers.push_back(value.c_str());
    const hsize_t count = values.size();
    file.createAttribute(name, text_type(), H5::DataSpace(1, &count)).write(text_type(), pointers.data());
  }
};

// Tells at once what would otherwise be found after hours: the file system has no room for the file.
void check_room(const std::filesystem::path& path, double bytes) {
  struct statvfs system {};
  const std::string folder = path.has_parent_path() ? path.parent_path().string() : ".";
  if (statvfs(folder.c_str(), &system) != 0) return;  // opening the file will say why
  const double room = static_cast<double>(system.f_bavail) * static_cast<double>(system.f_frsize);
  if (bytes <= room) return;
  throw Error(ExitCode::cannot_write,
              fmt::format("cannot write {}: it needs {:.3g} GB, but only {:.3g} GB are free there", path.string(), bytes / 1e9,
                          room / 1e9),
              "Free some space, write to another place, or make fewer samples.");
}

// HDF5 1.10 crashes if it cannot write while it closes a file, so it only starts where its part will fit and the file may
// grow to `bytes`.
void try_writing(int file, const std::filesystem::path& path, double bytes) {
  const std::vector<char> zeros(1 << 16);
  for (size_t done = 0; done < zeros.size();) {
    const ssize_t written = pwrite(file, zeros.data(), zeros.size() - done, static_cast<off_t>(done));
    if (written < 0 && errno != EINTR) fail(path, errno);
    if (written > 0) done += static_cast<size_t>(written);
  }
  if (ftruncate(file, static_cast<off_t>(bytes)) != 0 || ftruncate(file, 0) != 0) fail(path, errno);
}

}  // namespace

Hdf5Writer::Hdf5Writer(const std::filesystem::path& path, const std::vector<NewArray>& arrays,
                       const std::vector<NamedAttribute>& attributes)
    : path_(path), temporary_(path) {
  temporary_ += fmt::format(".tmp-{}", getpid());
  double bytes = 4096;
  for (const NewArray& array : arrays) bytes += static_cast<double>(array.shape[0]) * static_cast<double>(row_bytes(array));
  if (is_folder(path, ExitCode::cannot_write)) fail(path, EISDIR);
  check_room(path, bytes);
  fd_ = ::open(temporary_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd_ < 0) fail(path_, errno);
  try {
    try_writing(fd_, path_, bytes);
    lay_out(arrays, attributes);
  } catch (...) {
    close(fd_);
    unlink(temporary_.c_str());
    throw;
  }
}

Hdf5Writer::~Hdf5Writer() {
  if (fd_ >= 0) close(fd_);
  if (!finished_) unlink(temporary_.c_str());
}

void Hdf5Writer::lay_out(const std::vector<NewArray>& arrays, const std::vector<NamedAttribute>& attributes) {
  const Hdf5Lock lock;
  std::unique_ptr<H5::H5File> file;
  try {
    H5::FileAccPropList access;
    H5Pset_file_locking(access.getId(), false, true);  // the name is ours alone
    file = std::make_unique<H5::H5File>(temporary_.string(), H5F_ACC_TRUNC, H5::FileCreatPropList::DEFAULT, access);
    H5::DSetCreatPropList layout;
    layout.setLayout(H5D_CONTIGUOUS);
    layout.setAllocTime(H5D_ALLOC_TIME_EARLY);
    layout.setFillTime(H5D_FILL_TIME_NEVER);
    for (const NewArray& array : arrays) {
      const std::vector<hsize_t> shape(array.shape.begin(), array.shape.end());
      const H5::DataSpace space(static_cast<int>(shape.size()), shape.data());
      const H5::DataSet data_set = file->createDataSet(array.name, stored_type(array), space, layout);
      places_.push_back({static_cast<int64_t>(data_set.getOffset()), row_bytes(array)});
    }
    for (const NamedAttribute& attribute : attributes) std::visit(AttributeWriter{*file, attribute.name}, attribute.value);
    file->close();
  } catch (const H5::Exception&) {
    // A file that could not be flushed cannot be closed a second time either: the library (1.10) then reads freed memory.
    static_cast<void>(file.release());
    const Hdf5Failure failure = last_hdf5_failure();
    if (failure.system_error != 0) fail(path_, failure.system_error);
    throw Error(ExitCode::cannot_write, fmt::format("cannot write {}: {}", path_.string(), failure.reason));
  }
}

void Hdf5Writer::write_row(size_t array, int64_t row, const void* values) {
  const Place& place = places_.at(array);
  const auto* next = static_cast<const char*>(values);
  int64_t at = place.offset + row * place.row_bytes;
  for (int64_t left = place.row_bytes; left > 0;) {
    const ssize_t written = pwrite(fd_, next, static_cast<size_t>(left), at);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail(path_, written < 0 ? errno : EIO);
    next += written;
    at += written;
    left -= written;
  }
}

void Hdf5Writer::finish() {
  if (fsync(fd_) != 0) fail(path_, errno);
  const int fd = std::exchange(fd_, -1);
  if (close(fd) != 0) fail(path_, errno);
  if (rename(temporary_.c_str(), path_.c_str()) != 0) fail(path_, errno);
  finished_ = true;
  sync_folder(path_.has_parent_path() ? path_.parent_path() : std::filesystem::path("."));
}

}  // namespace hpcai::data
