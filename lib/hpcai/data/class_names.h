#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hpcai::data {

// elliptical, spiral: the labels of simulate/galaxy.h.
std::vector<std::string> galaxy_class_names();

// "0", "1", ... for classes that nobody has named.
std::vector<std::string> numbered_class_names(int64_t count);

// Throws Error{bad_data} if data.class_count is given (not 0) and the data have another number of classes.
void check_class_count(int64_t class_count, const std::vector<std::string>& names);

// Throws Error{usage} if data.classes is given (not empty) and differs from the classes that the network was trained with.
void check_trained_classes(const std::vector<std::string>& classes, const std::vector<std::string>& trained);

}  // namespace hpcai::data
