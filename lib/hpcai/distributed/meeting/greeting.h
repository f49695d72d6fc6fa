#pragma once

#include <string>
#include <string_view>

// How two ranks convince each other that they belong to one job before anything else is said. Both know the job's secret;
// each sends a random number and proves the secret with an HMAC over both numbers, so a recorded greeting is worth nothing:
//
//   rank -> rank 0:  magic, N1
//   rank 0 -> rank:  N2, HMAC(secret, "rank 0" N1 N2)
//   rank -> rank 0:  HMAC(secret, "rank" N1 N2)
//   rank 0 -> rank:  "welcome"
namespace hpcai::distributed {

inline constexpr std::string_view kMagic = "hpcai-train ranks 1\n";
inline constexpr std::string_view kWelcome = "welcome";
inline constexpr size_t kLongestGreeting = 256;

// 32 hex digits from the system. Throws std::runtime_error if it gives none.
std::string random_number();
std::string proof(std::string_view secret, std::string_view who, std::string_view first, std::string_view second);

}  // namespace hpcai::distributed
