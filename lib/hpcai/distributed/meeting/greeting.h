#pragma once

#include <string>
#include <string_view>

#include "hpcai/distributed/meeting/connection.h"

// How a rank and rank 0 convince each other that they belong to one job before anything else is said. Both know the job's
// secret. Each sends a random number and proves the secret with an HMAC over both numbers, so a recorded greeting is worth
// nothing:
//
//   rank -> rank 0:  magic, N1
//   rank 0 -> rank:  N2, HMAC(secret, "rank 0" N1 N2)
//   rank -> rank 0:  HMAC(secret, "rank" N1 N2)
//   rank 0 -> rank:  "welcome"
namespace hpcai::distributed {

inline constexpr std::string_view kMagic = "hpcai-train ranks 2\n";
inline constexpr std::string_view kWelcome = "welcome";
inline constexpr size_t kLongestGreeting = 256;

// 32 hex digits from the system. Throws std::runtime_error if it gives none.
std::string random_number();

// What a side ("rank 0" or "rank") sends to prove that it knows the secret.
std::string proof(std::string_view secret, std::string_view side, std::string_view first, std::string_view second);

enum class Greeting {
  welcome,
  silent,    // no answer in time
  closed,    // closed without a word: rank 0 does that while it is flooded with connections, other programs do it too
  stranger,  // what answers is no program of ours
  foreign,   // rank 0 of another job, or of this one with another secret
};

// The rank's side of it. Throws nothing.
Greeting greet(Connection& connection, std::string_view secret, SteadyClock::time_point deadline);

}  // namespace hpcai::distributed
