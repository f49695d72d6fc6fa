#include "machine_info.h"

#include <fmt/format.h>

#include <iostream>
#include <string>

#include "hpcai/core/json.h"
#include "hpcai/runs/environment.h"
#include "hpcai/runs/system/report.h"

namespace hpcai::app {

int tell_machine(bool as_json) {
  const auto info = runs::describe_environment();
  if (as_json) {
    std::cout << json_text(info, 2) << '\n';
  } else {
    print_info(info);
  }
  return 0;
}

int tell_system(bool as_json) {
  const auto facts = runs::gather_system_facts();
  const auto findings = runs::find_misfits(facts);
  std::cout << (as_json ? json_text(runs::to_json(facts, findings), 2) + "\n" : runs::to_text(facts, findings));
  return 0;
}

void print_info(const nlohmann::json& info, int indent) {
  for (const auto& [key, value] : info.items()) {
    if (value.is_object()) {
      std::cout << std::string(static_cast<size_t>(indent), ' ') << key << ":\n";
      print_info(value, indent + 2);
    } else if (key != "layers" && key != "layer_table" && !(value.is_array() && value.empty())) {
      std::cout << fmt::format("{}{:<22} {}\n", std::string(static_cast<size_t>(indent), ' '), key,
                               value.is_string() ? value.get<std::string>() : json_text(value));
    }
  }
}

}  // namespace hpcai::app
