#pragma once

#include <functional>

namespace hpcai {

// Whether the system's refusal may be over in a moment: an interrupted network, a disk that somebody makes room on, a limit.
bool may_pass(int error);

// Calls `attempt`, which returns 0 or an errno, up to four times within about a second, as long as its failure may pass.
// Returns the last result.
int attempt(const std::function<int()>& attempt);

}  // namespace hpcai
