#include "unit/trainer/no_host_read.h"

#include <torch/csrc/autograd/function.h>
#include <torch/library.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace hpcai::trainer {
namespace {

constexpr c10::DispatchKey kKey = c10::DispatchKey::TESTING_ONLY_GenericMode;
constexpr std::array<std::string_view, 12> kReads = {
    "aten::item",     "aten::_local_scalar_dense", "aten::is_nonzero",    "aten::equal",   "aten::allclose", "aten::nonzero",
    "aten::argwhere", "aten::nonzero_numpy",       "aten::masked_select", "aten::_unique", "aten::_unique2", "aten::bincount"};

thread_local std::vector<std::string> noted;  // a backward pass on a CPU runs in the thread that starts it

// A tensor whose device is asked for. The backward of a conversion asks for the device of its input, which on a GPU is the GPU.
bool copies_to_cpu(const c10::OperatorHandle& op, const torch::jit::Stack& stack) {
  const std::string& name = op.schema().name();
  if ((name != "aten::to" && name != "aten::_to_copy") || torch::autograd::get_current_node()) return false;
  const auto& arguments = op.schema().arguments();
  for (size_t i = 0; i < arguments.size(); ++i) {
    const c10::IValue& value = stack[stack.size() - arguments.size() + i];
    if (arguments[i].name() == "device" && value.isDevice() && value.toDevice().is_cpu()) return true;
  }
  return false;
}

void watch(const c10::OperatorHandle& op, c10::DispatchKeySet keys, torch::jit::Stack* stack) {
  const std::string& name = op.schema().name();
  if (std::find(kReads.begin(), kReads.end(), name) != kReads.end() || copies_to_cpu(op, *stack)) noted.push_back(name);
  op.redispatchBoxed(keys & c10::DispatchKeySet(c10::DispatchKeySet::FULL_AFTER, kKey), stack);
}

TORCH_LIBRARY_IMPL(_, TESTING_ONLY_GenericMode, library) {
  library.fallback(torch::CppFunction::makeFromBoxedFunction<&watch>());
}

}  // namespace

NoHostRead::NoHostRead() : guard_(kKey) { noted.clear(); }

NoHostRead::~NoHostRead() = default;

const std::vector<std::string>& NoHostRead::reads() const { return noted; }

}  // namespace hpcai::trainer
