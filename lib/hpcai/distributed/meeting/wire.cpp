#include "hpcai/distributed/meeting/wire.h"

namespace hpcai::distributed {

bool take_message(std::string& buffer, std::string& message, size_t longest) {
  if (buffer.size() < 4) return false;
  size_t size = 0;
  for (int i = 0; i < 4; ++i) size |= static_cast<size_t>(static_cast<unsigned char>(buffer[i])) << (8 * i);
  if (size > longest) throw std::runtime_error("a message between ranks is too long");
  if (buffer.size() < 4 + size) return false;
  message = buffer.substr(4, size);
  buffer.erase(0, 4 + size);
  return true;
}

std::string framed(std::string_view message) {
  std::string bytes;
  for (int i = 0; i < 4; ++i) bytes += static_cast<char>(message.size() >> (8 * i));
  return bytes.append(message);
}

}  // namespace hpcai::distributed
