#include "hpcai/data/arrays/zip.h"

#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/data/regular_file.h"

namespace hpcai::data {
namespace {

constexpr uint64_t kEndSize = 22, kEnd64Size = 56, kLocator64Size = 20, kEntrySize = 46, kLocalSize = 30;
constexpr uint64_t kLongestComment = 0xFFFF, kLargestDirectory = uint64_t{64} << 20;
constexpr uint16_t kStored = 0, kDeflated = 8, kEncrypted = 1;

// A little-endian number; the caller has checked the length.
template <class Number>
Number little_endian(std::string_view bytes, uint64_t at) {
  Number value = 0;
  for (size_t i = sizeof(Number); i-- > 0;) value = static_cast<Number>(value << 8 | static_cast<uint8_t>(bytes[at + i]));
  return value;
}

// The 64-bit values of an entry's extra field, in place of those that are all ones.
void take_zip64(std::string_view extra, std::initializer_list<uint64_t*> values) {
  while (extra.size() >= 4) {
    const auto id = little_endian<uint16_t>(extra, 0), size = little_endian<uint16_t>(extra, 2);
    if (size > extra.size() - 4) return;
    std::string_view body = extra.substr(4, size);
    extra.remove_prefix(4 + size_t{size});
    if (id != 1) continue;
    for (uint64_t* value : values) {
      if (*value != 0xFFFFFFFF || body.size() < 8) continue;
      *value = little_endian<uint64_t>(body, 0);
      body.remove_prefix(8);
    }
  }
}

// Unpacks raw deflate of exactly `size` bytes; nothing if it is damaged. Memory grows with what there is.
std::optional<std::string> inflate_raw(const std::string& packed, size_t size) {
  constexpr size_t kFirst = 1 << 20, kMost = std::numeric_limits<uInt>::max();
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return std::nullopt;
  std::string content;
  size_t in = 0, out = 0;
  int result = Z_OK;
  while (result == Z_OK) {
    if (out == content.size()) content.resize(std::min(size, std::max(kFirst, 2 * out)));
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data() + in));
    stream.avail_in = static_cast<uInt>(std::min(kMost, packed.size() - in));
    stream.next_out = reinterpret_cast<Bytef*>(content.data() + out);
    stream.avail_out = static_cast<uInt>(std::min(kMost, content.size() - out));
    const uInt given = stream.avail_in, room = stream.avail_out;
    result = inflate(&stream, Z_NO_FLUSH);
    in += given - stream.avail_in;
    out += room - stream.avail_out;
    if (given == stream.avail_in && room == stream.avail_out) break;
  }
  inflateEnd(&stream);
  if (result != Z_STREAM_END || out != size) return std::nullopt;
  content.resize(size);
  return content;
}

uint32_t checksum_of(const std::string& content) {
  return static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(content.data()), content.size()));
}

}  // namespace

ZipFile::ZipFile(const std::string& path) : path_(path) { read_directory(); }

void ZipFile::refuse(const std::string& why) const {
  throw Error(ExitCode::bad_data, fmt::format("{} cannot be read as a zip file: {}", printable(std::string_view(path_)), why),
              "Copy the file again, or write it again with numpy.savez.");
}

std::string ZipFile::bytes_at(uint64_t at, uint64_t count) const {
  const RegularFile file(path_);
  const auto size = static_cast<uint64_t>(file.bytes());
  if (at > size || count > size - at) refuse("it ends too early");
  std::string bytes(count, '\0');
  if (file.read_at(at, bytes.data(), count) < count) refuse("it ends too early");
  return bytes;
}

void ZipFile::read_directory() {
  file_size_ = static_cast<uint64_t>(RegularFile(path_).bytes());
  const uint64_t tail_size = std::min(file_size_, kEndSize + kLongestComment + kLocator64Size);
  const uint64_t tail_at = file_size_ - tail_size;
  const std::string tail = bytes_at(tail_at, tail_size);
  const size_t end = tail.rfind("PK\x05\x06");
  if (end == std::string::npos || tail.size() - end < kEndSize) refuse("it has no directory");
  uint64_t count = little_endian<uint16_t>(tail, end + 10), size = little_endian<uint32_t>(tail, end + 12);
  uint64_t at = little_endian<uint32_t>(tail, end + 16);
  if (end >= kLocator64Size && tail.compare(end - kLocator64Size, 4, "PK\x06\x07") == 0) {
    const std::string end64 = bytes_at(little_endian<uint64_t>(tail, end - kLocator64Size + 8), kEnd64Size);
    if (!end64.starts_with("PK\x06\x06")) refuse("its ZIP64 directory is damaged");
    count = little_endian<uint64_t>(end64, 32);
    size = little_endian<uint64_t>(end64, 40);
    at = little_endian<uint64_t>(end64, 48);
  }
  if (size > kLargestDirectory) refuse("its directory has an absurd size");
  const std::string directory = bytes_at(at, size);
  uint64_t next = 0;
  for (uint64_t i = 0; i < count; ++i) {
    if (directory.size() - next < kEntrySize || directory.compare(next, 4, "PK\x01\x02") != 0) refuse("its directory is damaged");
    const uint64_t name = little_endian<uint16_t>(directory, next + 28), extra = little_endian<uint16_t>(directory, next + 30),
                   comment = little_endian<uint16_t>(directory, next + 32);
    if (directory.size() - next - kEntrySize < name + extra + comment) refuse("its directory is damaged");
    if ((little_endian<uint16_t>(directory, next + 8) & kEncrypted) != 0) refuse("it is encrypted");
    Member member{little_endian<uint32_t>(directory, next + 20), little_endian<uint32_t>(directory, next + 24),
                  little_endian<uint32_t>(directory, next + 42), little_endian<uint32_t>(directory, next + 16),
                  little_endian<uint16_t>(directory, next + 10)};
    take_zip64(std::string_view(directory).substr(next + kEntrySize + name, extra),
               {&member.size, &member.packed, &member.header_at});
    members_[directory.substr(next + kEntrySize, name)] = member;
    next += kEntrySize + name + extra + comment;
  }
}

std::vector<std::string> ZipFile::members() const {
  std::vector<std::string> names;
  for (const auto& item : members_) names.push_back(item.first);
  return names;
}

std::string ZipFile::read(const std::string& name, uint64_t limit) const {
  const auto found = members_.find(name);
  if (found == members_.end()) refuse(fmt::format("it has no member {}", printable(name, 60)));
  const Member& member = found->second;
  const std::string shown = printable(name, 60);
  if (member.method != kStored && member.method != kDeflated) {
    refuse(fmt::format("its member {} is compressed by method {}", shown, member.method));
  }
  // Deflate packs at most 1032 times.
  if (member.size > limit || member.size / 1100 > member.packed || (member.method == kStored && member.size != member.packed)) {
    refuse(fmt::format("its member {} has {} bytes, packed into {}", shown, member.size, member.packed));
  }
  const std::string header = bytes_at(member.header_at, kLocalSize);
  if (!header.starts_with("PK\x03\x04")) refuse(fmt::format("its member {} is damaged", shown));
  const uint64_t begin = kLocalSize + little_endian<uint16_t>(header, 26) + little_endian<uint16_t>(header, 28);
  std::string packed = bytes_at(member.header_at + begin, member.packed);
  if (member.method == kDeflated) {
    auto content = inflate_raw(packed, member.size);
    if (!content) refuse(fmt::format("its member {} is damaged", shown));
    packed = std::move(*content);
  }
  if (checksum_of(packed) != member.checksum) refuse(fmt::format("its member {} has another checksum", shown));
  return packed;
}

}  // namespace hpcai::data
