#include "hpcai/distributed/meeting/key_table.h"

#include <algorithm>

#include "hpcai/core/text.h"
#include "hpcai/distributed/meeting/key_protocol.h"

namespace hpcai::distributed {
namespace {

// Numbers are stored as text, as c10d's stores do.
int64_t number_in(const std::string& text) {
  const auto number = parse_number<int64_t>(text);
  if (!number) throw std::runtime_error("a key that is no number was to be raised");
  return *number;
}

}  // namespace

std::vector<std::string> unpack_keys(Unpacker& fields) {
  std::vector<std::string> keys;
  for (int64_t left = fields.number(); left > 0; --left) keys.push_back(fields.text());
  return keys;
}

std::optional<std::string> KeyTable::values(const std::vector<std::string>& keys) const {
  Packer answer;
  answer.number(1);
  for (const std::string& key : keys) {
    const auto found = values_.find(key);
    if (found == values_.end()) return std::nullopt;
    answer.text(found->second);
  }
  return answer.bytes();
}

std::string KeyTable::answer(int64_t request, Unpacker& fields) {
  Packer answer;
  switch (static_cast<Request>(request)) {
    case Request::set: {
      const std::string key = fields.text();
      values_[key] = fields.text();
      return {};
    }
    case Request::add: {
      std::string& value = values_.try_emplace(fields.text(), "0").first->second;
      const int64_t sum = number_in(value) + fields.number();
      value = std::to_string(sum);
      return answer.number(sum).bytes();
    }
    case Request::check: {
      const auto keys = unpack_keys(fields);
      return answer.number(std::ranges::all_of(keys, [this](const auto& key) { return values_.contains(key); })).bytes();
    }
    case Request::compare_set: {
      const std::string key = fields.text(), expected = fields.text(), desired = fields.text();
      const auto found = values_.find(key);
      if (found == values_.end() ? expected.empty() : found->second == expected) values_[key] = desired;
      return answer.text(values_.contains(key) ? values_[key] : expected).bytes();
    }
    case Request::erase: return answer.number(static_cast<int64_t>(values_.erase(fields.text()))).bytes();
    case Request::count: return answer.number(static_cast<int64_t>(values_.size())).bytes();
    default: throw std::runtime_error("an unknown request");
  }
}

}  // namespace hpcai::distributed
