#include "hpcai/kernels/bfloat16_products.h"

#include <ATen/cpu/Utils.h>

#include <algorithm>
#include <array>

#include "hpcai/core/instruction_limit.h"

namespace hpcai::kernels {
namespace {

Bfloat16Products find_products() {
#ifdef __x86_64__
  if (instruction_limit() != InstructionLimit::none) return Bfloat16Products::slow;
  const auto capabilities = at::cpu::get_cpu_capabilities();
  const auto has = [&](const char* name) {
    const auto found = capabilities.find(name);
    return found != capabilities.end() && found->second.toBool();
  };
  constexpr std::array kForTiles = {"amx_bf16", "amx_tile", "avx512_bf16", "avx512_f", "avx512_bw", "avx512_vl", "avx512_dq"};
  // init_amx() asks the system for the tile registers.
  if (std::ranges::all_of(kForTiles, has) && at::cpu::init_amx()) return Bfloat16Products::very_quick;
  return has("avx512_bf16") && !__builtin_cpu_is("intel") ? Bfloat16Products::quick : Bfloat16Products::slow;
#else
  return Bfloat16Products::quick;
#endif
}

}  // namespace

Bfloat16Products bfloat16_products() {
  static const Bfloat16Products found = find_products();
  return found;
}

}  // namespace hpcai::kernels
