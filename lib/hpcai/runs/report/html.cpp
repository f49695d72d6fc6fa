#include "hpcai/runs/report/html.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

#include "hpcai/core/text.h"
#include "hpcai/core/utf8.h"

namespace hpcai::runs::report {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

// What stands for one ASCII character.
std::string_view replaced(const char& character) {
  switch (character) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    case '\n':
    case '\t': return {&character, 1};
    default: break;
  }
  const bool control = static_cast<unsigned char>(character) < 0x20 || character == 0x7f;
  return control ? kReplacement : std::string_view(&character, 1);
}

std::optional<uint32_t> hexadecimal(std::string_view digits) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  uint32_t number = 0;
  for (const char digit : lower_case(digits)) {
    const size_t value = kDigits.find(digit);
    if (value == std::string_view::npos) return std::nullopt;
    number = 16 * number + static_cast<uint32_t>(value);
  }
  return digits.empty() ? std::nullopt : std::optional(number);
}

// The code point that a reference means: "amp", "#38", "#x26".
std::optional<uint32_t> referenced(std::string_view name) {
  constexpr std::pair<std::string_view, char> kNames[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
  for (const auto& [known, character] : kNames) {
    if (name == known) return static_cast<uint32_t>(character);
  }
  if (!name.starts_with('#')) return std::nullopt;
  return name.starts_with("#x") ? hexadecimal(name.substr(2)) : parse_number<uint32_t>(name.substr(1));
}

// 12346 as "12,346".
std::string grouped(double whole) {
  const std::string digits = fmt::format("{:.0f}", whole);
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    const bool after_digit = i > 0 && digits[i - 1] != '-';
    if (after_digit && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::string row_html(const std::vector<std::string>& cells) {
  std::string html = "<tr>";
  for (size_t i = 0; i < cells.size(); ++i) {
    html += i == 0 ? element("th", {{"scope", "row"}}, escaped(cells[i])) : element("td", cells[i]);
  }
  return html + "</tr>\n";
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string html;
  html.reserve(text.size() + text.size() / 8);
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    if (length == 0) {
      html += kReplacement;
    } else if (length == 1) {
      html += replaced(text.front());
    } else {
      html += text.substr(0, length);
    }
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return html;
}

std::string unescaped(std::string_view text) {
  constexpr size_t kLongest = 10;  // "&#x10ffff;"
  std::string out;
  while (!text.empty()) {
    const size_t end = text.front() == '&' ? text.substr(0, kLongest).find(';') : std::string_view::npos;
    const auto point = end == std::string_view::npos ? std::nullopt : referenced(text.substr(1, end - 1));
    if (point) {
      append_utf8(out, *point);
    } else {
      out += text.front();
    }
    text.remove_prefix(point ? end + 1 : 1);
  }
  return out;
}

std::string element(std::string_view name, const Attributes& attributes, std::string_view html) {
  std::string text = fmt::format("<{}", name);
  for (const auto& [attribute, value] : attributes) text += fmt::format(" {}=\"{}\"", attribute, escaped(value));
  return text + fmt::format(">{}</{}>", html, name);
}

std::string element(std::string_view name, std::string_view text) { return element(name, {}, escaped(text)); }

std::string exact(double value) { return std::isfinite(value) ? fmt::format("{}", value) : ""; }

std::string rounded(double value, int digits) {
  if (!std::isfinite(value)) return "";
  const double size = std::abs(value);
  if (size >= std::pow(10.0, digits - 1) && size < 1e15) return grouped(std::round(value));
  return fmt::format("{:.{}g}", value, digits);
}

std::string html_of(const TextTable& table) {
  std::string head;
  for (const std::string& name : table.head) head += element("th", {{"scope", "col"}}, escaped(name));
  std::string body;
  for (const auto& row : table.rows) body += row_html(row);
  const std::string html =
      element("table", {},
              element("caption", table.caption) + element("thead", {}, element("tr", {}, head)) + element("tbody", {}, body));
  return element("div", {{"class", "scroll"}, {"role", "region"}, {"tabindex", "0"}, {"aria-label", table.caption}}, html) + "\n";
}

std::string facts_html(const std::vector<std::pair<std::string, std::string>>& facts) {
  std::string html;
  for (const auto& [name, text] : facts) {
    if (!text.empty()) html += element("div", {}, element("dt", name) + element("dd", text)) + "\n";
  }
  return html.empty() ? "" : element("dl", {{"class", "facts"}}, html) + "\n";
}

std::string folded(std::string_view name, std::string_view title, std::string_view html) {
  return element("details", {{"id", name}}, element("summary", title) + std::string(html)) + "\n";
}

std::string preformatted(std::string_view label, std::string_view text) {
  return element("pre", {{"tabindex", "0"}, {"role", "region"}, {"aria-label", label}}, escaped(text)) + "\n";
}

}  // namespace hpcai::runs::report
