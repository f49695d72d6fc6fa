#include "hpcai/distributed/meeting/seal.h"

#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "hpcai/core/sha256.h"
#include "hpcai/distributed/meeting/key_protocol.h"
#include "job.h"

using namespace hpcai::distributed;
using namespace std::chrono_literals;
using End = Seal::End;

namespace {

std::string number_request(const std::string& key) {
  return Packer().number(static_cast<int64_t>(Request::add)).text(key).number(1).bytes();
}

}  // namespace

TEST_CASE("seal: each end opens what the other end has sealed, in its order") {
  Seal rank("key", End::rank), rank0("key", End::rank0);
  for (const std::string& message : {std::string("one"), std::string(), std::string("two\0three", 9)}) {
    CHECK(rank0.opened(rank.sealed(message)) == message);
    CHECK(rank.opened(rank0.sealed(message)) == message);
  }
  CHECK(Seal("key", End::rank).sealed("one") == "one" + hpcai::hmac_sha256("key", "rank/0/one").substr(0, 32));
}

TEST_CASE("seal: an altered, repeated, reordered, missing or returned message is refused, and so is another key") {
  Seal rank("key", End::rank);
  const std::string first = rank.sealed("first"), second = rank.sealed("second");
  const auto fresh = [] { return Seal("key", End::rank0); };
  for (size_t i = 0; i < first.size(); ++i) {
    std::string altered = first;
    altered[i] = static_cast<char>(altered[i] ^ 1);
    CHECK_FALSE(fresh().opened(altered));
    CHECK_FALSE(fresh().opened(first.substr(0, i)));
  }
  CHECK_FALSE(fresh().opened(first + "0"));
  CHECK_FALSE(fresh().opened(second));
  CHECK_FALSE(Seal("another", End::rank0).opened(first));
  CHECK_FALSE(Seal("key", End::rank).opened(first));  // returned to its sender
  Seal rank0 = fresh();
  CHECK(rank0.opened(first));
  CHECK_FALSE(rank0.opened(first));
  CHECK(rank0.opened(second) == "second");  // a refused message changes nothing
}

TEST_CASE("seal: after the greeting the server takes no message without its seal") {
  Job job;
  const auto deadline = SteadyClock::now() + 10s;
  const auto greeted = job.knock("secret");
  greeted->send(number_request("n"), deadline);
  CHECK(greeted->receive(deadline));
  const std::string forged = framed(number_request("n"));
  CHECK(send(greeted->fd(), forged.data(), forged.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(forged.size()));
  CHECK_THROWS_AS(greeted->receive(deadline), ConnectionLost);
  CHECK(job.client().add("n", 0) == 1);
}

TEST_CASE("seal: a rank takes no message that rank 0 has not sealed") {
  int ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  Connection rank(ends[0]), other(ends[1]);
  rank.seal_with({"key", End::rank});
  const auto deadline = SteadyClock::now() + 10s;
  Seal rank0("key", End::rank0);
  other.send(rank0.sealed("true"), deadline);
  other.send(Packer().number(static_cast<int64_t>(Reply::end_reason)).number(69).text("forged").text("").bytes(), deadline);
  CHECK(rank.receive(deadline) == "true");
  CHECK_THROWS_AS(rank.receive(deadline), ForgedMessage);
}
