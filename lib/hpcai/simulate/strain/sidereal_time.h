#pragma once

namespace hpcai::simulate {

// Greenwich mean sidereal time in radians, 0 to 2 pi, at a GPS time in seconds. With the leap seconds up to 2017, after which
// there were none. Formula of 1982 (Aoki et al., A&A 105, 359), as LALSuite's XLALGreenwichMeanSiderealTime, whose value it is
// modulo 2 pi.
double sidereal_time(double gps_s);

}  // namespace hpcai::simulate
