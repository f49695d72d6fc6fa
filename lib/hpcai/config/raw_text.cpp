#include "hpcai/config/raw_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "hpcai/config/words.h"
#include "hpcai/core/utf8.h"

namespace hpcai::config {
namespace {

Place at_byte(Place source, std::string_view text, size_t position) {
  if (source.line > 0) {
    source.line = 1 + static_cast<int>(std::count(text.begin(), text.begin() + static_cast<long>(position), '\n'));
  }
  return source;
}

}  // namespace

std::string normalised(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r') {
      out += text[i];
    } else if (i + 1 >= text.size() || text[i + 1] != '\n') {
      out += '\n';
    }
  }
  return out;
}

bool check_bytes(const std::string& text, const Place& source, Problems& problems) {
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    problems.add(source, "the text is UTF-16; save it as UTF-8.");
    return false;
  }
  if (const auto bad = find_invalid_utf8(text)) {
    problems.add(at_byte(source, text, *bad), "a byte here is not valid UTF-8; save the text as UTF-8.");
    return false;
  }
  const auto control = std::find_if(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t' && c != '\n') || byte == 0x7F;
  });
  if (control != text.end()) {
    problems.add(at_byte(source, text, static_cast<size_t>(control - text.begin())),
                 fmt::format("a control character (byte {:#04x}) is not allowed here.", static_cast<int>(*control)));
    return false;
  }
  // yaml-cpp drops any line that starts with %.
  const size_t directive = text.starts_with('%') ? 0 : text.find("\n%");
  if (directive == std::string::npos) return true;
  problems.add(at_byte(source, text, std::min(text.find('%', directive), text.size())),
               "a line must not start with %; YAML directives are not supported.");
  return false;
}

bool is_open_quote(const std::string& text, size_t position) {
  if (position < text.size() && text[position] == '&') {
    position = std::min(text.find_first_of(" \t\n", position), text.size());
    position = std::min(text.find_first_not_of(" \t\n", position), text.size());
  }
  if (position >= text.size() || (text[position] != '"' && text[position] != '\'')) return false;
  const char quote = text[position];
  for (++position; position < text.size(); ++position) {
    if (quote == '"' && text[position] == '\\') {
      ++position;
    } else if (text[position] == quote) {
      // Inside single quotes '' is a quote.
      if (quote == '"' || position + 1 >= text.size() || text[position + 1] != quote) return false;
      ++position;
    }
  }
  return true;
}

bool is_key_without_colon(const std::string& text, size_t position, const std::string& key) {
  if (key.empty() || text.compare(std::min(position, text.size()), key.size(), key) != 0) return false;
  const size_t next = text.find_first_not_of(" \t", position + key.size());
  return next == std::string::npos || text[next] != ':';
}

std::string line_of(const std::string& text, int number) {
  std::istringstream lines(text);
  std::string line;
  for (int i = 0; i <= number && std::getline(lines, line); ++i) {
  }
  return line;
}

}  // namespace hpcai::config
