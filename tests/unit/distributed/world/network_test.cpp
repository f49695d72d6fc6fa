#include "hpcai/distributed/world/network.h"

#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "hpcai/core/error.h"

using namespace hpcai::distributed;
using Catch::Matchers::Contains;

TEST_CASE("an interface that does not exist is refused, naming those that do") {
  try {
    addresses_of_interface("ib7");
    FAIL("accepted");
  } catch (const hpcai::Error& error) {
    CHECK(error.code() == hpcai::ExitCode::usage);
    CHECK_THAT(error.remedy(), Contains("lo"));
  }
  CHECK(addresses_of_interface("lo").front() == "127.0.0.1");
  CHECK(source_address("127.0.0.1") == "127.0.0.1");
}

TEST_CASE("an IPv4 address in its IPv6 form is the IPv4 address") {
  CHECK(resolve("::ffff:127.0.0.1") == std::vector<std::string>{"127.0.0.1"});
  CHECK(resolve("[::ffff:10.1.2.3]") == std::vector<std::string>{"10.1.2.3"});
}

TEST_CASE("a port that another program holds is refused at once") {
  const int fd = listen_on("127.0.0.1", 0);
  try {
    listen_on("127.0.0.1", port_of(fd));
    FAIL("listened twice");
  } catch (const hpcai::Error& error) {
    CHECK(error.code() == hpcai::ExitCode::peers_unreachable);
    CHECK_THAT(error.what(), Contains(std::to_string(port_of(fd))) && Contains("another program"));
    CHECK_THAT(error.remedy(), Contains("distributed.port") && Contains("RANK"));
  }
  close(fd);
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

TEST_CASE("addresses of the loopback are known in every notation") {
  for (const char* address : {"127.0.0.1", "127.0.1.1", "127.255.0.9", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1"}) {
    INFO(address);
    CHECK(is_loopback(address));
    CHECK(means_this_host(address));
  }
  for (const char* address :
       {"10.0.0.1", "128.0.0.1", "::2", "::", "0.0.0.0", "fe80::1%eth0", "::ffff:10.0.0.1", "127.example", ""}) {
    INFO(address);
    CHECK_FALSE(is_loopback(address));
  }
  CHECK(is_unspecified("0.0.0.0"));
  CHECK(is_unspecified("::"));
  CHECK_FALSE(is_unspecified("::1"));
  CHECK(is_numeric_address("fe80::1%eth0"));
  CHECK_FALSE(is_numeric_address("localhost"));
}

TEST_CASE("names that mean this host wherever they are used") {
  for (const char* name : {"localhost", "LOCALHOST", "localhost.localdomain", "ip6-localhost", "[::1]", "127.1"}) {
    INFO(name);
    CHECK(means_this_host(name));
    CHECK(std::ranges::all_of(resolve(name), is_loopback));
  }
  // A host's own name leads to the loopback on many hosts, but to the network on all others.
  CHECK_FALSE(means_this_host(host_name()));
  CHECK_FALSE(means_this_host("10.0.0.1"));
  CHECK(resolve("[::1]") == std::vector<std::string>{"::1"});
}

TEST_CASE("a name that nobody knows is refused without its control characters") {
  CHECK_THROWS_WITH(resolve("no such\x1b[2Jhost"), Contains("no such\\x1b[2Jhost"));
}

TEST_CASE("the address for other hosts is none of the loopback where there is a network") {
  const auto own = local_addresses();
  const bool network = !std::ranges::all_of(own, is_loopback);
  CHECK(is_loopback(outward_address()) != network);
  CHECK(std::ranges::count(own, outward_address()) == 1);
}

TEST_CASE("an address that this host does not have is refused with another remedy than a port that is held") {
  try {
    listen_on("192.0.2.1", 0);
    FAIL("listened");
  } catch (const hpcai::Error& error) {
    CHECK_THAT(error.remedy(), Contains("Set MASTER_ADDR"));
  }
}
