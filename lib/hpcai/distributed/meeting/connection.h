#pragma once

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace hpcai::distributed {

using SteadyClock = std::chrono::steady_clock;

// The other side of a connection has gone, or does not take what it is sent.
class ConnectionLost : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// One end of a connection that carries whole messages (wire.h). Owns the socket; for one thread at a time.
class Connection {
 public:
  explicit Connection(int fd);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int fd() const { return fd_; }
  // Throws ConnectionLost, also when the other side has not taken the message by then.
  void send(std::string_view message, SteadyClock::time_point deadline);
  // Nothing if no whole message has come by then. Throws ConnectionLost.
  std::optional<std::string> receive(SteadyClock::time_point deadline);
  // Whether something has come that is no whole message yet.
  bool has_bytes() const { return !buffer_.empty(); }

 private:
  int fd_;
  std::string buffer_;
};

// Connects to a numeric address; -1 if nothing answers within the limit.
int connect_to(const std::string& address, int port, std::chrono::milliseconds limit);

}  // namespace hpcai::distributed
