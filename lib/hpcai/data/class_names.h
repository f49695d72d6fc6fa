#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hpcai/config/field.h"

namespace hpcai::data {

// The most classes that data may have. More come from a column or a label that is no class.
inline constexpr int64_t kMostClasses = 100000;

// elliptical, spiral: the labels of simulate/galaxy.h.
std::vector<std::string> galaxy_class_names();

// "0", "1", ... for classes that nobody has named.
std::vector<std::string> numbered_class_names(int64_t count);

// The base of the configs of sources of images that are stored, where names may come from the files or the config.
struct ClassNamesConfig {
  std::vector<std::string> classes;
  int64_t class_count = 0;

  // As far as the config alone says them; otherwise empty.
  std::vector<std::string> stated_names() const { return classes.empty() ? numbered_class_names(class_count) : classes; }

 protected:
  template <class Visitor>
  void describe_classes(Visitor& visitor, std::string_view names_help) {
    visitor.field("classes", classes, {.help = names_help});
    visitor.field("class_count", class_count,
                  {.help = "Number of classes, which the data must have; where no names are given, info needs it. 0 = as many as "
                           "there are.",
                   .min = 0,
                   .max = kMostClasses});
  }
};

// Throws Error{bad_data} if data.class_count is given (not 0) and the data have another number of classes.
void check_class_count(int64_t class_count, const std::vector<std::string>& names);

// Throws Error{usage} if data.classes is given (not empty) and differs from the classes that the network was trained with.
void check_trained_classes(const std::vector<std::string>& classes, const std::vector<std::string>& trained);

}  // namespace hpcai::data
