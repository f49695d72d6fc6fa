#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hpcai::data {

// elliptical, spiral: the labels of simulate/galaxy.h.
std::vector<std::string> galaxy_class_names();

// "0", "1", ... for classes that nobody has named.
std::vector<std::string> numbered_class_names(int64_t count);

}  // namespace hpcai::data
