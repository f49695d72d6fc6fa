#include <catch2/catch.hpp>

#include <c10/util/Exception.h>
#include <sys/stat.h>

#include <filesystem>
#include <thread>

#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/distributed/meeting/greeting.h"
#include "hpcai/distributed/meeting/key_client.h"
#include "hpcai/distributed/meeting/key_server.h"
#include "hpcai/distributed/world/network.h"
#include "hpcai/distributed/meeting/secret.h"

using namespace hpcai::distributed;
using hpcai::Environment;
using namespace std::chrono_literals;

namespace {

// A server on the loopback, and clients that come to it as other ranks do.
struct Job {
  KeyServer server{listen_on("127.0.0.1", 0), "secret"};

  std::unique_ptr<Connection> knock(const std::string& secret, Greeting* greeting = nullptr) {
    auto connection = std::make_unique<Connection>(connect_to("127.0.0.1", server.port(), 2000ms));
    const Greeting result = greet(*connection, secret, SteadyClock::now() + 10s);
    if (greeting) *greeting = result;
    return connection;
  }
  KeyClient client(std::chrono::milliseconds timeout = 10s) {
    return KeyClient([this] { return knock("secret"); }, timeout);
  }
};

std::vector<uint8_t> bytes(const std::string& text) { return {text.begin(), text.end()}; }

}  // namespace

TEST_CASE("messages are taken off a buffer whole, and only if they can be messages") {
  std::string buffer = framed("one") + framed("") + framed("two").substr(0, 5), message;
  CHECK(take_message(buffer, message));
  CHECK(message == "one");
  CHECK(take_message(buffer, message));
  CHECK(message.empty());
  CHECK_FALSE(take_message(buffer, message));
  buffer += framed("two").substr(5);
  CHECK(take_message(buffer, message));
  CHECK(message == "two");
  buffer = "\xff\xff\xff\xff";
  CHECK_THROWS(take_message(buffer, message));
}

TEST_CASE("fields come back as they were packed, and a short message is refused") {
  const std::string packed = Packer().number(-7).text(std::string("a\0b", 3)).number(INT64_MAX).bytes();
  Unpacker fields(packed);
  CHECK(fields.number() == -7);
  CHECK(fields.text() == std::string("a\0b", 3));
  CHECK(fields.number() == INT64_MAX);
  CHECK(fields.at_end());
  for (size_t size = 0; size < packed.size(); ++size) {
    Unpacker cut(std::string_view(packed).substr(0, size));
    CHECK_THROWS([&] { cut.number(), cut.text(), cut.number(); }());
  }
  CHECK_THROWS(Unpacker(Packer().number(-1).bytes()).text());
}

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

TEST_CASE("who does not know the secret is told so and gets nothing") {
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

TEST_CASE("spare ports are taken where the first is held") {
  const int held = listen_on("127.0.0.1", 0);
  const int port = port_of(held);
  CHECK_THROWS_AS(listen_on("127.0.0.1", port), hpcai::Error);
  const int spare = listen_on("127.0.0.1", port, 15);
  CHECK(port_of(spare) > port);
  CHECK(port_of(spare) <= port + 15);
  close(held);
  close(spare);
}

TEST_CASE("the secret depends on the job and on what the user gives") {
  World world;
  world.job = "slurm 1.0";
  World other = world;
  other.job = "slurm 2.0";
  const Environment given{{"HPCAI_SECRET", "x"}};
  CHECK(job_secret(world, {}) == job_secret(world, {}));
  CHECK(job_secret(world, {}) != job_secret(other, {}));
  CHECK(job_secret(world, given) != job_secret(world, {}));
  CHECK(job_secret(world, given) != job_secret(other, given));
  CHECK(secret_is_guessable(world, {}));
  CHECK_FALSE(secret_is_guessable(world, given));
  world.launcher = "nproc";
  CHECK_FALSE(secret_is_guessable(world, {}));

  const auto file = std::filesystem::temp_directory_path() / ("hpcai-secret-" + std::to_string(getpid()));
  hpcai::write_file(file, "x\n");
  chmod(file.c_str(), 0600);
  CHECK(job_secret(other, {{"HPCAI_SECRET_FILE", file}}) == job_secret(other, given));
  chmod(file.c_str(), 0640);
  CHECK_THROWS_AS(job_secret(other, {{"HPCAI_SECRET_FILE", file}}), hpcai::Error);
  std::filesystem::remove(file);
}
