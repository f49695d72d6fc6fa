// Our waveforms against numerical relativity, read from ../shared/realdata/nr (see its README).
#include <H5Cpp.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <complex>
#include <filesystem>
#include <string>
#include <vector>

#include "hpcai/simulate/overlap.h"
#include "hpcai/simulate/waveform.h"

using namespace hpcai::simulate;
using Waveform = std::vector<std::complex<double>>;

namespace {

const std::string kFolder = HPCAI_SOURCE_DIR "/../shared/realdata/nr/";

bool present(const std::string& name) {
  if (std::filesystem::exists(kFolder + name)) return true;
  WARN("skipped: " + kFolder + name + " does not exist");
  return false;
}

std::vector<double> read_real(const H5::H5File& file, const std::string& name) {
  const H5::DataSet set = file.openDataSet(name);
  std::vector<double> values(set.getSpace().getSimpleExtentNpoints());
  set.read(values.data(), H5::PredType::NATIVE_DOUBLE);
  return values;
}

Waveform read_complex(const H5::H5File& file, const std::string& name) {
  H5::CompType type(sizeof(std::complex<double>));
  type.insertMember("r", 0, H5::PredType::NATIVE_DOUBLE);
  type.insertMember("i", sizeof(double), H5::PredType::NATIVE_DOUBLE);
  const H5::DataSet set = file.openDataSet(name);
  Waveform values(set.getSpace().getSimpleExtentNpoints());
  set.read(values.data(), type);
  return values;
}

// Cubic interpolation through the four nearest points of a non-uniform grid.
std::complex<double> at(const std::vector<double>& times, const Waveform& h, double time) {
  const auto above = std::upper_bound(times.begin(), times.end(), time) - times.begin();
  const auto from = std::clamp<int64_t>(above - 2, 0, static_cast<int64_t>(times.size()) - 4);
  std::complex<double> value = 0;
  for (int64_t j = from; j < from + 4; ++j) {
    double weight = 1;
    for (int64_t k = from; k < from + 4; ++k) weight *= k == j ? 1 : (time - times[k]) / (times[j] - times[k]);
    value += weight * h[j];
  }
  return value;
}

// The surrogate NR22-A22: fits at the nodes times a basis.
class Surrogate {
 public:
  Surrogate()
      : file_(kFolder + "NR22-A22.h5", H5F_ACC_RDONLY), times_(read_real(file_, "times")), basis_(read_complex(file_, "B")) {
    amplitude_ = read_real(file_, "fitparams_amp");
    phase_ = read_real(file_, "fitparams_phase");
  }

  Waveform operator()(double q, const TimeGrid& grid) const {
    const double nu = q / ((1 + q) * (1 + q));
    Waveform native(times_.size());
    for (size_t j = 0; 3 * j < amplitude_.size(); ++j) {
      const double* a = &amplitude_[3 * j];
      const double* b = &phase_[4 * j];
      const auto node = std::polar(a[0] + a[1] * std::pow(nu, a[2]), b[0] + nu * (b[1] + nu * b[2]) + b[3] * std::log(nu));
      for (size_t k = 0; k < native.size(); ++k) native[k] += node * basis_[j * native.size() + k];
    }
    Waveform h;
    for (int64_t i = 0; i < grid.size(); ++i) h.push_back(at(times_, native, grid.time(i)));
    return h;
  }

 private:
  H5::H5File file_;
  std::vector<double> times_, amplitude_, phase_;
  Waveform basis_;
};

}  // namespace

TEST_CASE("equal masses without spin match the NRHybSur3dq8 waveform over 8000 M") {
  const std::string name = "NRHybSur3dq8_q1_nospin_h22.h5";
  if (!present(name)) return;
  const H5::H5File file(kFolder + name, H5F_ACC_RDONLY);
  const Waveform real = read_complex(file, "h22_zeroecc");
  const Waveform ours = h22({1, 0, 0}, {-8010, 99.99, 0.1});
  REQUIRE(ours.size() == real.size());
  CHECK(overlap(ours, real) > 0.9995);
  const auto peak = [](const Waveform& h) {
    double largest = 0;
    for (const auto& value : h) largest = std::max(largest, std::abs(value));
    return largest;
  };
  CHECK(peak(real) == Approx(0.39351857).margin(1e-8));
  CHECK(peak(ours) == Approx(peak(real)).epsilon(0.01));  // IMRPhenomD's own peak is 0.74 percent higher
  // Starting frequency and amplitude.
  CHECK(std::abs(ours[0]) == Approx(std::abs(real[0])).epsilon(0.01));
  CHECK(std::arg(ours[1] / ours[0]) == Approx(std::arg(real[1] / real[0])).epsilon(0.01));
}

TEST_CASE("waveforms without spin match the numerical-relativity surrogate for mass ratios 1 to 8") {
  if (!present("NR22-A22.h5")) return;
  const Surrogate surrogate;
  const TimeGrid grid{-2700, 80, 0.1};
  // What IMRPhenomD itself reaches: LALSimulation's gives the same matches to 3e-6 (0.999750, 0.999611, 0.998788,
  // 0.999112).
  const std::vector<std::pair<double, double>> expected = {{1, 0.99975}, {1.5, 0.99961}, {3, 0.99879}, {8, 0.99911}};
  for (const auto& [q, match] : expected) {
    CAPTURE(q);
    const Waveform real = surrogate(q, grid), ours = h22({q, 0, 0}, grid);
    CHECK(overlap(ours, real) == Approx(match).margin(3e-5));
    CHECK(std::abs(ours[27000]) == Approx(std::abs(real[27000])).epsilon(0.015));
  }
}
