#include "hpcai/data/hdf5/hdf5_trial.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdint>

#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/process_trial.h"
#include "hpcai/core/text.h"
#include "hpcai/core/work_done.h"
#include "hpcai/data/hdf5/hdf5_failure.h"
#include "hpcai/data/hdf5/hdf5_file.h"
#include "hpcai/data/hdf5/hdf5_library.h"

namespace hpcai::data {
namespace {

// A sound file is looked through in milliseconds; labels and chunk indices grow with the file.
TrialLimits limits_for(const std::string& name) {
  struct stat status {};
  if (stat(split_hdf5_name(name).path.c_str(), &status) != 0) return {};
  TrialLimits limits;
  limits.cpu_s += status.st_size / 10'000'000'000;
  limits.memory_bytes += std::min<int64_t>(8 * status.st_size, int64_t{16} << 30);
  limits.wall_s = 20 * limits.cpu_s;
  return limits;
}

// What the trial says of the file; empty if the caller can go on.
std::string fault_of(const Trial& trial, const TrialLimits& limits) {
  switch (trial.end) {
    case Trial::End::done:
    case Trial::End::failed:
    case Trial::End::untried: return "";
    case Trial::End::out_of_time:
      return fmt::format("the HDF5 library computes for more than {} s to find what is in it", limits.cpu_s);
    case Trial::End::no_memory:
      return fmt::format("the HDF5 library asks for more than {:.1f} GB of memory to find what is in it",
                         1e-9 * static_cast<double>(limits.memory_bytes));
    case Trial::End::crashed: break;
  }
  if (!trial.reason.empty()) return fmt::format("the HDF5 library was ended on it for {}", trial.reason);
  return fmt::format("the HDF5 library crashes on it{}", trial.signal > 0 ? fmt::format(" (signal {})", trial.signal) : "");
}

}  // namespace

void try_in_child(const std::string& name, const std::function<void()>& work) {
  const TrialLimits limits = limits_for(name);
  const auto with_lock = [](const std::function<void()>& fork_now) {
    const Hdf5Lock lock;  // no other thread is in the middle of a call of the library, which the child is going to use
    fork_now();
  };
  const Trial trial = hpcai::try_in_child(limits, with_lock, [&] {
    try {
      work();
    } catch (const Error&) {
      return !hdf5_was_out_of_memory();
    }
    return true;
  });
  ++work_done;
  const std::string fault = fault_of(trial, limits);
  if (!fault.empty()) refuse_data(printable(name), "is damaged: " + fault, kDamagedRemedy);
  if (trial.end == Trial::End::untried) {
    log::warning("{}: {}; it is opened without a trial in a process of its own", printable(name), trial.reason);
  }
}

}  // namespace hpcai::data
