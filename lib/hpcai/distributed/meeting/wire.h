#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace hpcai::distributed {

// The format of messages between ranks: the length in four bytes, then that many bytes. Inside, a number takes eight bytes
// (little endian), and a text takes its length in eight bytes and then its bytes.
inline constexpr size_t kLongestMessage = 64 << 20;

class Packer {
  // Appends the fields of a message in their order.
 public:
  Packer& number(int64_t value) {
    for (int i = 0; i < 8; ++i) bytes_ += static_cast<char>(static_cast<uint64_t>(value) >> (8 * i));
    return *this;
  }
  Packer& text(std::string_view value) {
    number(static_cast<int64_t>(value.size()));
    bytes_ += value;
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// Reads the fields of a message in their order. Throws std::runtime_error if the message is too short.
class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : rest_(bytes) {}

  int64_t number() {
    const std::string_view bytes = take(8);
    uint64_t value = 0;
    for (int i = 0; i < 8; ++i) value |= static_cast<uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    return static_cast<int64_t>(value);
  }
  std::string text() { return std::string(take(static_cast<size_t>(number()))); }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view take(size_t size) {
    if (size > rest_.size()) throw std::runtime_error("a message between ranks is cut short");
    const std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }

  std::string_view rest_;
};

// Moves one whole message from the front of `buffer` to `message`. Returns false if the message is incomplete. Throws
// std::runtime_error for a length above `longest`.
bool take_message(std::string& buffer, std::string& message, size_t longest = kLongestMessage);
// The message with its length in front.
std::string framed(std::string_view message);

}  // namespace hpcai::distributed
