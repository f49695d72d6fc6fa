#include "hpcai/runs/status_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <unistd.h>

#include <ctime>
#include <nlohmann/json.hpp>
#include <string>

#include "hpcai/core/json.h"
#include "hpcai/core/utc_time.h"
#include "hpcai/distributed/world/network.h"

namespace hpcai::runs {
namespace {

constexpr std::chrono::seconds kInterval{5};

// Makes one attempt without fsync: a crash of the machine ends the run, so the status is then wrong anyway.
bool write_once(const std::filesystem::path& path, const std::string& text) {
  const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor < 0) return false;
  const bool whole = ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  return close(descriptor) == 0 && whole;
}

}  // namespace

void StatusFile::write(nlohmann::json content) {
  next_ = Clock::now() + kInterval;
  if (!folder_.in_place()) return;
  content["time"] = utc_text(std::time(nullptr));
  content["host"] = distributed::host_name();
  content["process"] = getpid();
  const std::filesystem::path temporary = path_.string() + fmt::format(".tmp-{}", getpid());
  const bool whole = write_once(temporary, json_text(content, 2) + "\n");
  if (!whole || rename(temporary.c_str(), path_.c_str()) != 0) unlink(temporary.c_str());
}

}  // namespace hpcai::runs
