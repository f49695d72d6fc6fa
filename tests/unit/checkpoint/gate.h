#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "hpcai/checkpoint/checkpoints.h"
#include "scratch.h"

namespace hpcai::checkpoint {

// A disk that hangs until open() is called: each write of a checkpoint first makes a file durable, and here that file is a pipe
// without a reader.
class Gate {
 public:
  explicit Gate(Checkpoints& checkpoints) {
    REQUIRE(mkfifo(pipe_.c_str(), 0600) == 0);
    checkpoints.sync_first(pipe_);
  }
  ~Gate() {
    open();
    ::close(reader_);
  }
  void open() {
    if (reader_ < 0) reader_ = ::open(pipe_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  }

 private:
  Scratch scratch_;
  std::filesystem::path pipe_ = scratch_ / "pipe";
  int reader_ = -1;
};

// Waits until `condition` holds, for at most 20 s.
template <class Condition>
bool comes_true(const Condition& condition) {
  const auto end = Unsaved::Clock::now() + std::chrono::seconds(20);
  while (!condition() && Unsaved::Clock::now() < end) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  return condition();
}

}  // namespace hpcai::checkpoint
