#include "hpcai/data/class_names.h"

#include "hpcai/simulate/galaxy_object.h"

namespace hpcai::data {

std::vector<std::string> galaxy_class_names() {
  static_assert(simulate::kElliptical == 0 && simulate::kSpiral == 1);
  return {"elliptical", "spiral"};
}

std::vector<std::string> numbered_class_names(int64_t count) {
  std::vector<std::string> names;
  for (int64_t i = 0; i < count; ++i) names.push_back(std::to_string(i));
  return names;
}

}  // namespace hpcai::data
