#include "hpcai/simulate/strain/sidereal_time.h"

#include <array>
#include <cmath>
#include <numbers>

namespace hpcai::simulate {

namespace {

// GPS times at which the leap seconds begin since the GPS epoch, 1980-01-06.
constexpr std::array<double, 18> kLeapSeconds = {46828800,  78364801,  109900802, 173059203,  252028804,  315187205,
                                                 346723206, 393984007, 425520008, 457056009,  504489610,  551750411,
                                                 599184012, 820108813, 914803214, 1025136015, 1119744016, 1167264017};

constexpr double kDay = 86400, kCentury = 36525 * kDay;
constexpr double kEpochToJ2000 = 7300.5 * kDay;  // from the GPS epoch to 2000-01-01 12:00 UTC

}  // namespace

// The two parts of the time keep the digits of a fraction of a second.
double sidereal_time(double gps_s) {
  const double whole = std::floor(gps_s);
  double utc = whole - kEpochToJ2000;
  for (const double leap : kLeapSeconds) utc -= whole > leap ? 1 : 0;
  const double high = utc / kCentury, low = (gps_s - whole) / kCentury, t = high + low;
  const double day = std::fmod(utc, kDay) + (gps_s - whole);  // 3155760000 s a century is one turn a day
  const double seconds = (-6.2e-6 * t + 0.093104) * t * t + 67310.54841 + 8640184.812866 * t + day;
  const double turn = std::fmod(seconds / kDay, 1.0);
  return 2 * std::numbers::pi * (turn < 0 ? turn + 1 : turn);
}

}  // namespace hpcai::simulate
