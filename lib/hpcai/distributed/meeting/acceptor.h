#pragma once

#include <cstddef>
#include <vector>

#include "hpcai/distributed/meeting/connection.h"

namespace hpcai::distributed {

// Takes new connections off rank 0's listening socket, so that a flood of them takes neither rank 0's time nor its file
// descriptors: after a full batch the acceptor rests for a moment, and the system queues or drops what comes meanwhile. It
// keeps one descriptor in reserve, with which it takes and closes a connection when there is no other left; otherwise that
// connection would stay in front of the queue and wake the server for ever.
class Acceptor {
 public:
  // Takes the listening socket over.
  explicit Acceptor(int listen_fd);
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  int port() const;
  // The socket to poll for new connections; -1, which poll() passes over, while the acceptor rests.
  int socket_to_poll(SteadyClock::time_point now) const { return now < rests_until_ ? -1 : listen_fd_; }

  struct Batch {
    std::vector<int> sockets;         // new connections, the caller's from now on
    bool out_of_descriptors = false;  // the caller should close what it can spare
  };
  // Those that wait now, at most kLargestBatch; none while the acceptor rests.
  Batch take(SteadyClock::time_point now);

  static constexpr size_t kLargestBatch = 32;

 private:
  bool shed_one();
  void open_reserve();

  int listen_fd_, reserve_fd_ = -1;
  SteadyClock::time_point rests_until_{};
};

}  // namespace hpcai::distributed
