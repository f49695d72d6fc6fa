#pragma once

#include <H5Cpp.h>

#include <mutex>
#include <string>

namespace hpcai::data {

// Every use of the HDF5 library, closing included, happens under this lock. The constructor also prepares the library on
// first use: no plugins, no messages of its own on stderr.
class Hdf5Lock {
 public:
  Hdf5Lock();

 private:
  std::unique_lock<std::mutex> lock_;
};

// Why the library's last call failed, in its own words: the innermost message of its error stack. To be called right in
// the catch block.
struct Hdf5Failure {
  std::string reason;
  int system_error = 0;  // the errno that the message tells of, or 0
};
Hdf5Failure last_hdf5_failure(const H5::Exception& exception);

}  // namespace hpcai::data
