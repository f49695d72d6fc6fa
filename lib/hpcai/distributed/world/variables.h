#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hpcai/core/process.h"

namespace hpcai::distributed {

// Typed access to environment variables. An empty variable counts as absent.
class Variables {
 public:
  // The environment must outlive this object.
  explicit Variables(const Environment& environment) : environment_(environment) {}

  std::string text(const std::string& name) const;  // Returns the value; empty if the variable is absent.
  bool has(const std::string& name) const { return !text(name).empty(); }
  // Throws Error{usage} for text that is not a whole number from 0 to 2^32 - 1.
  std::optional<int64_t> number(const std::string& name) const;
  // These return the first of the variables that is set.
  std::optional<int64_t> first_number(const std::vector<const char*>& names) const;
  std::string first_text(const std::vector<const char*>& names) const;

 private:
  const Environment& environment_;
};

// The rank and size that one launcher states, with the names of its variables for messages.
struct Claim {
  std::string rank_name, size_name;
  int rank, size;

  // Text such as "RANK=3 WORLD_SIZE=4".
  std::string words() const;
  bool contradicts(const Claim& other) const { return rank != other.rank || size != other.size; }
};

// Returns nothing if both variables are absent. Throws Error{usage} if one is missing or if the rank does not fit the size.
std::optional<Claim> read_claim(const Variables& variables, const std::string& rank_name, const std::string& size_name);

}  // namespace hpcai::distributed
