#include "hpcai/distributed/meeting/acceptor.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <thread>

#include "hpcai/distributed/world/network.h"

using namespace hpcai::distributed;
using namespace std::chrono_literals;

namespace {

std::vector<int> connect_many(int port, int count) {
  std::vector<int> fds;
  for (int i = 0; i < count; ++i) fds.push_back(connect_to("127.0.0.1", port, 2000ms));
  return fds;
}

void close_all(const std::vector<int>& fds) {
  for (const int fd : fds) close(fd);
}

// Lets this process open no further file while it lives.
class NoDescriptors {
 public:
  NoDescriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit low = before_;
    low.rlim_cur = 200;
    setrlimit(RLIMIT_NOFILE, &low);
    for (int fd; (fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;) used_.push_back(fd);
  }
  ~NoDescriptors() {
    close_all(used_);
    setrlimit(RLIMIT_NOFILE, &before_);
  }

 private:
  rlimit before_{};
  std::vector<int> used_;
};

}  // namespace

TEST_CASE("after a full batch the acceptor rests, so that a flood takes it no more than a part of the time") {
  Acceptor acceptor(listen_on("127.0.0.1", 0));
  const auto flood = connect_many(acceptor.port(), 80);
  auto now = SteadyClock::now();
  size_t taken = 0;
  for (int round = 0; round < 100 && taken < flood.size(); ++round) {
    CHECK(acceptor.socket_to_poll(now) >= 0);
    const auto batch = acceptor.take(now);
    CHECK(batch.sockets.size() <= Acceptor::kLargestBatch);
    taken += batch.sockets.size();
    close_all(batch.sockets);
    if (batch.sockets.size() == Acceptor::kLargestBatch) {
      CHECK(acceptor.socket_to_poll(now) == -1);
      CHECK(acceptor.take(now).sockets.empty());
      now += 10ms;
    }
  }
  CHECK(taken == flood.size());
  close_all(flood);
}

TEST_CASE("without descriptors the acceptor closes what waits, instead of being woken by it for ever") {
  Acceptor acceptor(listen_on("127.0.0.1", 0));
  const auto flood = connect_many(acceptor.port(), 10);
  const auto now = SteadyClock::now();
  {
    const NoDescriptors none;
    const auto batch = acceptor.take(now);
    CHECK(batch.out_of_descriptors);
    CHECK(batch.sockets.empty());
    CHECK(acceptor.socket_to_poll(now) == -1);
    CHECK(acceptor.socket_to_poll(now + 200ms) >= 0);
  }
  for (const int fd : flood) {
    char byte = 0;
    CHECK(read(fd, &byte, 1) <= 0);
  }
  // With descriptors again, connections are taken as before.
  const auto later = connect_many(acceptor.port(), 1);
  const auto batch = acceptor.take(now + 1s);
  CHECK(batch.sockets.size() == 1);
  close_all(batch.sockets);
  close_all(later);
  close_all(flood);
}
