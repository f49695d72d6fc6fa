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

thread_local std::string path;  // the operations that are under way, outermost first

class Under {
 public:
  explicit Under(const std::string& name) : before_(path.size()) { path += (path.empty() ? "" : " > ") + name; }
  ~Under() { path.resize(before_); }

 private:
  size_t before_;
};

// LibTorch's fused update rules read the counts of updates in their kernels for CPUs; on a GPU their kernels read them there.
bool in_fused_update() { return path.starts_with("aten::_fused_"); }

// Of this program's own conversions: those inside other operations, and the backward of one, ask for the device that their input
// has already, which on a GPU is the GPU.
bool copies_to_cpu(const c10::OperatorHandle& op, const torch::jit::Stack& stack) {
  const std::string& name = op.schema().name();
  if ((name != "aten::to" && name != "aten::_to_copy") || path != name || torch::autograd::get_current_node()) return false;
  const auto& arguments = op.schema().arguments();
  for (size_t i = 0; i < arguments.size(); ++i) {
    const c10::IValue& value = stack[stack.size() - arguments.size() + i];
    if (arguments[i].name() == "device" && value.isDevice() && value.toDevice().is_cpu()) return true;
  }
  return false;
}

void watch(const c10::OperatorHandle& op, c10::DispatchKeySet keys, torch::jit::Stack* stack) {
  const std::string& name = op.schema().name();
  const Under under(name);
  const bool reads = std::find(kReads.begin(), kReads.end(), name) != kReads.end();
  if ((reads && !in_fused_update()) || copies_to_cpu(op, *stack)) noted.push_back(path);
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
