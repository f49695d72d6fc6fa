#include "hpcai/data/hdf5/hdf5_library.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

namespace hpcai::data {
namespace {

std::mutex& library_mutex() {
  static auto* mutex = new std::mutex;  // never destroyed: files may be closed while the program ends
  return *mutex;
}

// The error stack of the last failing call, innermost message first. The library calls `record` at the end of the call;
// later the stack is no longer of use, since the destructors that an exception runs are calls, too.
std::vector<std::string>& last_messages() {
  static auto* messages = new std::vector<std::string>;
  return *messages;
}

bool out_of_memory = false;

herr_t collect(unsigned, const H5E_error2_t* entry, void*) {
  if (entry->min_num == H5E_NOSPACE || entry->min_num == H5E_CANTALLOC) out_of_memory = true;
  if (entry->desc != nullptr) last_messages().push_back(entry->desc);
  return 0;
}

herr_t record(hid_t stack, void*) {
  last_messages().clear();
  return H5Ewalk2(stack, H5E_WALK_UPWARD, collect, nullptr);
}

// Ends the process, which has called exit(), before the library's exit handler runs. That handler closes what a damaged file has
// left open. It may write to stderr, crash, or never end. H5dont_atexit() cannot switch it off, because the library's C++ part
// has installed it before main(). The leak sanitizer's report comes after this function, so a build with the sanitizer does
// without.
[[maybe_unused]] void end_before_library(int status, void*) {
  std::fflush(nullptr);
  _exit(status);
}

void prepare_library() {
#ifndef __SANITIZE_ADDRESS__
  on_exit(end_before_library, nullptr);
#endif
  H5PLset_loading_state(0);
}

}  // namespace

Hdf5Lock::Hdf5Lock() : lock_(library_mutex()) {
  static const bool prepared = (prepare_library(), true);
  static_cast<void>(prepared);
  H5Eset_auto2(H5E_DEFAULT, record, nullptr);  // each time, since other users of the library may change it
  last_messages().clear();
}

Hdf5Failure last_hdf5_failure() {
  Hdf5Failure failure;
  failure.reason = last_messages().empty() ? "the HDF5 library gives no reason" : last_messages().front();
  for (const std::string& entry : last_messages()) {
    const size_t at = entry.find("errno = ");
    if (at != std::string::npos) failure.system_error = std::atoi(entry.c_str() + at + 8);
    // said best by an outer entry
    if (entry.find("truncated file") != std::string::npos || entry.find("unable to lock file") != std::string::npos) {
      failure.reason = entry;
    }
  }
  return failure;
}

bool hdf5_was_out_of_memory() { return out_of_memory; }

}  // namespace hpcai::data
