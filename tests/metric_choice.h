#pragma once

#include <stdexcept>
#include <string_view>

#include "hpcai/tasks/tasks.h"

namespace hpcai {

// The choice that a config makes by this name.
inline tasks::MetricChoice metric_choice(std::string_view name) {
  for (const auto& [choice, known] : enum_names(tasks::MetricChoice::none)) {
    if (known == name) return choice;
  }
  throw std::invalid_argument("no task has a metric of this name");
}

}  // namespace hpcai
