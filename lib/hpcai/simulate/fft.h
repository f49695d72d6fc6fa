#pragma once

#include <complex>
#include <cstdint>
#include <span>
#include <vector>

namespace hpcai::simulate {

// Returns y_n = sum over k of x_k exp(-2 pi i k n / N), computed by MKL or else by LibTorch. It runs on the calling thread only,
// independent of LibTorch's number of threads, so that many threads can call it at once.
std::vector<std::complex<double>> fft(std::vector<std::complex<double>>& x);

// Writes the real series of N values whose transform starts with `spectrum` [N / 2 + 1], as numpy.fft.irfft does: it runs on the
// calling thread, as fft() does.
void inverse_real_fft(std::span<const std::complex<float>> spectrum, std::span<float> series);

// The smallest number 2^a 3^b 5^c >= `size`, because such lengths transform fast. Needs size >= 1.
int64_t fft_length(int64_t size);

}  // namespace hpcai::simulate
