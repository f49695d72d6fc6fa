#pragma once

#include <string>
#include <string_view>

#include "hpcai/distributed/meeting/connection.h"

// The greeting: a rank and rank 0 prove to each other that they belong to the same job. Both know the job's secret. Each side
// sends a random number, and each proof is an HMAC over both numbers, so a recorded greeting is useless to an attacker:
//
//   rank -> rank 0:  magic, N1
//   rank 0 -> rank:  N2, HMAC(secret, "rank 0" N1 N2)
//   rank -> rank 0:  HMAC(secret, "rank" N1 N2)
//   rank 0 -> rank:  "welcome"
//
// From the welcome on, both sides seal every message (seal.h) with the key HMAC(secret, "session" N1 N2). A program that only
// passes the greeting on cannot compute this key.
namespace hpcai::distributed {

inline constexpr std::string_view kMagic = "hpcai-train ranks 3\n";
inline constexpr std::string_view kWelcome = "welcome";
inline constexpr size_t kLongestGreeting = 256;

// Returns 32 hex digits of random data from the operating system. Throws std::runtime_error if the system call fails.
std::string random_number();

// The proof that `side` ("rank 0" or "rank") sends. `first` and `second` are the two random numbers.
std::string proof(std::string_view secret, std::string_view side, std::string_view first, std::string_view second);
// The seal that the side `own` uses after its proof.
Seal session_seal(std::string_view secret, Seal::End own, std::string_view first, std::string_view second);

enum class Greeting {
  welcome,
  silent,    // no answer before the deadline
  closed,    // closed without an answer: a flooded rank 0 does that, and so do other programs
  stranger,  // the answer is not one of this program
  foreign,   // rank 0 of another job, or of this job with another secret
};

// The rank's side of the greeting, after which the connection is sealed. Returns the result; throws nothing.
Greeting greet(Connection& connection, std::string_view secret, SteadyClock::time_point deadline);

}  // namespace hpcai::distributed
