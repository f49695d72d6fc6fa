#pragma once

#include "hpcai/simulate/strain/frequency_band.h"

namespace hpcai::simulate {

// The spectrum h(f) in 1/Hz of a merging binary (IMRPhenomD, phenomd.h) in `band`, written to `out`, two arrays of band.size():
//   h_plus(f) = (1 + cos^2 i) / 2 h(f),   h_cross(f) = -i cos(i) h(f),
// i: inclination; orbital phase 0 at reference_hz. h(f) is the integral of h(t) exp(-2 pi i f t) dt. Chirp mass in solar masses,
// mass ratio m2 / m1 <= 1, distance in Mpc. The values must be valid (binary.h).
//
// Phase, time and normalisation are those of LALSimulation's IMRPhenomD as bilby calls it: the phase of h(reference_hz) is zero.
// Time 0 is where LALSimulation aligns the ringdown, which is up to 55 M away from the largest |h(t)| (Pieces::lal_slope). As
// there, h is zero from the frequency 0.2 / M on. LALSimulation interpolates a table of ringdown frequencies, and this program a
// fit of exact ones: the two phases differ by at most 1e-4 rad, the amplitudes by 4e-5, and h by 4e-6 of its largest value.
//
// One call takes about 4 ns for each frequency. Many threads can call it at once.
void chirp_spectrum(double chirp_mass, double mass_ratio, double chi_1, double chi_2, double distance_mpc, double reference_hz,
                    const FrequencyBand& band, ComplexSpan out);

}  // namespace hpcai::simulate
