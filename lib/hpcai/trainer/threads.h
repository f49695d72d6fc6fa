#pragma once

namespace hpcai::trainer {

// Sets the number of threads that this rank computes with, in LibTorch and in this program's own kernels. Throws the error of
// process_limit() if the system refuses so many threads.
void set_threads(int threads);

}  // namespace hpcai::trainer
