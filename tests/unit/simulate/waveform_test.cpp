#include <atomic>
#include <catch2/catch.hpp>
#include <cmath>
#include <complex>
#include <limits>
#include <numbers>
#include <vector>

#include "hpcai/core/error.h"
#include "hpcai/core/parallel.h"
#include "hpcai/simulate/waveform.h"
#include "hpcai/simulate/waveform_spectrum.h"

using namespace hpcai;
using namespace hpcai::simulate;
using std::numbers::pi;
using Waveform = std::vector<std::complex<double>>;

namespace {

const std::vector<Binary> kCorners = {{1, 0, 0},     {1, 0.8, 0.8},  {1, -0.8, -0.8}, {1, 0.8, -0.8},
                                      {8, 0.8, 0.8}, {8, -0.8, 0.8}, {8, -0.8, -0.8}, {3, 0.4, -0.7}};

double largest_difference(const Waveform& a, const Waveform& b) {
  REQUIRE(a.size() == b.size());
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

void check_usage_error(const Binary& binary, const TimeGrid& grid, const std::string& part) {
  try {
    h22(binary, grid);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::usage);
    CHECK_THAT(error.what(), Catch::Contains(part));
    CHECK_FALSE(error.remedy().empty());
  }
}

}  // namespace

TEST_CASE("the published grid has 101,300 samples") {
  CHECK(TimeGrid{}.size() == 101300);
  CHECK(TimeGrid{-1000, 130, 1}.size() == 1130);
  CHECK(TimeGrid{0, 1, 0.3}.size() == 4);
  CHECK(TimeGrid{}.time(100000) == Approx(0).margin(1e-9));
}

TEST_CASE("the waveform peaks at t = 0 for every binary") {
  const TimeGrid grid{-60, 60, 0.01};
  for (const Binary& binary : kCorners) {
    CAPTURE(binary.mass_ratio, binary.spin1, binary.spin2);
    const Waveform h = h22(binary, grid);
    size_t peak = 0;
    for (size_t i = 0; i < h.size(); ++i) peak = std::abs(h[i]) > std::abs(h[peak]) ? i : peak;
    CHECK(std::abs(grid.time(static_cast<int64_t>(peak))) <= 0.011);
    CHECK(h[6000].imag() == Approx(0).margin(1e-9));
    CHECK(h[6000].real() > 0.1);
  }
}

TEST_CASE("the phase of h22 decreases all the way to the ringdown") {
  for (const Binary& binary : kCorners) {
    CAPTURE(binary.mass_ratio, binary.spin1, binary.spin2);
    const Waveform h = h22(binary, {-10000, 30, 0.5});
    int rising = 0;
    for (size_t i = 1; i < h.size(); ++i) rising += std::arg(h[i] * std::conj(h[i - 1])) >= 0;
    CHECK(rising == 0);
  }
}

TEST_CASE("every grid samples the same waveform") {
  const Binary binary{2.3, 0.6, -0.4};
  const Waveform fine = h22(binary, {-3000, 100, 0.1});
  for (const double step : {0.25, 0.5, 0.7, 1.0, 2.5}) {
    CAPTURE(step);
    const TimeGrid grid{-2500, 90, step};
    const Waveform h = h22(binary, grid);
    double largest = 0;
    for (int64_t i = 0; i < grid.size(); ++i) {
      const double position = (grid.time(i) + 3000) / 0.1;
      const auto nearest = static_cast<size_t>(std::llround(position));
      if (std::abs(position - static_cast<double>(nearest)) > 1e-6) continue;
      largest = std::max(largest, std::abs(h[i] - fine[nearest]));
    }
    CHECK(largest < 2e-5);
  }
}

TEST_CASE("the waveform is the Fourier integral of the spectrum, and its cut-off start does not matter") {
  // Summed term by term, from a spectrum that starts ten times earlier, over a period of 200,000 M.
  for (const Binary& binary : {Binary{1, 0, 0}, Binary{8, 0.8, 0.8}, Binary{1, -0.8, -0.8}}) {
    const WaveformSpectrum spectrum(binary, -40000);
    const double bin = 1 / 2.0e5;
    const auto sum_at = [&](double time) {
      std::complex<double> sum = 0;
      for (double f = bin; f < WaveformSpectrum::highest_frequency(); f += bin) {
        if (f > spectrum.lowest_frequency()) sum += spectrum(f) * std::polar(bin, -2 * pi * f * time);
      }
      return sum;
    };
    double peak = -30;  // the time of the peak on the spectrum's own clock
    for (const double step : {1.0, 0.1, 0.01, 0.001}) {
      while (std::abs(sum_at(peak + step)) > std::abs(sum_at(peak))) peak += step;
      peak -= step;
    }
    const std::complex<double> origin = sum_at(peak + 0.001);
    const TimeGrid grid{-4000, 100, 0.1};
    const Waveform h = h22(binary, grid);
    for (const int64_t i : {0, 7, 1234, 20001, 39000, 40000, 40055, 40500}) {
      CAPTURE(binary.mass_ratio, i);
      const std::complex<double> expected = sum_at(grid.time(i) + peak + 0.001) * std::conj(origin) / std::abs(origin);
      CHECK(std::abs(h[i] - expected) < 4e-4 * std::abs(expected) + 2e-5);  // 0.001 M of time is 3e-4 of phase
    }
  }
}

TEST_CASE("starting ten times as early changes nothing but the small error of the cut") {
  for (const Binary& binary : kCorners) {
    for (const double start : {-100.0, -1000.0, -6000.0}) {
      CAPTURE(binary.mass_ratio, binary.spin1, binary.spin2, start);
      const Waveform h = h22(binary, {start, 100, 1}), longer = h22(binary, {10 * start, 100, 1});
      CHECK(largest_difference(h, {longer.end() - static_cast<int64_t>(h.size()), longer.end()}) < 5e-5);
    }
  }
}

