#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "hpcai/distributed/meeting/greeting.h"
#include "hpcai/distributed/meeting/key_client.h"
#include "hpcai/distributed/meeting/key_server.h"
#include "hpcai/distributed/world/network.h"

namespace hpcai::distributed {

// A server on the loopback, and clients that come to it as other ranks do.
struct Job {
  KeyServer server{listen_on("127.0.0.1", 0), "secret", 4};

  std::unique_ptr<Connection> knock(const std::string& secret, Greeting* greeting = nullptr) {
    auto connection = std::make_unique<Connection>(connect_to("127.0.0.1", server.port(), std::chrono::seconds(2)));
    const Greeting result = greet(*connection, secret, SteadyClock::now() + std::chrono::seconds(10));
    if (greeting) *greeting = result;
    return connection;
  }
  KeyClient client(std::chrono::milliseconds timeout = std::chrono::seconds(10)) {
    return KeyClient([this] { return knock("secret"); }, timeout);
  }
};

}  // namespace hpcai::distributed
