#include "hpcai/data/arrays/stored_array.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/data/arrays/npy.h"
#include "hpcai/data/arrays/zip.h"
#include "hpcai/data/hdf5/hdf5_file.h"
#include "hpcai/data/hdf5/hdf5_trial.h"
#include "hpcai/data/regular_file.h"

namespace hpcai::data {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kLargestMember = uint64_t{1} << 37;  // of a .npz file, which is read whole

std::string array_place(const std::string& file, const std::string& array) {
  return fmt::format("{}, array {}", printable(std::string_view(file)), printable(array, 60));
}

[[noreturn]] void refuse_name(const std::string& file, const std::string& name, const std::vector<std::string>& there) {
  throw Error(ExitCode::bad_data,
              fmt::format("{}: no array {}; there are {}", printable(std::string_view(file)), printable(name, 60),
                          printable(fmt::format("{}", fmt::join(there, ", ")), 200)),
              "Name the arrays in data.inputs, data.targets, data.labels and data.lengths.");
}

// Rows that lie in a .npy file; they are read when they are asked for.
class NpyFileArray : public StoredArray {
 public:
  static std::unique_ptr<StoredArray> open(const std::string& path, const std::string& where) {
    auto file = std::make_unique<RegularFile>(path);
    const std::string start = file->read_start(kLongestNpyHeader);
    NpyHeader header = parse_npy_header(start, static_cast<uint64_t>(file->bytes()), where);
    return std::unique_ptr<StoredArray>(new NpyFileArray(std::move(file), std::move(header), where));
  }
  void read_row(int64_t row, float* out) const override { read(row, out); }
  void read_row(int64_t row, double* out) const override { read(row, out); }

 private:
  NpyFileArray(std::unique_ptr<RegularFile> file, NpyHeader header, const std::string& where)
      : StoredArray(header.shape, where), file_(std::move(file)), header_(std::move(header)) {}

  template <class Value>
  void read(int64_t row, Value* out) const {
    const size_t bytes = static_cast<size_t>(row_size()) * header_.width();
    thread_local std::string buffer;
    buffer.resize(bytes);
    const size_t at = header_.data_at + static_cast<size_t>(row) * bytes;
    if (file_->read_at(at, buffer.data(), bytes) < bytes) {
      throw Error(ExitCode::bad_data, where(row) + " cannot be read", "Was the file changed? Write it again.");
    }
    convert_npy(header_, buffer.data(), row_size(), out);
  }

  std::unique_ptr<RegularFile> file_;
  NpyHeader header_;
};

class MemoryArray : public StoredArray {
 public:
  MemoryArray(NpyHeader header, std::string content, const std::string& where)
      : StoredArray(header.shape, where), header_(std::move(header)), content_(std::move(content)) {}
  void read_row(int64_t row, float* out) const override { convert_npy(header_, place(row), row_size(), out); }
  void read_row(int64_t row, double* out) const override { convert_npy(header_, place(row), row_size(), out); }

 private:
  const char* place(int64_t row) const {
    return content_.data() + header_.data_at + static_cast<size_t>(row * row_size()) * header_.width();
  }

  NpyHeader header_;
  std::string content_;
};

class Hdf5RowArray : public StoredArray {
 public:
  Hdf5RowArray(Hdf5Array array, const std::string& where) : StoredArray(array.shape(), where), array_(std::move(array)) {}
  void read_row(int64_t row, float* out) const override { array_.read_row(row, out); }
  void read_row(int64_t row, double* out) const override { array_.read_row(row, out); }
  void read_rows(int64_t first, int64_t count, float* out) const override {
    for (const double value : array_.read_rows(first, count)) *out++ = static_cast<float>(value);
  }
  void read_rows(int64_t first, int64_t count, double* out) const override {
    std::ranges::copy(array_.read_rows(first, count), out);
  }
  std::vector<double> read_all() const override { return array_.read_all(); }

 private:
  Hdf5Array array_;
};

// The texts of a .npy file; nothing if it holds other values.
std::optional<std::vector<std::string>> texts_of_file(const std::string& path, const std::string& where) {
  const RegularFile file(path);
  const auto header = parse_npy_texts(file.read_start(kLongestNpyHeader), static_cast<uint64_t>(file.bytes()), where);
  if (!header) return std::nullopt;
  std::string bytes(static_cast<size_t>(header->count) * header->length * header->bytes_each, '\0');
  if (file.read_at(header->data_at, bytes.data(), bytes.size()) < bytes.size()) {
    throw Error(ExitCode::bad_data, where + " cannot be read", "Was the file changed? Write it again.");
  }
  return convert_npy_texts(*header, bytes.data());
}

class NpyFile : public ArrayFile {
 public:
  explicit NpyFile(std::string path) : path_(std::move(path)) {}
  bool has(const std::string&) const override { return true; }
  bool is_single() const override { return true; }
  std::unique_ptr<StoredArray> array(const std::string&) const override {
    return NpyFileArray::open(path_, printable(std::string_view(path_)));
  }
  std::optional<std::vector<std::string>> texts(const std::string&) const override {
    return texts_of_file(path_, printable(std::string_view(path_)));
  }

