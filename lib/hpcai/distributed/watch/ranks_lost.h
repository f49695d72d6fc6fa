#pragma once

#include <string>
#include <utility>
#include <vector>

#include "hpcai/core/error.h"

namespace hpcai::distributed {

// An Error{peers_unreachable} or Error{hang} about other ranks, after which this rank can exchange nothing with its group.
class RanksLost : public Error {
 public:
  // `ranks`: those that crashed, are unreachable or hang; empty if the ranks have ended by themselves, for example with an error.
  RanksLost(ExitCode code, const std::string& what, std::string remedy, std::vector<int> ranks)
      : Error(code, what, std::move(remedy)), ranks_(std::move(ranks)) {}

  const std::vector<int>& ranks() const { return ranks_; }

 private:
  std::vector<int> ranks_;
};

}  // namespace hpcai::distributed
