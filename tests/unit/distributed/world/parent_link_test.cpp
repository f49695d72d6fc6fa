#include "hpcai/distributed/world/parent_link.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

using namespace hpcai::distributed;

namespace {

struct Link {
  Link() { std::tie(parent, rank) = make_parent_link(); }
  ~Link() {
    if (parent >= 0) close(parent);
    close(rank);
  }
  int parent = -1, rank = -1;
};

bool same_file(int a, int b) {
  struct stat first {
  }, second{};
  return fstat(a, &first) == 0 && fstat(b, &second) == 0 && first.st_ino == second.st_ino && first.st_dev == second.st_dev;
}

}  // namespace

TEST_CASE("a report about lost ranks reaches the parent") {
  Link link;
  CHECK_FALSE(receive_report(link.parent));
  send_report(link.rank, {.restarts = 3, .step = 4711, .lost = {2, 5}});
  const auto report = receive_report(link.parent);
  REQUIRE(report);
  CHECK(report->restarts == 3);
  CHECK(report->step == 4711);
  CHECK(report->lost == std::vector<int>{2, 5});
  CHECK_FALSE(receive_report(link.parent));
}

TEST_CASE("the newest call to a meeting reaches a rank, with the socket for rank 0") {
  Link link;
  CHECK_FALSE(is_called(link.rank));
  CHECK_FALSE(is_called(-1));
  const int old_file = open("/dev/null", O_RDONLY), new_file = open("/dev/zero", O_RDONLY);
  send_call(link.parent, {.port = 1, .job = "old", .restarts = 1, .listen_fd = old_file});
  send_call(link.parent, {.port = 2, .job = "new", .restarts = 2, .listen_fd = new_file});
  CHECK(is_called(link.rank));
  const auto call = wait_for_call(link.rank);
  REQUIRE(call);
  CHECK(call->port == 2);
  CHECK(call->job == "new");
  CHECK(call->restarts == 2);
  CHECK(same_file(call->listen_fd, new_file));
  CHECK(fcntl(call->listen_fd, F_GETFD) == FD_CLOEXEC);
  close(call->listen_fd);
  send_call(link.parent, {.port = 3, .job = "without a socket"});
  CHECK(wait_for_call(link.rank)->listen_fd == -1);
  close(old_file);
  close(new_file);
}

TEST_CASE("a rank learns that the parent makes no further meeting, and a message to an ended parent is lost") {
  Link link;
  close(std::exchange(link.parent, -1));
  CHECK(is_called(link.rank));
  CHECK_FALSE(wait_for_call(link.rank));
  send_report(link.rank, {.lost = {1}});
}
