#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace hpcai::distributed {

// Authenticates the messages of one connection. A program between the two ends that passes the greeting on does not know the key.
// It can therefore neither change a message nor add, repeat, reorder or turn one round. It can read them, and it can close the
// connection. Each end has one object. A sealed message is the message and its tag:
//
//   tag = the first 32 hex digits of HMAC-SHA256(key, end "/" n "/" message)
//
// `end` names the sender, and n is the number of messages that it has sealed before.
class Seal {
 public:
  enum class End { rank, rank0 };

  // `key`: known to both ends and to nobody else. `own`: the end that uses this object.
  Seal(std::string key, End own) : key_(std::move(key)), own_(own) {}

  // Returns the next message of this end with its tag.
  std::string sealed(std::string_view message);
  // Returns the next message of the other end without its tag; nothing if that end has not sent it as its next message.
  std::optional<std::string> opened(std::string_view sealed);

 private:
  std::string tag(End end, uint64_t number, std::string_view message) const;

  std::string key_;
  End own_;
  uint64_t sealed_ = 0, opened_ = 0;  // number of messages
};

}  // namespace hpcai::distributed
