#pragma once

#include <functional>

namespace hpcai {

// Whether an errno may be temporary: an interrupted network, a full disk that a user may empty, a limit.
bool may_pass(int error);

// Calls `attempt`, which returns 0 or an errno, up to four times within about a second while its errno may be temporary. Returns
// the last result.
int attempt(const std::function<int()>& attempt);

}  // namespace hpcai
