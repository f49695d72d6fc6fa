#include "hpcai/distributed/meeting/secret.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/sha256.h"

namespace hpcai::distributed {
namespace {

constexpr const char* kVariable = "HPCAI_SECRET";
constexpr const char* kFileVariable = "HPCAI_SECRET_FILE";

std::string value_of(const Environment& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? "" : found->second;
}

std::string read_secret(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    throw Error(ExitCode::missing_input, fmt::format("{}: cannot read {}: {}", kFileVariable, path, std::strerror(errno)),
                "Name a file of mode 0600 that all ranks can read, or unset the variable.");
  }
  if (!S_ISREG(status.st_mode)) {
    throw Error(ExitCode::usage, fmt::format("{}: {} is not a file", kFileVariable, path),
                "Name a file of mode 0600 with random bytes.");
  }
  if ((status.st_mode & 077) != 0) {
    throw Error(ExitCode::usage, fmt::format("{}: other users may read or change {}", kFileVariable, path),
                fmt::format("Make it private: chmod 600 {}", path));
  }
  std::string text = read_file(path);
  text.erase(text.find_last_not_of(" \t\r\n") + 1);  // the shell does the same when it sets a variable from a file
  if (text.empty()) {
    throw Error(ExitCode::usage, fmt::format("{}: {} is empty", kFileVariable, path),
                fmt::format("Fill it with random bytes: head -c 32 /dev/urandom > {}", path));
  }
  return text;
}

}  // namespace

std::string job_secret(const World& world, const Environment& environment) {
  std::string given = value_of(environment, kVariable);
  if (const std::string path = value_of(environment, kFileVariable); given.empty() && !path.empty()) given = read_secret(path);
  return hmac_sha256(given, fmt::format("hpcai-train/{}/{}", getuid(), world.job));
}

bool secret_is_guessable(const World& world, const Environment& environment) {
  return world.launcher != "nproc" && value_of(environment, kVariable).empty() && value_of(environment, kFileVariable).empty();
}

}  // namespace hpcai::distributed