 private:
  std::string path_;
};

class NpyFolder : public ArrayFile {
 public:
  explicit NpyFolder(fs::path folder) : folder_(std::move(folder)) {}
  bool has(const std::string& name) const override {
    std::error_code code;
    return is_plain(name) && fs::is_regular_file(file_of(name), code);
  }
  std::unique_ptr<StoredArray> array(const std::string& name) const override {
    if (!has(name)) refuse_name(folder_.string(), name, names());
    return NpyFileArray::open(file_of(name).string(), printable(file_of(name)));
  }
  std::optional<std::vector<std::string>> texts(const std::string& name) const override {
    if (!has(name)) return std::nullopt;
    return texts_of_file(file_of(name).string(), printable(file_of(name)));
  }

 private:
  static bool is_plain(const std::string& name) { return name.find('/') == std::string::npos; }
  fs::path file_of(const std::string& name) const { return folder_ / (name + ".npy"); }
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    std::error_code code;
    for (fs::directory_iterator entry(folder_, code), end; !code && entry != end; entry.increment(code)) {
      if (entry->path().extension() == ".npy") found.push_back(entry->path().stem().string());
    }
    std::sort(found.begin(), found.end());
    return found;
  }

  fs::path folder_;
};

class NpzFile : public ArrayFile {
 public:
  explicit NpzFile(const std::string& path) : path_(path), zip_(path) {}
  bool has(const std::string& name) const override { return zip_.has(name + ".npy"); }
  std::unique_ptr<StoredArray> array(const std::string& name) const override {
    if (!has(name)) refuse_name(path_, name, names());
    const std::string where = array_place(path_, name);
    std::string content = zip_.read(name + ".npy", kLargestMember);
    const auto start = std::string_view(content).substr(0, kLongestNpyHeader);
    NpyHeader header = parse_npy_header(start, content.size(), where);
    return std::make_unique<MemoryArray>(std::move(header), std::move(content), where);
  }
  std::optional<std::vector<std::string>> texts(const std::string& name) const override {
    if (!has(name)) return std::nullopt;
    const std::string content = zip_.read(name + ".npy", kLargestMember);
    const auto start = std::string_view(content).substr(0, kLongestNpyHeader);
    const auto header = parse_npy_texts(start, content.size(), array_place(path_, name));
    if (!header) return std::nullopt;
    return convert_npy_texts(*header, content.data() + header->data_at);
  }

 private:
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const std::string& member : zip_.members()) {
      found.push_back(member.ends_with(".npy") ? member.substr(0, member.size() - 4) : member);
    }
    return found;
  }

  std::string path_;
  ZipFile zip_;
};

class Hdf5Arrays : public ArrayFile {
 public:
  explicit Hdf5Arrays(const std::string& name) : file_(name) {}
  bool has(const std::string& name) const override { return file_.has(name); }
  std::unique_ptr<StoredArray> array(const std::string& name) const override {
    try_in_child(file_.name(), [&] { Hdf5File(file_.name()).array(name, kAnyRank); });
    Hdf5Array array = file_.array(name, kAnyRank);
    const std::string where = array.where();
    return std::make_unique<Hdf5RowArray>(std::move(array), where);
  }
  std::optional<std::vector<std::string>> texts(const std::string& name) const override {
    std::optional<std::vector<std::string>> found;
    const auto read = [&] {
      const Hdf5File file(file_.name());
      if (file.has_texts(name)) found = file.text_values(name);
    };
    try_in_child(file_.name(), read);
    read();
    return found;
  }

 private:
  Hdf5File file_;
};

}  // namespace

StoredArray::StoredArray(std::vector<int64_t> shape, std::string where) : shape_(std::move(shape)), where_(std::move(where)) {
  row_size_ = std::accumulate(shape_.begin() + 1, shape_.end(), int64_t{1}, std::multiplies<>());
}

void StoredArray::read_rows(int64_t first, int64_t count, float* out) const {
  for (int64_t i = 0; i < count; ++i) read_row(first + i, out + i * row_size_);
}

void StoredArray::read_rows(int64_t first, int64_t count, double* out) const {
  for (int64_t i = 0; i < count; ++i) read_row(first + i, out + i * row_size_);
}

std::vector<double> StoredArray::read_all() const {
  std::vector<double> values(static_cast<size_t>(rows() * row_size()));
  for (int64_t row = 0; row < rows(); ++row) read_row(row, values.data() + row * row_size());
  return values;
}

std::string StoredArray::where(int64_t row) const { return fmt::format("{}, row {}", where_, row); }

std::unique_ptr<ArrayFile> ArrayFile::open(const std::string& path) {
  std::error_code code;
  if (fs::is_directory(path, code)) return std::make_unique<NpyFolder>(path);
  const std::string file = split_hdf5_name(path).path;  // of FILE:GROUP
  const std::string start = RegularFile(file).read_start(8);
  if (start.starts_with("\x93NUMPY") && file == path) return std::make_unique<NpyFile>(path);
  if (start.starts_with("PK") && file == path) return std::make_unique<NpzFile>(path);
  if (start.starts_with("\x89HDF\r\n")) {
    try_in_child(path, [&] { Hdf5File file(path); });
    return std::make_unique<Hdf5Arrays>(path);
  }
  throw Error(ExitCode::bad_data, printable(std::string_view(path)) + " is neither HDF5 nor .npy nor .npz",
              "Give a file of one of these formats, or a folder of .npy files.");
}

}  // namespace hpcai::data
