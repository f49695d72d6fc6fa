#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fuzz {

// A reader of untrusted bytes. `read` may return, or throw hpcai::Error with any code but `internal`. Everything else is a fault:
// another exception, a signal, a report of a sanitizer, and an input that takes too long.
struct Target {
  std::string_view name;
  void (*read)(std::string_view bytes);
  std::vector<std::string> (*seeds)();  // sound inputs, from which mutations start
};

inline constexpr unsigned kLongest_s = 30;       // of processor time, which is the same on a busy machine
inline constexpr unsigned kLongestWait_s = 120;  // of a reader that hangs without computing

std::span<const Target> targets();

// The folder in which the targets write their files.
const std::string& scratch();
void remove_scratch();

}  // namespace fuzz
