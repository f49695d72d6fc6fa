#pragma once

#include <complex>
#include <cstdint>
#include <vector>

namespace hpcai::simulate {

// y_n = sum over k of x_k exp(-2 pi i k n / N), with LibTorch's transform (MKL where LibTorch has it). Runs on the
// calling thread alone, whatever the number of LibTorch's own threads is, so that many threads may call it at once.
std::vector<std::complex<double>> fft(std::vector<std::complex<double>>& x);

// The smallest 2^a 3^b 5^c that is not below `size`: lengths that transform fast. size >= 1.
int64_t fft_length(int64_t size);

}  // namespace hpcai::simulate
