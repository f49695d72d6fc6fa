#include "hpcai/core/room.h"

#include <fmt/format.h>
#include <sys/statvfs.h>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"

namespace hpcai {
namespace {

// "78.1 GB", "1.28 TB", "7262 TB".
std::string size_text(double bytes) {
  const bool large = bytes >= 1e12;
  const double value = bytes / (large ? 1e12 : 1e9);
  return fmt::format("{} {}", value < 1000 ? fmt::format("{:.3g}", value) : fmt::format("{:.0f}", value), large ? "TB" : "GB");
}

}  // namespace

void require_room(const std::filesystem::path& path, const std::filesystem::path& place, double bytes,
                  const std::string& remedy) {
  struct statvfs system {};
  if (statvfs(place.c_str(), &system) != 0 || system.f_blocks == 0) return;
  const double room = static_cast<double>(system.f_bavail) * static_cast<double>(system.f_frsize);
  if (bytes <= room) return;
  throw Error(
      ExitCode::cannot_write,
      fmt::format("cannot write {}: it needs {}, but only {} are free there", printable(path), size_text(bytes), size_text(room)),
      remedy);
}

}  // namespace hpcai
