#include "hpcai/simulate/fft.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/fft_fft.h>
#include <ATen/ops/fft_irfft.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/InferenceMode.h>

// MKL's number of threads for the calling thread (0: none set); returns the previous value. The symbol is missing if LibTorch is
// built without MKL, whose transform of one series is serial.
extern "C" __attribute__((weak)) int MKL_Set_Num_Threads_Local(int count);

namespace hpcai::simulate {

namespace {

class OneThread {
 public:
  OneThread() : previous_(MKL_Set_Num_Threads_Local ? MKL_Set_Num_Threads_Local(1) : 0) {}
  ~OneThread() {
    if (MKL_Set_Num_Threads_Local) MKL_Set_Num_Threads_Local(previous_);
  }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int previous_;
};

}  // namespace

std::vector<std::complex<double>> fft(std::vector<std::complex<double>>& x) {
  const OneThread one_thread;
  const c10::InferenceMode no_autograd;
  const auto size = static_cast<int64_t>(x.size());
  std::vector<std::complex<double>> y(x.size());
  const auto options = at::TensorOptions(at::kComplexDouble);
  const at::Tensor input = at::from_blob(x.data(), {size}, options);
  at::Tensor output = at::from_blob(y.data(), {size}, options);
  at::fft_fft_out(output, input);
  return y;
}

void inverse_real_fft(std::span<const std::complex<float>> spectrum, std::span<float> series) {
  const OneThread one_thread;
  const c10::InferenceMode no_autograd;
  const auto size = static_cast<int64_t>(series.size());
  // LibTorch has no blobs of constants; it only reads the input.
  auto* const values = const_cast<std::complex<float>*>(spectrum.data());
  const at::Tensor input = at::from_blob(values, {static_cast<int64_t>(spectrum.size())}, at::TensorOptions(at::kComplexFloat));
  at::Tensor output = at::from_blob(series.data(), {size}, at::TensorOptions(at::kFloat));
  at::fft_irfft_out(output, input, size);
}

int64_t fft_length(int64_t size) {
  int64_t best = 1;
  while (best < size) best *= 2;
  for (int64_t five = 1; five < best; five *= 5) {
    for (int64_t odd = five; odd < best; odd *= 3) {
      int64_t length = odd;
      while (length < size) length *= 2;
      if (length < best) best = length;
    }
  }
  return best;
}

}  // namespace hpcai::simulate
