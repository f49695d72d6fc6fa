#pragma once

#include <cstdint>
#include <string>

namespace hpcai::data {

// A file opened for reading, closed with this object.
class RegularFile {
 public:
  // Follows symbolic links. Never waits: a named pipe, a device, a socket or a folder is refused before anything is read.
  // Throws Error{missing_input} that names `path`, with the system's reason or what is there in place of a file.
  explicit RegularFile(const std::string& path);
  ~RegularFile();
  RegularFile(const RegularFile&) = delete;
  RegularFile& operator=(const RegularFile&) = delete;

  int descriptor() const { return fd_; }
  int64_t bytes() const { return bytes_; }  // when it was opened
  bool has_shrunk() const;                  // has fewer bytes by now

  // Reads `count` bytes from byte `at` on into `out`. Returns how many the file had. Throws Error{missing_input} if they cannot
  // be read.
  size_t read_at(uint64_t at, void* out, size_t count) const;
  // The first `most` bytes, or all if there are fewer, in `memory`, whatever it holds. Throws Error{missing_input} if they cannot
  // be read.
  std::string read_start(size_t most, std::string memory = {}) const;

 private:
  std::string path_;
  int fd_ = -1;
  int64_t bytes_ = 0;
};

// The whole file, in `memory`, whatever it holds. Throws what RegularFile throws, and Error{bad_data} if it is larger than
// `limit` bytes.
std::string read_regular_file(const std::string& path, size_t limit = size_t{1} << 30, std::string memory = {});

}  // namespace hpcai::data
