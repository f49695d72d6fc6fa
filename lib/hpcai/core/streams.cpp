#include "hpcai/core/streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <iostream>

namespace hpcai {

void open_standard_streams() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(descriptor, F_GETFD) != -1 || errno != EBADF) continue;
    // open() returns the lowest free number, which is this one. Read-only: a write to it fails with EBADF.
    const int mode = descriptor == STDERR_FILENO ? O_WRONLY : O_RDONLY;
    const int opened = open("/dev/null", mode);
    if (opened >= 0 && opened != descriptor) {
      dup2(opened, descriptor);
      close(opened);
    }
  }
}

StandardOutput::StandardOutput(int descriptor) : descriptor_(descriptor), before_(std::cout.rdbuf(this)) {
  setp(buffer_.data(), buffer_.data() + buffer_.size());
  if (isatty(descriptor) != 0) std::cout << std::unitbuf;  // then the order of both streams on a terminal is that of the program
}

StandardOutput::~StandardOutput() {
  sync();
  std::cout << std::nounitbuf;
  std::cout.rdbuf(before_);
}

int StandardOutput::sync() {
  const char* from = pbase();
  while (from < pptr() && error_ == 0) {
    const ssize_t written = write(descriptor_, from, static_cast<size_t>(pptr() - from));
    if (written >= 0) {
      from += written;
    } else if (errno != EINTR) {
      error_ = errno;
    }
  }
  setp(buffer_.data(), buffer_.data() + buffer_.size());
  return error_ == 0 ? 0 : -1;
}

StandardOutput::int_type StandardOutput::overflow(int_type character) {
  if (sync() != 0) return traits_type::eof();
  if (!traits_type::eq_int_type(character, traits_type::eof())) sputc(traits_type::to_char_type(character));
  return traits_type::not_eof(character);
}

int StandardOutput::finish() {
  sync();
  // Network file systems report a full disk when a descriptor of the file is closed.
  if (error_ == 0) {
    const int copy = dup(descriptor_);
    if (copy >= 0 && close(copy) != 0 && errno != EINTR) error_ = errno;
  }
  return error_ == EPIPE ? 0 : error_;
}

}  // namespace hpcai
