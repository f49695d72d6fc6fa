#include "hpcai/config/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <string_view>

#include "hpcai/core/text.h"

namespace hpcai::config {
namespace {

std::string write_number(double value) {
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  std::string text(buffer.data(), end);
  if (text.find('.') == std::string::npos) text.insert(std::min(text.find('e'), text.size()), ".0");
  return text;
}

// Whether every YAML reader reads the text as text.
bool is_plain(const std::string& text) {
  static constexpr std::array<std::string_view, 13> kWords = {"true", "false", "null", "yes", "no",  "on",  "off",
                                                              "y",    "n",     "inf",  "nan", "nil", "none"};
  const auto is_letter = [](char c) { return std::isalpha(static_cast<unsigned char>(c)) && !(c & 0x80); };
  const auto is_safe = [&](char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '/' || c == '.'; };
  if (text.empty() || !(is_letter(text[0]) || text[0] == '/' || text[0] == '_')) return false;
  if (!std::all_of(text.begin(), text.end(), is_safe)) return false;
  return std::find(kWords.begin(), kWords.end(), lower_case(text)) == kWords.end();
}

// Control characters and the line ends of Unicode would not survive in a YAML text.
std::string write_text(const std::string& text) {
  if (is_plain(text)) return text;
  std::string out = "\"";
  for (size_t i = 0; i < text.size(); ++i) {
    const std::string_view rest = std::string_view(text).substr(i);
    const auto byte = static_cast<unsigned char>(text[i]);
    if (text[i] == '"' || text[i] == '\\') {
      out += std::string("\\") + text[i];
    } else if (text[i] == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7F) {
      out += fmt::format("\\x{:02X}", byte);
    } else if (byte == 0xC2 && rest.size() > 1 && static_cast<unsigned char>(rest[1]) < 0xA0) {
      out += fmt::format("\\x{:02X}", static_cast<unsigned char>(rest[1]));
      i += 1;
    } else if (rest.starts_with("\xE2\x80\xA8") || rest.starts_with("\xE2\x80\xA9")) {
      out += rest[2] == '\xA8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else if (rest.starts_with("\xEF\xBB\xBF")) {
      out += "\\uFEFF";
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out + '"';
}

bool is_list_of_sections(const Json& value) {
  return value.is_array() && std::any_of(value.begin(), value.end(), [](const Json& item) { return item.is_object(); });
}

// Lines of a map or of a list of maps, each after `indent` spaces.
void write_block(const Json& value, size_t indent, std::string& out) {
  const std::string space(indent, ' ');
  if (value.is_array()) {
    for (const Json& item : value) {
      if (!item.is_object() || item.empty()) {
        out += fmt::format("{}- {}\n", space, write_flow(item));
        continue;
      }
      const size_t begin = out.size();
      write_block(item, indent + 2, out);
      out[begin + indent] = '-';
    }
    return;
  }
  for (const auto& [name, part] : value.items()) {
    if ((part.is_object() && !part.empty()) || is_list_of_sections(part)) {
      out += fmt::format("{}{}:\n", space, write_text(name));
      write_block(part, indent + 2, out);
    } else {
      out += fmt::format("{}{}: {}\n", space, write_text(name), write_flow(part));
    }
  }
}

}  // namespace

std::string write_yaml(const Json& values) {
  std::string out;
  write_block(values, 0, out);
  return out;
}

std::string write_flow(const Json& value) {
  if (value.is_null()) return "null";
  if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  if (value.is_number_integer()) return fmt::format("{}", value.get<int64_t>());
  if (value.is_number()) return write_number(value.get<double>());
  if (value.is_string()) return write_text(value.get<std::string>());
  std::string out;
  if (value.is_array()) {
    for (const Json& item : value) out += (out.empty() ? "" : ", ") + write_flow(item);
    return "[" + out + "]";
  }
  for (const auto& [name, part] : value.items()) {
    out += fmt::format("{}{}: {}", out.empty() ? "" : ", ", write_text(name), write_flow(part));
  }
  return "{" + out + "}";
}

}  // namespace hpcai::config