TEST_CASE("a waveform is a smooth function of its parameters") {
  const TimeGrid grid{-2000, 100, 1};
  const Binary centre{2.7, 0.31, -0.22};
  const auto moved = [&](int parameter, double by) {
    Binary b = centre;
    (parameter == 0 ? b.mass_ratio : parameter == 1 ? b.spin1 : b.spin2) += by;
    return h22(b, grid);
  };
  const Waveform middle = h22(centre, grid);
  for (int parameter = 0; parameter < 3; ++parameter) {
    CAPTURE(parameter);
    // Second differences of a smooth function fall as the square of the step.
    const auto bend = [&](double step) {
      const Waveform left = moved(parameter, -step), right = moved(parameter, step);
      double sum = 0;
      for (size_t i = 0; i < middle.size(); ++i) sum += std::norm(left[i] - 2.0 * middle[i] + right[i]);
      return std::sqrt(sum);
    };
    CHECK(bend(4e-3) / bend(2e-3) == Approx(4).epsilon(0.1));
  }
}

TEST_CASE("exchanging equal masses changes nothing") {
  CHECK(largest_difference(h22({1, 0.5, -0.3}, {-500, 100, 1}), h22({1, -0.3, 0.5}, {-500, 100, 1})) < 1e-9);
}

TEST_CASE("the phase reference may be the first sample") {
  const TimeGrid grid{-500, 100, 0.5};
  const Waveform peak = h22({2, 0.1, 0}, grid), start = h22({2, 0.1, 0}, grid, PhaseReference::start);
  CHECK(std::arg(start[0]) == Approx(0).margin(1e-12));
  const std::complex<double> turn = start[0] / peak[0];
  for (size_t i = 0; i < peak.size(); i += 50) CHECK(std::abs(start[i] - turn * peak[i]) < 1e-12);
}

TEST_CASE("the real part alone is the same as that of the complex waveform") {
  for (const TimeGrid& grid : {TimeGrid{-1000, 130, 0.1}, TimeGrid{-500, 100, 0.7}, TimeGrid{-500, 100, 2}}) {
    for (const PhaseReference reference : {PhaseReference::peak, PhaseReference::start}) {
      const Waveform h = h22({2, 0.1, -0.3}, grid, reference);
      const std::vector<double> real = real_h22({2, 0.1, -0.3}, grid, reference);
      REQUIRE(real.size() == h.size());
      double largest = 0;
      for (size_t i = 0; i < h.size(); ++i) largest = std::max(largest, std::abs(real[i] - h[i].real()));
      CHECK(largest < 1e-14);
    }
  }
}

TEST_CASE("a step that does not hold the highest frequency is refused, with one that does") {
  CHECK_NOTHROW(check_step({-1000, 130, 2.5}));
  try {
    check_step({-1000, 130, 2.6});
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::usage);
    CHECK(error.remedy() == "A step of 2.5 M or less holds them all.");
  }
}

TEST_CASE("many threads make the same waveforms as one") {
  const TimeGrid grid{-800, 100, 0.5};
  std::vector<Waveform> alone(kCorners.size());
  for (size_t i = 0; i < kCorners.size(); ++i) alone[i] = h22(kCorners[i], grid);
  std::atomic<int> different = 0;
  parallel_for(64, 8, [&](int64_t i) {
    const size_t which = static_cast<size_t>(i) % kCorners.size();
    if (h22(kCorners[which], grid) != alone[which]) ++different;
  });
  CHECK(different == 0);
}

TEST_CASE("a grid after or before the merger is served too") {
  const Waveform after = h22({1, 0, 0}, {50, 700, 1}), before = h22({1, 0, 0}, {-50000, -49000, 1});
  CHECK(std::abs(after[0]) < 0.1);
  CHECK(std::abs(after[0]) > 1e-4);
  CHECK(std::abs(after[500]) < 2e-5);
  CHECK(std::abs(before[0]) == Approx(0.0560).epsilon(0.06));  // leading order 8 sqrt(pi / 5) eta v^2, v^8 = 5 / (256 eta 50000)
}

TEST_CASE("binaries and grids outside the range are refused") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  check_usage_error({0.9, 0, 0}, {}, "q = 0.9");
  check_usage_error({8.1, 0, 0}, {}, "q = 8.1");
  check_usage_error({2, 0.81, 0}, {}, "s1 = 0.81");
  check_usage_error({2, 0, -0.9}, {}, "s2 = -0.9");
  check_usage_error({nan, 0, 0}, {}, "q = nan");
  check_usage_error({1, 0, 0}, {-100, 100, 0}, "empty");
  check_usage_error({1, 0, 0}, {-100, 100, nan}, "empty");
  check_usage_error({1, 0, 0}, {100, -100, 1}, "empty");
  check_usage_error({1, 0, 0}, {-1e7, 100, 1}, "too long");
  check_usage_error({1, 0, 0}, {-1e6, 100, 1e-6}, "too many samples");
}

TEST_CASE("labels that went through float32 stay valid, predictions can be brought into range") {
  CHECK_NOTHROW(h22({1, 0.8f, -0.8f}, {-100, 50, 1}));
  const Binary binary = nearest_valid({8.4, -0.9, 0.2});
  CHECK(binary.mass_ratio == 8);
  CHECK(binary.spin1 == -0.8);
  CHECK(binary.spin2 == 0.2);
}
