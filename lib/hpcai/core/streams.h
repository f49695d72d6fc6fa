#pragma once

#include <array>
#include <streambuf>
#include <string>

// The descriptors 0, 1 and 2, whatever the caller did with them.
namespace hpcai {

// Opens /dev/null where one of them is closed, so that no file of this program gets its number and takes what was meant for
// it. Writing to a standard output that was closed still fails, as a program that prints data must say so. Call first.
void open_standard_streams();

// Takes the place of std::cout's buffer while it lives, and remembers the first failure of the system.
class StandardOutput : public std::streambuf {
 public:
  explicit StandardOutput(int descriptor = 1);
  ~StandardOutput() override;
  StandardOutput(const StandardOutput&) = delete;
  StandardOutput& operator=(const StandardOutput&) = delete;

  // Writes what is left. Returns 0, or the errno of the first failure. A reader that has gone (EPIPE) is no failure: it has
  // read what it wanted, as in `hpcai-train keys | head`.
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
