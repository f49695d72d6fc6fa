#include "hpcai/distributed/meeting/key_server.h"

#include <c10/util/Exception.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "hpcai/distributed/meeting/key_protocol.h"
#include "job.h"

using namespace hpcai::distributed;
using namespace std::chrono_literals;

namespace {

std::vector<uint8_t> bytes(const std::string& text) { return {text.begin(), text.end()}; }

std::string sign_of_life(int rank) {
  Packer sign;
  pack_status(sign.number(static_cast<int64_t>(Request::beat)).number(rank), {});
  return sign.number(0).bytes();
}

}  // namespace

TEST_CASE("keys behave as c10d wants them") {
  Job job;
  auto client = job.client(), other = job.client();
  client.set("a", bytes("1"));
  CHECK(other.get("a") == bytes("1"));
  CHECK(other.check({"a"}));
  CHECK_FALSE(other.check({"a", "b"}));
  CHECK(client.add("n", 3) == 3);
  CHECK(other.add("n", -5) == -2);
  CHECK(client.get("n") == bytes("-2"));
  CHECK(client.compareSet("c", bytes(""), bytes("new")) == bytes("new"));
  CHECK(client.compareSet("c", bytes("old"), bytes("newer")) == bytes("new"));
  CHECK(client.compareSet("c", bytes("new"), bytes("newer")) == bytes("newer"));
  CHECK(client.compareSet("none", bytes("x"), bytes("y")) == bytes("x"));
  CHECK_FALSE(client.check({"none"}));
  CHECK(client.getNumKeys() == 3);
  CHECK(client.deleteKey("a"));
  CHECK_FALSE(client.deleteKey("a"));
  const std::vector<uint8_t> large(5'000'000, 17);
  client.set("large", large);
  CHECK(other.get("large") == large);
  CHECK(static_cast<KeyClient&>(*client.clone()).check({"large"}));
}

TEST_CASE("waiting for a key ends when it comes, or when the time is over") {
  Job job;
  auto client = job.client(), other = job.client();
  std::thread later([&] {
    std::this_thread::sleep_for(50ms);
    other.set("late", bytes("here"));
  });
  CHECK(client.get("late") == bytes("here"));
  later.join();
  CHECK_THROWS_AS(client.wait({"never"}, 50ms), c10::DistStoreError);
  CHECK(client.get("late") == bytes("here"));  // the connection is still good
}

TEST_CASE("a client whose server has gone says so at once") {
  auto job = std::make_unique<Job>();
  auto client = job->client();
  client.set("a", bytes("1"));
  std::thread end([&] {
    std::this_thread::sleep_for(50ms);
    job.reset();
  });
  CHECK_THROWS_AS(client.wait({"never"}, 60'000ms), c10::DistStoreError);
  end.join();
  CHECK_THROWS_AS(client.get("a"), c10::DistStoreError);
}

TEST_CASE("a client that does not know the secret is told so and gets nothing") {
  Job job;
  Greeting greeting{};
  job.knock("wrong", &greeting);
  CHECK(greeting == Greeting::foreign);
  job.knock("secret", &greeting);
  CHECK(greeting == Greeting::welcome);

  // Requests before the greeting, and a wrong proof.
  for (const std::string& message : {Packer().number(0).text("a").text("1").bytes(), Packer().text("hello").bytes()}) {
    Connection connection(connect_to("127.0.0.1", job.server.port(), 2000ms));
    connection.send(message, SteadyClock::now() + 5s);
    CHECK_THROWS_AS(connection.receive(SteadyClock::now() + 10s), ConnectionLost);
  }
  Connection connection(connect_to("127.0.0.1", job.server.port(), 2000ms));
  connection.send(Packer().text(kMagic).text("1").bytes(), SteadyClock::now() + 5s);
  CHECK(connection.receive(SteadyClock::now() + 10s));
  connection.send(Packer().text(proof("wrong", "rank", "1", "2")).bytes(), SteadyClock::now() + 5s);
  CHECK_THROWS_AS(connection.receive(SteadyClock::now() + 10s), ConnectionLost);
  CHECK_FALSE(job.client().check({"a"}));
}

TEST_CASE("messages of a known client that make no sense end its connection, and only that") {
  Job job;
  const auto deadline = SteadyClock::now() + 10s;
  const std::vector<std::string> senseless{
      "",
      Packer().number(-1).bytes(),
      Packer().number(999).bytes(),
      Packer().number(static_cast<int64_t>(Request::beat)).number(2).bytes(),
      sign_of_life(4),
      sign_of_life(-1),
      Packer().number(static_cast<int64_t>(Request::farewell)).number(1 << 30).number(0).bytes(),
      Packer().number(static_cast<int64_t>(Request::wait)).number(5).number(INT64_MAX).bytes(),
      Packer().number(static_cast<int64_t>(Request::check)).number(INT64_MAX).bytes()};
  for (const std::string& message : senseless) {
    const auto connection = job.knock("secret");
    connection->send(message, deadline);
    CHECK_THROWS_AS(connection->receive(deadline), ConnectionLost);
  }
  // A time limit beyond all sense is only long.
  const auto waiting = job.knock("secret");
  Packer wait;
  wait.number(static_cast<int64_t>(Request::wait)).number(INT64_MAX).number(1).text("soon");
  waiting->send(wait.bytes(), deadline);
  job.client().set("soon", bytes("here"));
  CHECK(waiting->receive(deadline));
}

TEST_CASE("a flood of silent connections costs a limited number of descriptors, and ranks are greeted meanwhile") {
  Job job;
  auto early = job.client();
  early.set("a", bytes("1"));
  std::vector<int> flood;
  for (int i = 0; i < 600; ++i) flood.push_back(connect_to("127.0.0.1", job.server.port(), 2000ms));
  CHECK(early.get("a") == bytes("1"));
  Greeting greeting{};
  for (int attempt = 0; attempt < 20 && greeting != Greeting::welcome; ++attempt) job.knock("secret", &greeting);
  CHECK(greeting == Greeting::welcome);
  for (const int fd : flood) {
    if (fd >= 0) close(fd);
  }
}
