#include "hpcai/models/import/apply_weights.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <set>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/models/domain_discriminator.h"
#include "hpcai/models/standardise.h"

namespace hpcai::models {
namespace {

NamedTensors all_tensors(const Model& model) {
  NamedTensors tensors;
  for (const auto& item : model.named_parameters()) {
    if (!is_of_discriminator(item.key())) tensors.emplace_back(item.key(), item.value().detach());
  }
  for (const auto& item : model.named_buffers()) tensors.emplace_back(item.key(), item.value().detach());
  return tensors;
}

std::string shape_of(const at::Tensor& tensor) { return fmt::format("[{}]", fmt::join(tensor.sizes(), ", ")); }

bool fits(const at::Tensor& from, const at::Tensor& into) {
  return from.sizes() == into.sizes() && from.is_floating_point() == into.is_floating_point();
}

// "3 missing (a, b, c)"
std::string listed(const std::vector<std::string>& names, const char* what) {
  constexpr size_t kMostShown = 5;
  if (names.empty()) return "";
  std::vector<std::string> shown;
  for (size_t i = 0; i < names.size() && i < kMostShown; ++i) shown.push_back(printable(names[i], 120));
  return fmt::format("\n  {} {}: {}{}", plural(static_cast<int64_t>(names.size()), "tensor"), what, fmt::join(shown, ", "),
                     names.size() > kMostShown ? ", ..." : "");
}

struct Misfits {
  std::vector<std::string> missing, surplus, misshaped;

  void refuse_if_any(const std::string& where) const {
    const std::string text = listed(missing, "missing") + listed(surplus, "surplus") + listed(misshaped, "of another shape");
    if (text.empty()) return;
    throw Error(ExitCode::bad_data, fmt::format("the weights in {} are not those of this network:{}", where, text),
                "Give weights of the same network, or change the settings of model that decide its shapes.");
  }
};

void refuse_not_finite(const std::vector<std::pair<std::string, at::Tensor>>& tensors, const std::string& where) {
  for (const auto& [name, tensor] : tensors) {
    if (!tensor.is_floating_point() || tensor.isfinite().all().item<bool>()) continue;
    throw Error(ExitCode::bad_data, fmt::format("{}: tensor {} holds NaN or infinity", where, printable(name, 120)),
                "Fetch or export the file again.");
  }
}

}  // namespace

std::vector<std::string> tensor_names(const Model& model) {
  std::vector<std::string> names;
  for (const auto& item : all_tensors(model)) {
    if (!is_of_target_scale(item.first)) names.push_back(item.first);
  }
  return names;
}

std::string describe_part(const Applied& applied) {
  if (applied.fresh.empty()) return fmt::format("all {} tensors", applied.all);
  return fmt::format("{} of {} tensors", applied.taken, applied.all);
}

std::string describe_new(const Applied& applied) {
  if (applied.fresh.empty()) return "";
  return applied.whole_head_is_fresh ? "; the head is new" : fmt::format("; new: {}", fmt::join(applied.fresh, ", "));
}

Applied apply_weights(Model& model, const Translated& weights, const std::string& where) {
  const std::vector<std::string> head_names = model.tensors_from("head");
  const std::set<std::string> head(head_names.begin(), head_names.end());
  const std::map<std::string, at::Tensor> source(weights.tensors.begin(), weights.tensors.end());
  const NamedTensors own = all_tensors(model);
  Misfits misfits;
  Applied applied{.all = own.size()};
  std::vector<std::pair<at::Tensor, at::Tensor>> copies;  // into, from
  NamedTensors taken;
  std::set<std::string> known;
  bool head_is_fresh = false;  // from its first tensor that does not fit
  for (const auto& [name, into] : own) {
    known.insert(name);
    const auto found = source.find(name);
    const bool is_fit = found != source.end() && fits(found->second, into);
    const bool of_head = head.contains(name);
    head_is_fresh = head_is_fresh || (of_head && !is_fit);
    if (is_of_target_scale(name) && !is_fit) {  // the scale of the data stays
      --applied.all;
      continue;
    }
    if (of_head && head_is_fresh) {
      applied.fresh.push_back(name);
    } else if (is_fit) {
      copies.emplace_back(into, found->second);
      taken.emplace_back(*found);
    } else if (found == source.end()) {
      misfits.missing.push_back(name);
    } else {
      misfits.misshaped.push_back(fmt::format("{} {} instead of {}", name, shape_of(found->second), shape_of(into)));
    }
  }
  for (const auto& item : weights.tensors) {  // also the second of two that became the same tensor of the model
    if (is_of_discriminator(item.first) || is_of_target_scale(item.first)) continue;
    if (known.erase(item.first) == 0) misfits.surplus.push_back(item.first);
  }
  misfits.refuse_if_any(where);
  refuse_not_finite(taken, where);
  const at::NoGradGuard no_grad;
  for (const auto& [into, from] : copies) into.copy_(from);
  applied.taken = copies.size();
  applied.whole_head_is_fresh = applied.fresh.size() == head.size();
  return applied;
}

}  // namespace hpcai::models
