#pragma once

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace hpcai::distributed {

using SteadyClock = std::chrono::steady_clock;

// The other side has gone, or does not take what it is sent.
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
  // Throws ConnectionLost, also when the other side has not taken it by then.
  void send(std::string_view message, SteadyClock::time_point deadline);
  // Nothing if none has come by then. Throws ConnectionLost.
  std::optional<std::string> receive(SteadyClock::time_point deadline);

 private:
  int fd_;
  std::string buffer_;
};

// Connects to a numeric address; -1 if nothing answers within the limit.
int connect_to(const std::string& address, int port, std::chrono::milliseconds limit);

enum class Greeting {
  welcome,
  silent,    // no answer in time
  stranger,  // what answers is no program of ours
  foreign,   // rank 0 of another job, or of this one with another secret
};

// Proves to rank 0 that this process knows the job's secret, and asks the same of rank 0 (greeting.h).
Greeting greet(Connection& connection, std::string_view secret, SteadyClock::time_point deadline);

}  // namespace hpcai::distributed
