#pragma once

namespace hpcai::trainer {

// Sets the threads that this rank computes with, LibTorch's and this program's own. Throws the error of process_limit() if the
// system refuses them.
void set_threads(int threads);

}  // namespace hpcai::trainer
