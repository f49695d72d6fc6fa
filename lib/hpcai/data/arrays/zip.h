#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace hpcai::data {

// A zip file (PKWARE's APPNOTE 6.3, with ZIP64), read as numpy writes it: members are stored, or compressed with deflate. Its
// content is not trusted.
class ZipFile {
 public:
  // Reads the directory. Throws Error{missing_input}; Error{bad_data} if it is damaged, encrypted or of several parts.
  explicit ZipFile(const std::string& path);

  bool has(const std::string& member) const { return members_.contains(member); }
  std::vector<std::string> members() const;  // in alphabetical order
  // The content of a member. Throws Error{bad_data} if there is none of this name, if it is damaged, or has over `limit` bytes.
  std::string read(const std::string& member, uint64_t limit) const;

 private:
  struct Member {
    uint64_t packed = 0, size = 0, header_at = 0;
    uint32_t checksum = 0;
    uint16_t method = 0;
  };
  std::string bytes_at(uint64_t at, uint64_t count) const;
  void read_directory();
  [[noreturn]] void refuse(const std::string& why) const;

  std::string path_;
  uint64_t file_size_ = 0;
  std::map<std::string, Member> members_;
};

}  // namespace hpcai::data
