#include <iostream>

#include "commands.h"
#include "hpcai/core/json.h"

namespace hpcai::app {

void print_report(const nlohmann::json& report, bool as_json, const std::function<void()>& print_text) {
  if (!as_json) return print_text();
  std::cout << json_text(report, 2) << '\n';
}

}  // namespace hpcai::app
