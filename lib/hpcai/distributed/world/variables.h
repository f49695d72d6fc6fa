#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hpcai/core/process.h"

namespace hpcai::distributed {

// Typed access to environment variables; an empty variable counts as absent.
class Variables {
 public:
  // Keeps a reference to the environment.
  explicit Variables(const Environment& environment) : environment_(environment) {}

  std::string text(const std::string& name) const;
  bool has(const std::string& name) const { return !text(name).empty(); }
  // Throws Error{usage} for text that is no whole number from 0 to 2^32 - 1.
  std::optional<int64_t> number(const std::string& name) const;
  // The first of these variables that is there.
  std::optional<int64_t> first_number(const std::vector<const char*>& names) const;
  std::string first_text(const std::vector<const char*>& names) const;

 private:
  const Environment& environment_;
};

// Rank and size as one launcher states them, and the names of its variables for messages.
struct Claim {
  std::string rank_name, size_name;
  int rank, size;

  // "RANK=3 WORLD_SIZE=4"
  std::string words() const;
  bool contradicts(const Claim& other) const { return rank != other.rank || size != other.size; }
};

// Nothing if both variables are absent. Throws Error{usage} if one is missing or the rank does not fit the size.
std::optional<Claim> read_claim(const Variables& variables, const std::string& rank_name, const std::string& size_name);

}  // namespace hpcai::distributed
