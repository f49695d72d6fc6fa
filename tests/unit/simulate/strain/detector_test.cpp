#include <cmath>
#include <numbers>

#include "hpcai/core/error.h"
#include "hpcai/simulate/strain/baseline_frame.h"
#include "hpcai/simulate/strain/detector.h"
#include "hpcai/simulate/strain/sidereal_time.h"
#include "unit/simulate/strain/strain_fixture.h"

using namespace hpcai;
using namespace hpcai::simulate;
using std::numbers::pi;
using strain_test::strain_reference;

TEST_CASE("detectors stand where bilby and LALSuite place them") {
  REQUIRE(strain_reference()["detectors"].size() == 3);
  for (const nlohmann::json& row : strain_reference()["detectors"]) {
    const Detector& known = detector(row["name"].get<std::string>());
    CAPTURE(known.name);
    for (int i = 0; i < 3; ++i) {
      CHECK(known.vertex_m[i] == Approx(row["vertex"][i].get<double>()).margin(1e-6));
      CHECK(known.vertex_m[i] == Approx(row["lal_vertex"][i].get<double>()).margin(0.01));
      for (int j = 0; j < 3; ++j) {
        CHECK(known.response[i][j] == Approx(row["response"][3 * i + j].get<double>()).margin(1e-14));
        CHECK(known.response[i][j] == Approx(row["lal_response"][3 * i + j].get<double>()).margin(1e-6));
      }
    }
  }
}

TEST_CASE("an unknown detector is refused with the names of those known") {
  try {
    detector("K1");
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::usage);
    CHECK(std::string(error.what()).find("K1") != std::string::npos);
    CHECK(error.remedy() == "use H1, L1 or V1");
  }
}

TEST_CASE("responses and delays of detectors are those of bilby") {
  for (const nlohmann::json& row : strain_reference()["antennas"]) {
    const Detector& known = detector(row["detector"].get<std::string>());
    const Direction direction{row["longitude"], row["latitude"]};
    const Antenna result = antenna(known, direction, row["psi"]);
    CHECK(result.plus == Approx(row["plus"].get<double>()).margin(1e-10));
    CHECK(result.cross == Approx(row["cross"].get<double>()).margin(1e-10));
    CHECK(delay_s(known, direction) == Approx(row["delay"].get<double>()).margin(1e-12));
  }
}

TEST_CASE("a wave from overhead gives the largest response, one along the bisector none") {
  const Detector& known = detector("H1");
  const auto [x, y, z] = known.vertex_m;
  const Direction zenith{std::atan2(y, x), std::atan2(z, std::hypot(x, y))};
  const Antenna overhead = antenna(known, zenith, 0.3);
  CHECK(std::hypot(overhead.plus, overhead.cross) == Approx(1).epsilon(1e-4));
  CHECK(delay_s(known, zenith) == Approx(-std::hypot(x, y, z) / 299792458).epsilon(1e-4));
}

TEST_CASE("a quarter turn of the polarisation changes the sign, an eighth exchanges the two") {
  const Detector& known = detector("V1");
  const Direction direction{1.1, -0.4};
  const Antenna a = antenna(known, direction, 0.2), quarter = antenna(known, direction, 0.2 + pi / 2);
  const Antenna eighth = antenna(known, direction, 0.2 + pi / 4);
  CHECK(quarter.plus == Approx(-a.plus));
  CHECK(quarter.cross == Approx(-a.cross));
  CHECK(std::abs(eighth.plus) == Approx(std::abs(a.cross)));
  CHECK(std::abs(eighth.cross) == Approx(std::abs(a.plus)));
}

TEST_CASE("the sidereal time is that of LALSuite, on both sides of a leap second") {
  for (const nlohmann::json& row : strain_reference()["sidereal"]) {
    CAPTURE(row[0].get<double>());
    CHECK(sidereal_time(row[0]) == Approx(row[1].get<double>()).margin(2e-10));
  }
}

TEST_CASE("angles about a baseline are those of bilby") {
  for (const nlohmann::json& row : strain_reference()["baselines"]) {
    const BaselineFrame frame(detector(row["first"].get<std::string>()), detector(row["second"].get<std::string>()));
    const Direction direction = frame.to_earth({row["zenith"], row["azimuth"]});
    CHECK(direction.longitude == Approx(row["phi"].get<double>()).margin(1e-12));
    CHECK(direction.latitude == Approx(pi / 2 - row["theta"].get<double>()).margin(1e-12));
    const BaselineDirection back = frame.from_earth(direction);
    CHECK(back.zenith == Approx(row["zenith"].get<double>()).margin(1e-12));
    CHECK(back.azimuth == Approx(row["azimuth"].get<double>()).margin(1e-12));
  }
}

TEST_CASE("the zenith angle alone fixes the delay between the two detectors of a baseline") {
  const Detector &first = detector("H1"), &second = detector("L1");
  const BaselineFrame frame(first, second);
  const auto delay = [&](double zenith, double azimuth) {
    const Direction direction = frame.to_earth({zenith, azimuth});
    return delay_s(second, direction) - delay_s(first, direction);
  };
  for (const double zenith : {0.0, 0.7, 2.0, pi}) CHECK(delay(zenith, 1) == Approx(delay(zenith, 4)).margin(1e-12));
  CHECK(delay(0, 0) == Approx(0.010012846).epsilon(1e-5));
}
