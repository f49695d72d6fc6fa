#include "hpcai/checkpoint/safetensors_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "hpcai/checkpoint/element_type.h"
#include "hpcai/core/json.h"

namespace hpcai::checkpoint {
namespace {

using nlohmann::json;

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what); }

// Refuses repeated keys, of which the JSON library would keep the last one, and deep nesting.
json parse_strictly(std::string_view text) {
  std::vector<std::set<std::string>> keys;
  const auto watch = [&](int depth, json::parse_event_t event, json& parsed) {
    if (depth > 3) fail("the header is nested too deeply");
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second) {
      fail(fmt::format("the header names {} twice", json_text(parsed)));
    }
    return true;
  };
  try {
    return json::parse(text, watch);
  } catch (const json::exception&) {
    fail("the header is not valid JSON");
  }
}

uint64_t unsigned_number(const json& value, const std::string& where) {
  if (!value.is_number_unsigned()) fail(where + " is not a whole number from 0 on");
  return value.get<uint64_t>();
}

uint64_t multiply(uint64_t a, uint64_t b, const std::string& where) {
  uint64_t product = 0;
  // Tensors have signed sizes.
  if (__builtin_mul_overflow(a, b, &product) || product > static_cast<uint64_t>(INT64_MAX)) fail(where + " is too large");
  return product;
}

Entry parse_entry(const std::string& name, const json& value, uint64_t data_size) {
  const std::string tensor = "tensor " + json_text(json(name));
  if (!value.is_object() || value.size() != 3 || !value.contains("dtype") || !value.contains("shape") ||
      !value.contains("data_offsets")) {
    fail(tensor + " needs dtype, shape and data_offsets, and nothing else");
  }
  const json& dtype = value.at("dtype");
  const auto type = dtype.is_string() ? element_type(dtype.get_ref<const std::string&>()) : std::nullopt;
  if (!type) fail(fmt::format("{} has the element type {}, which is not supported", tensor, json_text(dtype)));
  const json& shape = value.at("shape");
  const json& offsets = value.at("data_offsets");
  if (!shape.is_array()) fail(tensor + ": shape is not a list");
  if (!offsets.is_array() || offsets.size() != 2) fail(tensor + ": data_offsets is not a list of two");
  Entry entry{name,
              *type,
              {},
              unsigned_number(offsets[0], tensor + ": data_offsets"),
              unsigned_number(offsets[1], tensor + ": data_offsets")};
  uint64_t bytes = c10::elementSize(*type);
  bool empty = false;
  for (const json& length : shape) {
    const uint64_t size = unsigned_number(length, tensor + ": shape");
    bytes = multiply(bytes, std::max<uint64_t>(size, 1),
                     tensor + ": shape");  // strides must not overflow, in empty tensors either
    empty = empty || size == 0;
    entry.shape.push_back(static_cast<int64_t>(size));
  }
  if (empty) bytes = 0;
  if (entry.begin > entry.end || entry.end > data_size) fail(tensor + ": data_offsets lie outside the file");
  if (entry.end - entry.begin != bytes) {
    fail(fmt::format("{}: its shape needs {} bytes, its data_offsets span {}", tensor, bytes, entry.end - entry.begin));
  }
  return entry;
}

void check_no_gaps(std::vector<Entry> entries, uint64_t data_size) {
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
  uint64_t next = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != next) {
      fail(fmt::format("tensor {} {}", json_text(json(entry.name)),
                       entry.begin > next ? "has a gap before it" : "overlaps another"));
    }
    next = entry.end;
  }
  if (next != data_size) fail(fmt::format("{} bytes at its end belong to no tensor", data_size - next));
}

}  // namespace

std::vector<Entry> parse_header(std::string_view text, uint64_t data_size, Metadata& metadata) {
  if (text.empty() || text.front() != '{') fail("the header is not a JSON object");
  const json header = parse_strictly(text);
  std::vector<Entry> entries;
  for (const auto& [name, value] : header.items()) {
    if (name != "__metadata__") {
      entries.push_back(parse_entry(name, value, data_size));
      continue;
    }
    if (!value.is_object()) fail("__metadata__ is not an object");
    for (const auto& [key, text_value] : value.items()) {
      if (!text_value.is_string()) fail("__metadata__ holds something other than text");
      metadata[key] = text_value.get<std::string>();
    }
  }
  check_no_gaps(entries, data_size);
  return entries;
}

}  // namespace hpcai::checkpoint
