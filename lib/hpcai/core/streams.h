#pragma once

#include <array>
#include <streambuf>
#include <string>

// The standard streams, descriptors 0, 1 and 2, in the state in which the caller has left them.
namespace hpcai {

// Opens /dev/null for each of them that is closed, so that a file of this program cannot get its number and receive its text.
// Writing to a standard output that was closed still fails, so a program that prints data can report it. Call it first in main().
void open_standard_streams();

// Replaces std::cout's buffer for its lifetime and keeps the first error of the system.
class StandardOutput : public std::streambuf {
 public:
  // `descriptor` stays open and belongs to the caller.
  explicit StandardOutput(int descriptor = 1);
  ~StandardOutput() override;
  StandardOutput(const StandardOutput&) = delete;
  StandardOutput& operator=(const StandardOutput&) = delete;

  // Writes the remaining bytes. Returns 0, or the errno of the first failure. A closed pipe (EPIPE) is no failure: the reader has
  // read what it needs, as in `hpcai-train keys | head`.
  int finish();

 protected:
  int_type overflow(int_type character) override;
  int sync() override;

 private:
  std::array<char, 1 << 16> buffer_;
  int descriptor_;
  int error_ = 0;
  std::streambuf* before_;
};

}  // namespace hpcai
