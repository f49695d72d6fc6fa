#pragma once

#include <cstddef>
#include <vector>

#include "hpcai/distributed/meeting/connection.h"

namespace hpcai::distributed {

// Accepts the new connections of a rank's listening socket. A flood of connections must exhaust neither the rank's time nor its
// file descriptors. The acceptor therefore pauses after a full batch; the kernel queues or drops the connections of that time.
// The acceptor also keeps one descriptor in reserve. When no other descriptor is free, it uses the reserve to accept and close
// the first connection of the queue, which would otherwise wake the server again and again.
class Acceptor {
 public:
  // Takes ownership of the listening socket.
  explicit Acceptor(int listen_fd);
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // Returns the port of the listening socket.
  int port() const;
  // Returns the socket to poll for new connections, or -1 during a pause; poll() ignores -1.
  int socket_to_poll(SteadyClock::time_point now) const { return now < rests_until_ ? -1 : listen_fd_; }

  struct Batch {
    std::vector<int> sockets;         // new connections; the caller owns them
    bool out_of_descriptors = false;  // the caller should close the connections that it can spare
  };
  // Accepts the waiting connections, at most kLargestBatch; none during a pause.
  Batch take(SteadyClock::time_point now);

  static constexpr size_t kLargestBatch = 32;

 private:
  bool shed_one();
  void open_reserve();

  int listen_fd_, reserve_fd_ = -1;
  SteadyClock::time_point rests_until_{};
};

}  // namespace hpcai::distributed
