#pragma once

#include <string>
#include <vector>

namespace hpcai::data {

// The files whose names fit a pattern as shells have it, such as "train-*.h5", in the order of their bytes. Of PATTERN:GROUP the
// group is appended to each name. A name without *, ? and [, or of a file that exists, means itself and is not looked for. Throws
// Error{missing_input}, with what may have been meant, if no name fits.
std::vector<std::string> files_of(const std::string& pattern);

}  // namespace hpcai::data
