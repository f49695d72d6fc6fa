#pragma once

#include <cstddef>
#include <filesystem>

namespace hpcai {

// The name of a temporary file, which is removed with this object, and before a signal ends this process. It covers SIGHUP,
// SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2 and SIGXCPU, each as long as the program does not ignore or handle it itself. The
// file need not exist.
class TemporaryName {
 public:
  explicit TemporaryName(std::filesystem::path path);
  ~TemporaryName();
  TemporaryName(const TemporaryName&) = delete;
  TemporaryName& operator=(const TemporaryName&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  size_t slot_;
};

}  // namespace hpcai
