#include "hpcai/config/key_path.h"

namespace hpcai::config {

std::string without_positions(std::string_view key) {
  std::string out;
  bool inside = false;
  for (const char c : key) {
    inside = inside && c != ']';
    if (!inside) out += c;
    inside = inside || c == '[';
  }
  return out;
}

}  // namespace hpcai::config
