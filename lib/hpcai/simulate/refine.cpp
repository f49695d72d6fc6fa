#include "hpcai/simulate/refine.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

#include "hpcai/simulate/binary_coordinates.h"

namespace hpcai::simulate {

namespace {

using Column = std::vector<double>;

constexpr size_t kUnknowns = 6;  // ln q, chi_eff, s1 - s2, tau, Re c, Im c
using Unknowns = std::array<double, kUnknowns>;

constexpr std::array<double, 4> kWidth = {0.6, 0.4, 0.65, 5};  // of the first unknowns, for the damping; tau in M
constexpr double kDifference = 1e-4;                           // of ln q, chi_eff and s1 - s2, for the Jacobian
constexpr double kTimeDifference = 0.05;                       // M
constexpr double kFirstDamping = 1e-4, kLeastDamping = 1e-9, kMostDamping = 1e3;
constexpr double kGoodStep = 0.1;                            // a step that leaves less than this of the error keeps the Jacobian
constexpr double kSlowStep = 0.98;                           // a step that leaves more than this of the error ends the attempt
constexpr double kLastPart = 0.3;                            // of the time before the merger, fitted first
constexpr double kOtherStarts[] = {-0.12, 0.12, -0.3, 0.3};  // changes of ln q

double dot(const Column& a, const Column& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// Moves the coordinates into the domain: ln q, then chi_eff, then s1 - s2.
BinaryCoordinates into_domain(const BinaryCoordinates& at) {
  const double log_q = std::clamp(at.log_mass_ratio, 0.0, std::log(kMaxMassRatio)), q = std::exp(log_q);
  const double chi = std::clamp(at.effective_spin, -kMaxSpin, kMaxSpin);
  const double low = std::max((1 + q) * (-kMaxSpin - chi), (1 + 1 / q) * (chi - kMaxSpin));
  const double high = std::min((1 + q) * (kMaxSpin - chi), (1 + 1 / q) * (chi + kMaxSpin));
  return {log_q, chi, std::clamp(at.spin_difference, std::min(low, high), std::max(low, high))};
}

// Solves the symmetric positive system a x = b by Cholesky's method; std::nullopt if a is singular.
std::optional<Unknowns> solve(std::array<Unknowns, kUnknowns> a, Unknowns b) {
  for (size_t j = 0; j < kUnknowns; ++j) {
    for (size_t k = 0; k < j; ++k) a[j][j] -= a[j][k] * a[j][k];
    if (!(a[j][j] > 0)) return std::nullopt;
    a[j][j] = std::sqrt(a[j][j]);
    for (size_t i = j + 1; i < kUnknowns; ++i) {
      for (size_t k = 0; k < j; ++k) a[i][j] -= a[i][k] * a[j][k];
      a[i][j] /= a[j][j];
    }
  }
  for (size_t i = 0; i < kUnknowns; ++i) {
    for (size_t k = 0; k < i; ++k) b[i] -= a[i][k] * b[k];
    b[i] /= a[i][i];
  }
  for (size_t i = kUnknowns; i-- > 0;) {
    for (size_t k = i + 1; k < kUnknowns; ++k) b[i] -= a[k][i] * b[k];
    b[i] /= a[i][i];
  }
  return b;
}

// A point of the search: the unknowns, the waveform there, and how well it fits.
struct Point {
  BinaryCoordinates at;
  double shift = 0;
  std::complex<double> factor = 1;
  std::vector<std::complex<double>> wave = {};      // h22(t + shift), not times the factor
  std::shared_ptr<const ContinuousWaveform> curve;  // the waveform at other times
  double error = 0;                                 // relative square of the residual
};

// The fit of one series.
class Search {
 public:
  Search(std::span<const double> series, const TimeGrid& grid) : series_(series.begin(), series.end()), grid_(grid) {
    square_ = dot(series_, series_);
  }

  double square() const { return square_; }
  int64_t waveforms() const { return waveforms_; }

  // The point with the best factor for these coordinates and this shift.
  Point point(const BinaryCoordinates& at, double shift) {
    Point point{.at = at, .shift = shift, .curve = curve_at(at)};
    point.wave = point.curve->values(shift);
    double rr = 0, ri = 0, ii = 0, rx = 0, ix = 0;
    for (size_t i = 0; i < series_.size(); ++i) {
      const double re = point.wave[i].real(), im = -point.wave[i].imag();
      rr += re * re, ri += re * im, ii += im * im, rx += re * series_[i], ix += im * series_[i];
    }
    const double determinant = rr * ii - ri * ri;
    if (determinant > 0) point.factor = {(ii * rx - ri * ix) / determinant, (rr * ix - ri * rx) / determinant};
    const Column residual = residual_of(point);
    point.error = dot(residual, residual) / square_;
    return point;
  }

  // Follows Levenberg-Marquardt steps until the error is small or falls no longer.
  Point follow(Point point, const RefineOptions& options) {
    double damping = kFirstDamping;
    std::vector<Column> columns;  // empty: to be computed
    bool stale = false;           // the columns are those of an earlier point
    for (int64_t step = 0; step < options.most_steps && point.error > 2 * options.good_enough; ++step) {
      if (columns.empty()) {
        columns = jacobian(point);
        stale = false;
      }
      const std::optional<Point> next = moved(point, columns, damping);
      if (!next || !(next->error < point.error)) {
        if (stale) {
          columns.clear();
          continue;
        }
        damping *= 30;
        if (damping > kMostDamping) break;
        continue;
      }
      const double left = next->error / point.error;
      point = *next;
      damping = std::max(kLeastDamping, damping / 30);
      if (!stale && left > kSlowStep) break;
      if (left > kGoodStep) columns.clear();
      stale = true;
    }
    return point;
  }

 private:
  std::shared_ptr<const ContinuousWaveform> curve_at(const BinaryCoordinates& at) {
    ++waveforms_;
    return std::make_shared<const ContinuousWaveform>(nearest_valid(binary_at(at)), grid_);
  }

  Column residual_of(const Point& point) const {
    Column residual(series_.size());
    for (size_t i = 0; i < residual.size(); ++i) residual[i] = series_[i] - (point.factor * point.wave[i]).real();
    return residual;
  }

  // The derivatives of Re(c h22(t + tau)) with respect to the unknowns.
  std::vector<Column> jacobian(const Point& point) {
    std::vector<Column> columns(kUnknowns, Column(series_.size()));
    const auto difference = [&](Column& column, const std::vector<std::complex<double>>& to, double width) {
      for (size_t i = 0; i < column.size(); ++i) column[i] = (point.factor * (to[i] - point.wave[i])).real() / width;
    };
    const std::array<double BinaryCoordinates::*, 3> members = {
        &BinaryCoordinates::log_mass_ratio, &BinaryCoordinates::effective_spin, &BinaryCoordinates::spin_difference};
    for (size_t k = 0; k < members.size(); ++k) {
      BinaryCoordinates to = point.at;
      to.*members[k] += kDifference;
      // At the edge of the domain the difference is taken to the other side.
      if (std::abs(into_domain(to).*members[k] - to.*members[k]) > kDifference / 2) to.*members[k] -= 2 * kDifference;
      difference(columns[k], curve_at(to)->values(point.shift), to.*members[k] - point.at.*members[k]);
    }
    difference(columns[3], point.curve->values(point.shift + kTimeDifference), kTimeDifference);
    for (size_t i = 0; i < series_.size(); ++i) {
      columns[4][i] = point.wave[i].real();
      columns[5][i] = -point.wave[i].imag();
    }
    return columns;
  }

  // The point after one damped step; std::nullopt if there is none.
  std::optional<Point> moved(const Point& point, const std::vector<Column>& columns, double damping) {
    const Column residual = residual_of(point);
    std::array<Unknowns, kUnknowns> normal{};
    Unknowns right{};
    for (size_t i = 0; i < kUnknowns; ++i) {
      for (size_t j = 0; j <= i; ++j) normal[i][j] = dot(columns[i], columns[j]);
      // The factor scales with the series, so its damping is relative to the square of its column.
      normal[i][i] += damping * (i < kWidth.size() ? square_ / (kWidth[i] * kWidth[i]) : normal[i][i]);
      right[i] = dot(columns[i], residual);
    }
    const std::optional<Unknowns> step = solve(normal, right);
    if (!step) return std::nullopt;
    const double shift = point.shift + (*step)[3];
    if (!(std::abs(shift) < ContinuousWaveform::kMostShift - 1)) return std::nullopt;
    return this->point(into_domain({point.at.log_mass_ratio + (*step)[0], point.at.effective_spin + (*step)[1],
                                    point.at.spin_difference + (*step)[2]}),
                       shift);
  }

  Column series_;
  TimeGrid grid_;
  double square_ = 0;
  int64_t waveforms_ = 0;
};

double mismatch(double error) { return 1 - std::sqrt(std::max(0.0, 1 - error)); }

// Infinite values are moved to the edge of the domain. NaN becomes the value of equal masses without spin.
Binary start_in_domain(const Binary& start) {
  const auto number = [](double value, double otherwise) { return std::isnan(value) ? otherwise : value; };
  return nearest_valid({number(start.mass_ratio, 1), number(start.spin1, 0), number(start.spin2, 0)});
}

}  // namespace

Refined refine(std::span<const double> series, const TimeGrid& grid, const Binary& start, const RefineOptions& options) {
  check(grid);
  if (static_cast<int64_t>(series.size()) != grid.size()) throw std::invalid_argument("refine: series and grid differ in length");
  const Binary inside = start_in_domain(start);
  if (!std::isfinite(start.mass_ratio + start.spin1 + start.spin2)) return {.binary = inside};
  Search search(series, grid);
  if (!(search.square() > 0) || !std::isfinite(search.square())) return {.binary = inside};

  const BinaryCoordinates first = coordinates(inside);
  Point best = search.follow(search.point(first, 0), options);
  int64_t waveforms = 0;
  // From the last part to the whole.
  const auto try_from = [&](const BinaryCoordinates& from) {
    TimeGrid last = grid;
    const int64_t skipped = static_cast<int64_t>((1 - kLastPart) * -grid.start / grid.step);
    last.start = grid.time(skipped);
    const auto rest = series.subspan(static_cast<size_t>(skipped));
    Search part(rest.first(static_cast<size_t>(last.size())), last);
    Point point = search.point(from, 0);
    if (part.square() > 0) {
      const Point fitted = part.follow(part.point(from, 0), options);
      point = search.point(fitted.at, fitted.shift);
      waveforms += part.waveforms();
    }
    point = search.follow(std::move(point), options);
    if (point.error < best.error) best = std::move(point);
  };
  if (mismatch(best.error) > options.another_try) try_from(first);
  for (const double change : kOtherStarts) {
    if (mismatch(best.error) <= options.another_try) break;
    BinaryCoordinates other = first;
    other.log_mass_ratio += change;
    try_from(into_domain(other));
  }
  return {nearest_valid(binary_at(best.at)), mismatch(best.error), waveforms + search.waveforms()};
}

}  // namespace hpcai::simulate
