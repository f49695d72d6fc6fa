#pragma once

namespace hpcai::kernels {

// LibTorch and this program's kernels compute on one thread during the lifetime of the object, if `yes`: sums then have the same
// bits on any number of cores.
class OneThread {
 public:
  explicit OneThread(bool yes);
  ~OneThread();
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_ = 0;  // threads; 0: unchanged
};

}  // namespace hpcai::kernels
