#include "hpcai/distributed/world/variables.h"

#include <fmt/format.h>

#include <limits>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"

namespace hpcai::distributed {

std::string Variables::text(const std::string& name) const {
  const auto found = environment_.find(name);
  return found == environment_.end() ? "" : found->second;
}

std::optional<int64_t> Variables::number(const std::string& name) const {
  const std::string value = text(name);
  if (value.empty()) return std::nullopt;
  const auto number = parse_number<uint32_t>(value);
  if (!number)
    throw Error(ExitCode::usage, fmt::format("environment: {}=\"{}\" is not a number", name, printable(value, 60)),
                fmt::format("Set {} to a whole number, or unset it.", name));
  return *number;
}

std::optional<int64_t> Variables::first_number(const std::vector<const char*>& names) const {
  for (const char* name : names) {
    if (const auto found = number(name)) return found;
  }
  return std::nullopt;
}

std::string Variables::first_text(const std::vector<const char*>& names) const {
  for (const char* name : names) {
    if (has(name)) return text(name);
  }
  return "";
}

std::string Claim::words() const { return fmt::format("{}={} {}={}", rank_name, rank, size_name, size); }

std::optional<Claim> read_claim(const Variables& variables, const std::string& rank_name, const std::string& size_name) {
  const auto rank = variables.number(rank_name), size = variables.number(size_name);
  if (!rank && !size) return std::nullopt;
  if (!rank || !size) {
    const auto& there = rank ? rank_name : size_name;
    const auto& missing = rank ? size_name : rank_name;
    throw Error(ExitCode::usage, fmt::format("environment: {} is set, but {} is not", there, missing),
                fmt::format("Set both, or unset {} for a run of one rank.", there));
  }
  const bool fits = *size >= 1 && *rank < *size && *size <= std::numeric_limits<int>::max();
  if (!fits) {
    throw Error(
        ExitCode::usage,
        fmt::format("environment: {}={} {}={} is impossible: ranks count from 0 to size - 1", rank_name, *rank, size_name, *size),
        fmt::format("Number the ranks from 0 and give each the number of all ranks in {}, at least 1. Unset both for a "
                    "run of one rank.",
                    size_name));
  }
  return Claim{rank_name, size_name, static_cast<int>(*rank), static_cast<int>(*size)};
}

}  // namespace hpcai::distributed
