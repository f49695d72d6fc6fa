#include "trace.h"

#include <fmt/format.h>
#include <torch/csrc/autograd/profiler_kineto.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "hpcai/core/error.h"

namespace hpcai::app {

void check_trace(const std::string& file) {
  if (std::ofstream(file, std::ios::app)) return;
  throw Error(ExitCode::cannot_write, fmt::format("the trace {} cannot be written", file),
              "Give --trace a file in a folder that exists.");
}

void trace(const std::string& file, bool gpu, const std::function<void()>& work) {
  namespace profiler = torch::autograd::profiler;
  setenv("KINETO_LOG_LEVEL", "5", 0);  // no messages about a missing GPU
  std::set<torch::profiler::impl::ActivityType> activities{torch::profiler::impl::ActivityType::CPU};
  if (gpu) activities.insert(torch::profiler::impl::ActivityType::CUDA);
  const profiler::ProfilerConfig config(profiler::ProfilerState::KINETO);
  profiler::prepareProfiler(config, activities);
  profiler::enableProfiler(config, activities);
  work();
  profiler::disableProfiler()->save(file);
}

}  // namespace hpcai::app
