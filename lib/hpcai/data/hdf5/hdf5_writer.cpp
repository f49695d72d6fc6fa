#include "hpcai/data/hdf5/hdf5_writer.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "hpcai/core/error.h"
#include "hpcai/core/room.h"
#include "hpcai/core/text.h"
#include "hpcai/data/hdf5/hdf5_library.h"

namespace hpcai::data {
namespace {

H5::DataType stored_type(const NewArray& array) {
  if (array.text_width > 0) {
    H5::StrType type(H5::PredType::C_S1, static_cast<size_t>(array.text_width));
    type.setCset(H5T_CSET_UTF8);
    type.setStrpad(H5T_STR_NULLPAD);
    return type;
  }
  if (!array.members.empty()) {
    const H5::CompType type(array.members.size() * sizeof(double));
    for (size_t m = 0; m < array.members.size(); ++m) {
      type.insertMember(array.members[m], m * sizeof(double), H5::PredType::NATIVE_DOUBLE);
    }
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
  if (!array.members.empty()) return static_cast<int64_t>(array.members.size() * sizeof(double));
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

// "train" of "train/images"; empty for what lies in the root.
std::string group_of(const std::string& name) { return name.substr(0, name.find('/') == std::string::npos ? 0 : name.find('/')); }

struct AttributeWriter {
  const H5::Group& file;  // or the group
  const std::string name;

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

// Writes `bytes` bytes at an offset of the temporary file. Throws Error{cannot_write}.
void write_at(const OutputFile& output, const void* values, int64_t bytes, int64_t offset) {
  const auto* next = static_cast<const char*>(values);
  while (bytes > 0) {
    const ssize_t written = pwrite(output.descriptor(), next, static_cast<size_t>(bytes), offset);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) output.fail("write", written < 0 ? errno : EIO);
    next += written;
    offset += written;
    bytes -= written;
  }
}

// HDF5 1.10 crashes if it cannot write while it closes a file, so it only starts where its part will fit and the file may
// grow to `bytes`.
void try_writing(const OutputFile& output, double bytes) {
  const std::vector<char> zeros(1 << 16);
  write_at(output, zeros.data(), static_cast<int64_t>(zeros.size()), 0);
  const int file = output.descriptor();
  if (ftruncate(file, static_cast<off_t>(bytes)) != 0 || ftruncate(file, 0) != 0) output.fail("write", errno);
}

// The library's C++ part closes all files when the program ends. It crashes, or complains on stderr, if it could not close one
// before. Handlers of exit run in reverse order, so this one ends the process first.
void end_without_library(int status, void*) {
  std::fflush(nullptr);
  _exit(status);
}

}  // namespace

double hdf5_file_bytes(const std::vector<NewArray>& arrays) {
  double bytes = 4096;
  for (const NewArray& array : arrays) bytes += static_cast<double>(array.shape[0]) * static_cast<double>(row_bytes(array));
  return bytes;
}

Hdf5Writer::Hdf5Writer(const std::filesystem::path& path, const std::vector<NewArray>& arrays,
                       const std::vector<NamedAttribute>& attributes)
    : path_(path), output_(path, "--out") {
  const double bytes = hdf5_file_bytes(arrays);
  require_room(path_, output_.temporary(), bytes, "Free some space, choose another place with --out, or make fewer samples.");
  try_writing(output_, bytes);
  lay_out(arrays, attributes);
}

void Hdf5Writer::lay_out(const std::vector<NewArray>& arrays, const std::vector<NamedAttribute>& attributes) {
  const Hdf5Lock lock;
  std::unique_ptr<H5::H5File> file;
  try {
    H5::FileAccPropList access;
    H5Pset_file_locking(access.getId(), false, true);  // the name is ours alone
    file = std::make_unique<H5::H5File>(output_.temporary().string(), H5F_ACC_TRUNC, H5::FileCreatPropList::DEFAULT, access);
    H5::DSetCreatPropList layout;
    layout.setLayout(H5D_CONTIGUOUS);
    layout.setAllocTime(H5D_ALLOC_TIME_EARLY);
    layout.setFillTime(H5D_FILL_TIME_NEVER);
    H5Pset_obj_track_times(layout.getId(), false);  // equal contents are equal files
    for (const NewArray& array : arrays) {
      const std::string group = group_of(array.name);
      if (!group.empty() && !file->nameExists(group)) file->createGroup(group);
      const std::vector<hsize_t> shape(array.shape.begin(), array.shape.end());
      const H5::DataSpace space(static_cast<int>(shape.size()), shape.data());
      const H5::DataSet data_set = file->createDataSet(array.name, stored_type(array), space, layout);
      places_.push_back({static_cast<int64_t>(data_set.getOffset()), row_bytes(array)});
    }
    for (const NamedAttribute& attribute : attributes) {
      const std::string group = group_of(attribute.name);
      const H5::Group place = file->openGroup(group.empty() ? "/" : group);
      std::visit(AttributeWriter{place, attribute.name.substr(group.empty() ? 0 : group.size() + 1)}, attribute.value);
    }
    file->close();
  } catch (const H5::Exception&) {
    // A file that could not be flushed cannot be closed a second time either: the library (1.10) then reads freed memory.
    static_cast<void>(file.release());
    on_exit(end_without_library, nullptr);
    const Hdf5Failure failure = last_hdf5_failure();
    if (failure.system_error != 0) output_.fail("write", failure.system_error);
    throw Error(ExitCode::cannot_write, fmt::format("cannot write {}: {}", printable(path_), failure.reason),
                "Choose another place with --out.");
  }
}

void Hdf5Writer::write_row(size_t array, int64_t row, const void* values) {
  const Place& place = places_.at(array);
  write_at(output_, values, place.row_bytes, place.offset + row * place.row_bytes);
}

void Hdf5Writer::finish() { output_.publish(); }

}  // namespace hpcai::data
