#pragma once

#include <complex>
#include <vector>

#include "hpcai/data/strain/strain_file.h"

namespace hpcai::data {

// The discrete Fourier transform of `duration_s` of the strain from `start_gps_s` on, at 0, 1/T, 2/T, ... up to `highest_hz`, in
// 1/Hz: h(f) = 1/rate sum over k of w_k x_k exp(-2 pi i f t_k), where t_k is a sample's time after `start_gps_s` and w is a Tukey
// window that rises and falls within `tukey_rise_s` at the ends. The samples are those from the last one at or before
// `start_gps_s` on. Window and normalisation are bilby's (InterferometerStrainData with roll_off = tukey_rise_s); bilby's time
// origin is the first sample. The result does not depend on the rate, other than by the window's last sample.
//
// Throws Error{usage} if T rate is no whole number, if `highest_hz` is not below rate / 2, or if the strain does not hold the
// segment.
std::vector<std::complex<double>> spectrum_of(const Strain& strain, double start_gps_s, double duration_s, double tukey_rise_s,
                                              double highest_hz);

// The Tukey window of `count` samples, of which the fraction `taper` (0 to 1) lies in both tapers together: that of
// scipy.signal.windows.tukey, symmetric.
std::vector<double> tukey_window(int64_t count, double taper);

}  // namespace hpcai::data
