#include "hpcai/simulate/fft.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/fft_fft.h>
#include <ATen/ops/fft_irfft.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/InferenceMode.h>

#include <map>
#include <memory>
#include <utility>

// MKL inside LibTorch. LibTorch's own transforms make a plan at each call, which takes longer than a short transform; here a
// thread keeps its plans. The symbols are missing if LibTorch is built without MKL; its transform of one series is serial then.
extern "C" {
__attribute__((weak)) int MKL_Set_Num_Threads_Local(int count);  // for the calling thread; returns the previous value, 0: none
__attribute__((weak)) long DftiCreateDescriptor_s_1d(void** plan, int domain, ...);
__attribute__((weak)) long DftiCreateDescriptor_d_1d(void** plan, int domain, ...);
__attribute__((weak)) long DftiSetValue(void* plan, int setting, ...);
__attribute__((weak)) long DftiCommitDescriptor(void* plan);
__attribute__((weak)) long DftiComputeForward(void* plan, void* input, ...);
__attribute__((weak)) long DftiComputeBackward(void* plan, void* input, ...);
__attribute__((weak)) long DftiFreeDescriptor(void** plan);
}

namespace hpcai::simulate {
namespace {

// Numbers of MKL's interface for C.
constexpr int kBackwardScale = 5, kConjugateEvenStorage = 10, kPlacement = 11, kThreadLimit = 27;
constexpr int kComplex = 32, kReal = 33, kComplexComplex = 39, kNotInPlace = 44;

// MKL transforms on the calling thread alone during the lifetime of the object.
class SerialMkl {
 public:
  SerialMkl() : previous_(MKL_Set_Num_Threads_Local ? MKL_Set_Num_Threads_Local(1) : 0) {}
  ~SerialMkl() {
    if (MKL_Set_Num_Threads_Local) MKL_Set_Num_Threads_Local(previous_);
  }
  SerialMkl(const SerialMkl&) = delete;
  SerialMkl& operator=(const SerialMkl&) = delete;

 private:
  int previous_;
};

// A plan of MKL for series of one length; of complex numbers in double precision, or to real ones in single precision.
class Plan {
 public:
  Plan(int domain, int64_t size) {
    const auto length = static_cast<long>(size);
    const long failed = domain == kReal ? DftiCreateDescriptor_s_1d(&handle_, kReal, length)
                                        : DftiCreateDescriptor_d_1d(&handle_, kComplex, length);
    ready_ = !failed && set(kPlacement, kNotInPlace) && !DftiSetValue(handle_, kThreadLimit, 1L);
    if (domain == kReal) {
      ready_ = ready_ && set(kConjugateEvenStorage, kComplexComplex) &&
               !DftiSetValue(handle_, kBackwardScale, 1 / static_cast<double>(size));
    }
    ready_ = ready_ && !DftiCommitDescriptor(handle_);
  }
  ~Plan() {
    if (handle_) DftiFreeDescriptor(&handle_);
  }
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  bool forward(void* input, void* output) const { return ready_ && !DftiComputeForward(handle_, input, output); }
  bool backward(void* input, void* output) const { return ready_ && !DftiComputeBackward(handle_, input, output); }

 private:
  bool set(int setting, int value) { return !DftiSetValue(handle_, setting, value); }

  void* handle_ = nullptr;
  bool ready_ = false;
};

// The plan of this thread; none without MKL.
const Plan* plan_of(int domain, int64_t size) {
  if (!DftiCreateDescriptor_s_1d || !DftiCreateDescriptor_d_1d || !DftiSetValue || !DftiCommitDescriptor || !DftiComputeForward ||
      !DftiComputeBackward || !DftiFreeDescriptor) {
    return nullptr;
  }
  constexpr size_t kMostPlans = 32;  // of a thread
  thread_local std::map<std::pair<int, int64_t>, std::unique_ptr<Plan>> plans;
  const std::pair key{domain, size};
  if (const auto found = plans.find(key); found != plans.end()) return found->second.get();
  if (plans.size() >= kMostPlans) plans.clear();
  return plans.emplace(key, std::make_unique<Plan>(domain, size)).first->second.get();
}

}  // namespace

std::vector<std::complex<double>> fft(std::vector<std::complex<double>>& x) {
  const SerialMkl serial;
  const auto size = static_cast<int64_t>(x.size());
  std::vector<std::complex<double>> y(x.size());
  if (const Plan* plan = plan_of(kComplex, size); plan && plan->forward(x.data(), y.data())) return y;
  const c10::InferenceMode no_autograd;
  const auto options = at::TensorOptions(at::kComplexDouble);
  const at::Tensor input = at::from_blob(x.data(), {size}, options);
  at::Tensor output = at::from_blob(y.data(), {size}, options);
  at::fft_fft_out(output, input);
  return y;
}

void inverse_real_fft(std::span<const std::complex<float>> spectrum, std::span<float> series) {
  const SerialMkl serial;
  const auto size = static_cast<int64_t>(series.size());
  // Neither MKL, not in place, nor LibTorch writes to the input; both lack constants.
  auto* const values = const_cast<std::complex<float>*>(spectrum.data());
  if (const Plan* plan = plan_of(kReal, size); plan && plan->backward(values, series.data())) return;
  const c10::InferenceMode no_autograd;
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
