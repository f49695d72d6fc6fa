#include "hpcai/data/class_names.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
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

void check_class_count(int64_t class_count, const std::vector<std::string>& names) {
  const auto found = static_cast<int64_t>(names.size());
  if (class_count == 0 || class_count == found) return;
  throw Error(ExitCode::bad_data,
              fmt::format("data.class_count is {}, but the training data have {} classes", class_count, found),
              "Correct data.class_count, or leave it out.");
}

void check_trained_classes(const std::vector<std::string>& classes, const std::vector<std::string>& trained) {
  if (classes.empty() || classes == trained) return;
  auto list = [](const std::vector<std::string>& names) { return printable(fmt::format("[{}]", fmt::join(names, ", ")), 200); };
  throw Error(ExitCode::usage,
              fmt::format("data.classes is {}, but the network was trained with {}", list(classes), list(trained)),
              "Leave data.classes out: class names and their order belong to the trained network.");
}

}  // namespace hpcai::data
