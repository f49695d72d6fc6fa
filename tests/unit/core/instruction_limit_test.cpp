#include "hpcai/core/instruction_limit.h"

#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <map>
#include <string>

#include "hpcai/core/process.h"

using namespace hpcai;

namespace {

constexpr std::array kNames = {"ATEN_CPU_CAPABILITY", "MKL_ENABLE_INSTRUCTIONS", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"};
using Variables = std::map<std::string, std::string>;

void set_variables(const Environment& variables) {
  for (const char* name : kNames) {
    const auto found = variables.find(name);
    found == variables.end() ? unsetenv(name) : setenv(name, found->second.c_str(), 1);
  }
}

// What the libraries of a program find that this process becomes, which has found `given`.
Variables passed_on(const Variables& given) {
  const Environment before = process_environment();
  set_variables({given.begin(), given.end()});
  pass_on_instruction_limit();
  Variables found;
  for (const char* name : kNames) {
    if (const char* const value = std::getenv(name)) found[name] = value;
  }
  set_variables(before);
  return found;
}

}  // namespace

TEST_CASE("LibTorch's limit of instructions is passed on to MKL and oneDNN unless the user has chosen for them") {
  CHECK(passed_on({}).empty());
  const Variables avx512 = {{"ATEN_CPU_CAPABILITY", "avx512"}}, unknown = {{"ATEN_CPU_CAPABILITY", "AVX2"}};
  CHECK(passed_on(avx512) == avx512);
  CHECK(passed_on(unknown) == unknown);  // LibTorch ignores it, too
  CHECK(passed_on({{"ATEN_CPU_CAPABILITY", "avx2"}}) ==
        Variables{{"ATEN_CPU_CAPABILITY", "avx2"}, {"MKL_ENABLE_INSTRUCTIONS", "AVX2"}, {"ONEDNN_MAX_CPU_ISA", "AVX2"}});
  CHECK(passed_on({{"ATEN_CPU_CAPABILITY", "default"}}) ==
        Variables{{"ATEN_CPU_CAPABILITY", "default"}, {"MKL_ENABLE_INSTRUCTIONS", "SSE4_2"}, {"ONEDNN_MAX_CPU_ISA", "SSE41"}});
  const Variables own = {{"ATEN_CPU_CAPABILITY", "avx2"}, {"DNNL_MAX_CPU_ISA", "SSE41"}, {"MKL_ENABLE_INSTRUCTIONS", "AVX512"}};
  CHECK(passed_on(own) == own);
}
