#pragma once

namespace hpcai::simulate {

inline constexpr double kSpeedOfLight = 299792458;                    // m/s
inline constexpr double kSolarMassSeconds = 4.925490947641266978e-6;  // G M / c^3 of the Sun, IAU 2015 nominal value
inline constexpr double kMegaparsecSeconds = 3.085677581491367279e22 / kSpeedOfLight;  // light's time for a megaparsec

}  // namespace hpcai::simulate
