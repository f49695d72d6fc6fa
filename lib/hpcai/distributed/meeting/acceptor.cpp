#include "hpcai/distributed/meeting/acceptor.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "hpcai/distributed/world/network.h"

namespace hpcai::distributed {
namespace {

using namespace std::chrono_literals;

constexpr auto kRestAfterBatch = 10ms;  // limits the rate to 3200 connections a second, about a twentieth of a core
constexpr auto kRestAfterFailure = 100ms;

bool is_lack_of_descriptors(int reason) { return reason == EMFILE || reason == ENFILE; }

}  // namespace

Acceptor::Acceptor(int listen_fd) : listen_fd_(listen_fd) {
  fcntl(listen_fd_, F_SETFL, fcntl(listen_fd_, F_GETFL) | O_NONBLOCK);
  open_reserve();
}

Acceptor::~Acceptor() {
  close(listen_fd_);
  if (reserve_fd_ >= 0) close(reserve_fd_);
}

int Acceptor::port() const { return port_of(listen_fd_); }

void Acceptor::open_reserve() { reserve_fd_ = open("/dev/null", O_RDONLY | O_CLOEXEC); }

// Frees the reserved descriptor, accepts one connection with it, and closes that connection.
bool Acceptor::shed_one() {
  if (reserve_fd_ >= 0) close(std::exchange(reserve_fd_, -1));
  const int fd = accept4(listen_fd_, nullptr, nullptr, SOCK_CLOEXEC);
  if (fd >= 0) close(fd);
  open_reserve();
  return fd >= 0;
}

Acceptor::Batch Acceptor::take(SteadyClock::time_point now) {
  Batch batch;
  if (now < rests_until_) return batch;
  while (batch.sockets.size() < kLargestBatch) {
    const int fd = accept4(listen_fd_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
      batch.sockets.push_back(fd);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return batch;
    } else if (is_lack_of_descriptors(errno)) {
      batch.out_of_descriptors = true;
      for (size_t shed = 0; shed < kLargestBatch && shed_one(); ++shed) continue;
      rests_until_ = now + kRestAfterFailure;
      return batch;
    } else if (errno != EINTR && errno != ECONNABORTED) {  // too little memory, or an unknown error
      rests_until_ = now + kRestAfterFailure;
      return batch;
    }
  }
  rests_until_ = now + kRestAfterBatch;
  return batch;
}

}  // namespace hpcai::distributed
