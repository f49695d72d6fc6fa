#include "hpcai/config/keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "hpcai/config/nearest_keys.h"
#include "hpcai/config/words.h"
#include "hpcai/config/writer.h"
#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/core/utf8.h"

namespace hpcai::config {
namespace {

using Line = std::array<std::string, 4>;  // key, default, allowed, meaning

bool is_setting(const Row& row) {
  if (row.is_type || row.key->type.optional || !row.same_as.empty()) return true;
  return row.key->type.kind != Type::Kind::section && row.key->type.kind != Type::Kind::variant;
}

// The type of the elements of a list, also of a list of lists.
const Type& element_of(const Type& type) { return type.kind == Type::Kind::list ? element_of(type.element.front()) : type; }

std::string kind_name(const Type& type) {
  switch (type.kind) {
    case Type::Kind::boolean: return "boolean";
    case Type::Kind::integer: return "integer";
    case Type::Kind::number: return "number";
    case Type::Kind::text: return "text";
    case Type::Kind::choice: return "choice";
    case Type::Kind::list: return "list of " + kind_name(type.element.front());
    case Type::Kind::section:
    case Type::Kind::variant: return "section";
  }
  return "";
}

std::vector<std::string> choices_of(const Row& row) {
  return row.is_type ? element_of(row.key->type).alternative_names() : element_of(row.key->type).choices;
}

Json default_of(const Row& row) {
  if (!row.is_type) return row.key->default_value;
  return row.key->type.kind == Type::Kind::variant ? Json(row.key->type.default_alternative) : Json(nullptr);
}

bool is_required(const Row& row) { return row.key->field.required || (row.is_type && row.key->type.kind == Type::Kind::list); }

std::string allowed(const Row& row) {
  const auto choices = choices_of(row);
  const Type& type = row.key->type;
  std::string text = row.is_type ? fmt::format("{}", fmt::join(choices, " | ")) : kind_name(type);
  if (!row.is_type && !choices.empty()) {
    text = fmt::format("{}{}", type.kind == Type::Kind::list ? "list of " : "", fmt::join(choices, " | "));
  }
  if (type.kind == Type::Kind::boolean) text = "true | false";
  const std::string range = describe_range(type, row.key->field);
  if (!range.empty()) {
    text += ", " + range;
  } else if (!row.key->field.unit.empty() && !row.is_type) {
    text += fmt::format(", {}", row.key->field.unit);
  }
  if (!row.same_as.empty()) text += ", as " + row.same_as;
  return type.optional && !row.is_type ? text + ", or null" : text;
}

std::string when_text(const Row& row) {
  std::string text;
  for (const Row::Choice& choice : row.when) {
    text += fmt::format("{}{}.type: {}", text.empty() ? "" : ", ", choice.variant, choice.type);
  }
  return text;
}

Line columns_of(const KeyLine& line) { return {line.path, line.default_value, line.allowed, line.meaning}; }

std::string trimmed(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

std::string write_columns(const Line& line, const std::array<size_t, 4>& widths) {
  std::array<std::vector<std::string>, 4> cells;
  size_t height = 0;
  for (size_t i = 0; i < cells.size(); ++i) {
    cells[i] = wrap(line[i], widths[i]);
    height = std::max(height, cells[i].size());
  }
  std::string out;
  for (size_t n = 0; n < height; ++n) {
    std::string text;
    for (size_t i = 0; i < cells.size(); ++i) {
      const std::string cell = n < cells[i].size() ? cells[i][n] : "";
      text += cell + std::string(widths[i] - std::min(widths[i], code_points(cell)) + 2, ' ');
    }
    out += trimmed(text);
  }
  return out;
}

// For narrow terminals: one column below the other.
std::string write_stacked(const Line& line, size_t width) {
  std::string out = line[0] + "\n";
  const auto add = [&](const std::string& text) {
    for (const std::string& part : wrap(text, width > 14 ? width - 4 : 10)) out += "    " + part + "\n";
  };
  add(line[1] == "required" ? fmt::format("{}; required", line[2]) : fmt::format("{}; default {}", line[2], line[1]));
  add(line[3]);
  return out;
}

std::string text_of(const std::vector<KeyLine>& chosen, size_t width) {
  const Line head = {"KEY", "DEFAULT", "ALLOWED", "MEANING"};
  const std::array<size_t, 4> most = {1000, 18, 26, 1000};
  std::array<size_t, 4> widths{};
  const auto widen = [&](const Line& line) {
    for (size_t i = 0; i < 3; ++i) widths[i] = std::min(most[i], std::max(widths[i], code_points(line[i])));
  };
  widen(head);
  for (const KeyLine& line : chosen) widen(columns_of(line));
  const size_t used = widths[0] + widths[1] + widths[2] + 6;
  const bool stacked = width < used + 24;
  widths[3] = stacked ? 0 : width - used;
  std::string out = stacked ? "" : write_columns(head, widths);
  std::string_view when;
  for (const KeyLine& line : chosen) {
    if (line.when != when) {
      when = line.when;
      if (!when.empty()) out += fmt::format("with {}\n", when);
    }
    out += stacked ? write_stacked(columns_of(line), width) : write_columns(columns_of(line), widths);
  }
  return out;
}

[[noreturn]] void fail_on_prefix(std::string_view prefix, const std::vector<KeyLine>& all) {
  std::vector<KnownKey> known;
  std::set<std::string_view> paths;
  for (const KeyLine& line : all) {
    if (paths.insert(line.path).second) known.push_back({.path = line.path, .help = line.meaning});
  }
  const auto similar = nearest_keys(prefix, known);
  throw Error(ExitCode::usage, fmt::format("{} is not a setting or section", shown(prefix)),
              similar.empty() ? "Leave it out to list all settings." : did_you_mean(similar));
}

}  // namespace

std::vector<KeyLine> key_lines(const Section& description) {
  std::vector<KeyLine> lines;
  for (const Row& row : rows(description)) {
    lines.push_back({.path = row.path,
                     .default_value = is_required(row) ? "required" : write_flow(default_of(row)),
                     .allowed = allowed(row),
                     .meaning = std::string(row.key->field.help) + (row.local ? " [local]" : ""),
                     .when = when_text(row),
                     .is_setting = is_setting(row),
                     .local = row.local});
  }
  return lines;
}

std::string write_key_lines(const std::vector<KeyLine>& lines) {
  std::string text;
  for (const KeyLine& line : lines) {
    text += fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\n", line.path, line.default_value, line.allowed, line.meaning, line.when,
                        line.is_setting ? "setting" : "section", line.local ? "local" : "");
  }
  return text;
}

std::vector<KeyLine> read_key_lines(std::string_view text) {
  std::vector<KeyLine> lines;
  for (const std::string_view line : split(text, '\n')) {
    const auto parts = split(line, '\t');
    if (parts.size() != 7) continue;  // after the last line end
    const auto at = [&](size_t i) { return std::string(parts[i]); };
    lines.push_back({at(0), at(1), at(2), at(3), at(4), parts[5] == "setting", parts[6] == "local"});
  }
  return lines;
}

std::string write_key_table(const std::vector<KeyLine>& lines, std::string_view prefix, size_t width) {
  std::vector<KeyLine> chosen;
  std::copy_if(lines.begin(), lines.end(), std::back_inserter(chosen), [&](const KeyLine& line) {
    const std::string_view path = line.path;
    const std::string_view rest = path.starts_with(prefix) ? path.substr(prefix.size()) : "-";
    return line.is_setting && (prefix.empty() || rest.empty() || rest.front() == '.' || rest.front() == '[');
  });
  if (chosen.empty()) fail_on_prefix(prefix, lines);
  return text_of(chosen, width);
}

Json list_keys(const Section& description) {
  Json list = Json::array();
  for (const Row& row : rows(description)) {
    if (!is_setting(row)) continue;
    const Field& field = row.key->field;
    Json item = {{"key", row.path}, {"type", row.is_type ? "choice" : kind_name(row.key->type)}};
    item["default"] = is_required(row) ? Json(nullptr) : default_of(row);
    item["required"] = is_required(row);
    if (!row.is_type && row.key->type.optional) item["null_allowed"] = true;
    if (const auto choices = choices_of(row); !choices.empty()) item["choices"] = choices;
    if (!field.unit.empty()) item["unit"] = std::string(field.unit);
    if (field.min) item[field.min_excluded ? "greater_than" : "min"] = *field.min;
    if (field.max) item[field.max_excluded ? "less_than" : "max"] = *field.max;
    if (!row.same_as.empty()) item["same_as"] = row.same_as;
    item["local"] = row.local;
    for (const Row::Choice& choice : row.when) item["when"][choice.variant + ".type"] = choice.type;
    item["help"] = std::string(field.help);
    list.push_back(std::move(item));
  }
  return list;
}

}  // namespace hpcai::config
