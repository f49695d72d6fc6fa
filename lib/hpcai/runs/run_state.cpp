#include "hpcai/runs/run_state.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <sstream>
#include <vector>

#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/text.h"
#include "hpcai/core/utc_time.h"

namespace hpcai::runs {
namespace {

constexpr std::time_t kSilence = 600;  // seconds; longer than most evaluations, during which no status is written

std::string text_at(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

// Returns the number in the line "name number" of a file of /proc.
std::optional<int64_t> number_in(const std::string& text, const std::string& name) {
  const size_t begin = text.find(name + " ");
  if (begin == std::string::npos) return std::nullopt;
  std::string_view rest = std::string_view(text).substr(begin + name.size() + 1);
  return take_number<int64_t>(rest);
}

// Returns the start of a process in seconds since 1970, from /proc (proc(5)); nothing if there is no such process.
std::optional<std::time_t> start_of(int64_t process) {
  constexpr size_t kLimit = 1 << 24;
  constexpr int kFieldsBefore = 20;  // "starttime" is field 22 of stat, and two fields stand before the last bracket
  try {
    const std::string stat = read_file(fmt::format("/proc/{}/stat", process), kLimit);
    const auto boot = number_in(read_file("/proc/stat", kLimit), "btime");
    std::istringstream fields(stat.substr(std::min(stat.rfind(')') + 1, stat.size())));
    std::string field;
    for (int i = 0; i < kFieldsBefore; ++i) fields >> field;
    const auto ticks = parse_number<int64_t>(field);
    if (!boot || !ticks) return std::nullopt;
    return *boot + *ticks / sysconf(_SC_CLK_TCK);
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::string own_host() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

}  // namespace

bool process_lives(int64_t process, std::time_t time) {
  constexpr std::time_t kSlack = 2;  // the two clocks count in seconds
  const auto start = start_of(process);
  return start && *start <= time + kSlack;
}

RunState state_of(const nlohmann::json& status, const nlohmann::json& summary, std::time_t now, const std::string& host) {
  RunState state;
  state.name = text_at(status, "status");
  if (state.name.empty()) state.name = text_at(summary, "status");
  if (state.name.empty()) return {};
  if (!state.lives()) return state;
  const std::string its_host = text_at(status, "host"), time = text_at(status, "time");
  const auto written = parse_utc(time);
  const auto process = status.find("process");
  if (!written || process == status.end() || !process->is_number_integer()) return {"unknown", "status.json is incomplete"};
  if (its_host == host) {
    if (process_lives(process->get<int64_t>(), *written)) return state;
    return {"killed", fmt::format("process {} on {} is gone; it wrote its last status at {}", process->get<int64_t>(),
                                  printable(its_host), time)};
  }
  if (now - *written <= kSilence) return state;
  return {"silent",
          fmt::format("process {} on {} has written no status since {}", process->get<int64_t>(), printable(its_host), time)};
}

RunState state_of(const nlohmann::json& status, const nlohmann::json& summary) {
  static const std::string host = own_host();
  return state_of(status, summary, std::time(nullptr), host);
}

}  // namespace hpcai::runs
