#pragma once

#include <filesystem>

#include "hpcai/simulate/strain/spectrum.h"

namespace hpcai::data {

// What the second column of a spectrum's file holds: the power spectral density (1/Hz) or its square root (1/sqrt(Hz)).
enum class SpectrumKind { power, amplitude };

// The frequencies that the spectrum is needed for, and the step between them.
struct SpectrumBand {
  double low_hz = 0, high_hz = 0;
  double step_hz = 0;
};

// Reads the noise spectrum of a detector from a text of two columns, frequency (Hz) and density, separated by blanks or commas;
// lines that start with # or % are comments, and the first line may name the columns. The result has the band's step from 0 Hz
// to `high_hz`. Between the file's frequencies the power is interpolated linearly, as in bilby; below the band it is that at
// `low_hz`.
//
// Throws Error{missing_input}; Error{bad_data} with file and line for a line that is not two numbers, frequencies that do not
// rise, a density in the band that is not positive and finite, fewer than 2 rows, rows that do not cover the band, and values
// that look like the other kind: detectors have amplitudes above 1e-25 and powers below 1e-30.
simulate::Spectrum read_spectrum(const std::filesystem::path& path, SpectrumKind kind, const SpectrumBand& band);

}  // namespace hpcai::data
