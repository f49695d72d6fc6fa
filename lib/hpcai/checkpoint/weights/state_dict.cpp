#include "hpcai/checkpoint/weights/state_dict.h"

#include <ATen/ops/empty.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <set>
#include <stdexcept>

#include "hpcai/core/text.h"

namespace hpcai::checkpoint {
namespace {

using Kind = PickleValue::Kind;

constexpr int kDeepestDict = 8;
constexpr int64_t kLargestSize = int64_t{1} << 40;

struct DictOfTensors {
  StateDict found;
  size_t tensors = 0;
  bool only_numbers = true;  // all its tensors have no dimensions
};

class DictSearch {
 public:
  std::vector<DictOfTensors> dicts;

  void look_into(const PickleValue& value, const std::string& place, int depth) {
    if (!value.is(Kind::dict) || depth > kDeepestDict || !seen_.insert(&value).second) return;
    DictOfTensors own{{place, &value}};
    for (size_t i = 0; i + 1 < value.items.size(); i += 2) {
      const PickleValue &key = *value.items[i], &item = *value.items[i + 1];
      if (!key.is(Kind::text)) continue;
      if (item.is(Kind::tensor)) {
        ++own.tensors;
        own.only_numbers = own.only_numbers && item.sizes.empty();
      }
    }
    if (own.tensors > 0) dicts.push_back(own);
    for (size_t i = 0; i + 1 < value.items.size(); i += 2) {
      const PickleValue& key = *value.items[i];
      if (!key.is(Kind::text)) continue;
      const std::string name = printable(key.text, 60);
      look_into(*value.items[i + 1], place.empty() ? name : place + "." + name, depth + 1);
    }
  }

 private:
  std::set<const PickleValue*> seen_;  // a dict may hold itself
};

std::string describe(const DictOfTensors& dict) {
  return fmt::format("{} ({})", dict.found.place.empty() ? "the outermost" : dict.found.place,
                     plural(static_cast<int64_t>(dict.tensors), "tensor"));
}

[[noreturn]] void refuse(const std::string& name, const std::string& what) {
  throw std::runtime_error(fmt::format("tensor {} {}", printable(name, 100), what));
}

// Throws unless the tensor lies within its storage. Returns whether it has elements.
bool check_extent(const std::string& name, const PickleValue& tensor) {
  const int64_t stored = tensor.items[0]->integer;
  int64_t count = 1, last = tensor.integer;
  bool empty = false;
  for (size_t d = 0; d < tensor.sizes.size(); ++d) {
    if (tensor.sizes[d] < 0 || tensor.strides[d] < 0 || tensor.sizes[d] > kLargestSize) refuse(name, "has an absurd shape");
    empty = empty || tensor.sizes[d] == 0;
  }
  if (empty) return false;
  if (last < 0 || last >= stored) refuse(name, "begins beyond the end of its storage");
  for (size_t d = 0; d < tensor.sizes.size(); ++d) {
    const int64_t steps = tensor.sizes[d] - 1;
    if (tensor.sizes[d] > stored / count) refuse(name, "has more elements than its storage");
    count *= tensor.sizes[d];
    if (tensor.strides[d] > 0 && steps > (stored - 1 - last) / tensor.strides[d]) refuse(name, "reaches beyond its storage");
    last += steps * tensor.strides[d];
  }
  return true;
}

}  // namespace

StateDict find_state_dict(const PickleValue& root) {
  DictSearch search;
  search.look_into(root, "", 0);
  std::vector<DictOfTensors> best;
  for (const DictOfTensors& dict : search.dicts) {
    if (!dict.only_numbers) best.push_back(dict);
  }
  if (best.empty()) best = search.dicts;
  if (best.empty()) throw std::runtime_error("it holds no dict of tensors");
  if (best.size() > 1) {
    std::vector<std::string> names;
    for (size_t i = 0; i < best.size() && i < 6; ++i) names.push_back(describe(best[i]));
    throw std::runtime_error(fmt::format("it holds {} dicts of tensors, so it is not clear which are the weights: {}{}",
                                         best.size(), fmt::join(names, ", "), best.size() > names.size() ? ", ..." : ""));
  }
  return best.front().found;
}

NamedTensors tensors_of(const StateDict& found, const ReadStorage& read_storage) {
  NamedTensors tensors;
  std::set<std::string> names;
  std::map<std::string, at::Tensor> storages;  // by key, each read once
  for (size_t i = 0; i + 1 < found.dict->items.size(); i += 2) {
    const PickleValue &key = *found.dict->items[i], &value = *found.dict->items[i + 1];
    if (!key.is(Kind::text) || !value.is(Kind::tensor)) continue;
    if (!names.insert(key.text).second) refuse(key.text, "is there twice");
    const PickleValue& storage = *value.items[0];
    if (!check_extent(key.text, value)) {
      tensors.emplace_back(key.text, at::empty(value.sizes, at::TensorOptions(storage.type)));
      continue;
    }
    at::Tensor& elements = storages[storage.text];
    if (!elements.defined()) elements = read_storage(storage);
    tensors.emplace_back(key.text, elements.as_strided(value.sizes, value.strides, value.integer));
  }
  return tensors;
}

}  // namespace hpcai::checkpoint
