#include "trace.h"

#include <torch/csrc/autograd/profiler_kineto.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string_view>

#include "hpcai/core/output_file.h"

namespace hpcai::app {
namespace {

// The profiler reports no failed write. It writes the member traceName near the end of the trace.
bool is_whole(int descriptor) {
  std::array<char, 8192> tail{};
  const off_t size = lseek(descriptor, 0, SEEK_END);
  const ssize_t got = pread(descriptor, tail.data(), tail.size(), std::max<off_t>(0, size - static_cast<off_t>(tail.size())));
  std::string_view text(tail.data(), static_cast<size_t>(std::max<ssize_t>(0, got)));
  while (!text.empty() && text.back() <= ' ') text.remove_suffix(1);
  return text.ends_with('}') && text.find("\"traceName\"") != std::string_view::npos;
}

// Why no more can be written to a file: the errno of further writes, EIO if they succeed.
int why_incomplete(int descriptor) {
  const std::array<char, 1 << 16> zeros{};
  const off_t end = lseek(descriptor, 0, SEEK_END);
  for (size_t done = 0; done < zeros.size();) {
    const ssize_t written = pwrite(descriptor, zeros.data(), zeros.size() - done, end + static_cast<off_t>(done));
    if (written < 0) return errno;
    done += static_cast<size_t>(written);
  }
  return fsync(descriptor) == 0 ? EIO : errno;
}

}  // namespace

void trace(const std::string& file, bool gpu, const std::function<void()>& work) {
  namespace profiler = torch::autograd::profiler;
  setenv("KINETO_LOG_LEVEL", "5", 0);  // no messages about a missing GPU
  std::set<torch::profiler::impl::ActivityType> activities{torch::profiler::impl::ActivityType::CPU};
  if (gpu) activities.insert(torch::profiler::impl::ActivityType::CUDA);
  const profiler::ProfilerConfig config(profiler::ProfilerState::KINETO);
  profiler::prepareProfiler(config, activities);
  profiler::enableProfiler(config, activities);
  work();
  const auto result = profiler::disableProfiler();

  OutputFile output(file, "--trace");
  const TemporaryName first(output.temporary().string() + ".tmp");  // the profiler writes here and renames
  result->save(output.temporary().string());
  output.reopen();
  if (!is_whole(output.descriptor())) output.fail("write", why_incomplete(output.descriptor()));
  output.publish();
}

}  // namespace hpcai::app
