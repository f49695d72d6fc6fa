#include "hpcai/data/hdf5_library.h"

#include <cstdlib>
#include <vector>

namespace hpcai::data {
namespace {

std::mutex& library_mutex() {
  static auto* mutex = new std::mutex;  // never destroyed: files may be closed while the program ends
  return *mutex;
}

herr_t collect(unsigned, const H5E_error2_t* entry, void* out) {
  if (entry->desc != nullptr) static_cast<std::vector<std::string>*>(out)->push_back(entry->desc);
  return 0;
}

}  // namespace

Hdf5Lock::Hdf5Lock() : lock_(library_mutex()) {
  static const bool prepared = [] {
    H5::Exception::dontPrint();
    H5PLset_loading_state(0);
    return true;
  }();
  static_cast<void>(prepared);
}

Hdf5Failure last_hdf5_failure(const H5::Exception& exception) {
  std::vector<std::string> entries;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, collect, &entries);
  Hdf5Failure failure;
  failure.reason = entries.empty() ? exception.getDetailMsg() : entries.front();
  for (const std::string& entry : entries) {
    const size_t at = entry.find("errno = ");
    if (at != std::string::npos) failure.system_error = std::atoi(entry.c_str() + at + 8);
    // said best by an outer entry
    if (entry.find("truncated file") != std::string::npos || entry.find("unable to lock file") != std::string::npos) {
      failure.reason = entry;
    }
  }
  return failure;
}

}  // namespace hpcai::data
