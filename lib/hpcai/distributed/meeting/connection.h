#pragma once

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "hpcai/distributed/meeting/seal.h"
#include "hpcai/distributed/meeting/wire.h"

namespace hpcai::distributed {

using SteadyClock = std::chrono::steady_clock;

// The other side has closed the connection, or does not read what this side sends.
class ConnectionLost : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A message that the other side has not sent has arrived. A program between the two sides has altered or added it.
class ForgedMessage : public ConnectionLost {
 public:
  using ConnectionLost::ConnectionLost;
};

// One end of a connection that carries whole messages (wire.h). Owns the socket. Not for concurrent use.
class Connection {
 public:
  explicit Connection(int fd);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int fd() const { return fd_; }
  // Seals every later message, and accepts only sealed messages.
  void seal_with(Seal seal) { seal_ = std::move(seal); }
  // A later message of more bytes ends the connection.
  void limit_messages(size_t bytes) { longest_ = bytes; }
  // Throws ConnectionLost if the connection is broken, or if the whole message is not sent before the deadline.
  void send(std::string_view message, SteadyClock::time_point deadline);
  // Returns the next message, or nothing if it is incomplete at the deadline. Throws ConnectionLost, ForgedMessage.
  std::optional<std::string> receive(SteadyClock::time_point deadline);
  // Whether a part of a message has arrived.
  bool has_bytes() const { return !buffer_.empty(); }

 private:
  std::optional<std::string> take();

  int fd_;
  std::string buffer_;
  size_t longest_ = kLongestMessage;
  std::optional<Seal> seal_;
};

// Connects to a numeric address. Returns the socket, or -1 if the connection fails or takes longer than `limit`.
int connect_to(const std::string& address, int port, std::chrono::milliseconds limit);

}  // namespace hpcai::distributed
