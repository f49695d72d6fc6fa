#pragma once

#include <H5Cpp.h>

#include <mutex>
#include <string>

namespace hpcai::data {

// Every use of the HDF5 library, closing included, happens under this lock. The constructor also sees to it that the
// library loads no plugins and keeps its messages for last_hdf5_failure() rather than printing them.
class Hdf5Lock {
 public:
  Hdf5Lock();

 private:
  std::unique_lock<std::mutex> lock_;
};

// Why the last failing call of the library failed, in its own words.
struct Hdf5Failure {
  std::string reason;
  int system_error = 0;  // the errno that the message tells of, or 0
};
Hdf5Failure last_hdf5_failure();

// Whether memory was missing in any failing call of the library since the program started.
bool hdf5_was_out_of_memory();

}  // namespace hpcai::data
