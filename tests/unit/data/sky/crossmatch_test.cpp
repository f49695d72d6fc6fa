#include "hpcai/data/sky/crossmatch.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <map>

#include "../support.h"
#include "hpcai/core/file.h"
#include "hpcai/core/random.h"
#include "hpcai/data/sky/sky_index.h"

using namespace hpcai;
using namespace hpcai::data;
using test::thrown_by;

namespace {

constexpr double kArcsec = 1.0 / 3600;

// Groups of neighbours everywhere: at the poles, at the seam of right ascension, at random; some positions twice.
std::vector<SkyPosition> random_sky(int64_t count, uint64_t seed) {
  Random random(seed, 0, 0, Purpose::test);
  const std::vector<SkyPosition> centres = {{0, 90},  {123, -90},   {0, 0},         {359.9999, 10}, {360, -40},
                                            {180, 5}, {45, 89.999}, {10, -89.9995}, {-0.0001, 60},  {0.0001, 60}};
  std::vector<SkyPosition> sky;
  for (int64_t i = 0; i < count; ++i) {
    if (!sky.empty() && random.below(10) == 0) {
      sky.push_back(sky[random.below(sky.size())]);
      continue;
    }
    SkyPosition position = centres[random.below(centres.size())];
    if (random.below(4) == 0) position = {random.uniform(0, 360), random.uniform(-90, 90)};
    position.ra_deg += random.uniform(-5, 5) * kArcsec / std::max(1e-5, std::cos(position.dec_deg * 0.017453292519943295));
    position.dec_deg = std::clamp(position.dec_deg + random.uniform(-5, 5) * kArcsec, -90.0, 90.0);
    position.ra_deg = std::remainder(position.ra_deg, 360.0);
    if (random.coin() && position.ra_deg < 0) position.ra_deg += 360;
    sky.push_back(position);
  }
  return sky;
}

// An independent formula: the angle between unit vectors by their cross and scalar products.
double angle_arcsec(const SkyPosition& a, const SkyPosition& b) {
  const auto u = unit_vector(a), v = unit_vector(b);
  const double x = u[1] * v[2] - u[2] * v[1], y = u[2] * v[0] - u[0] * v[2], z = u[0] * v[1] - u[1] * v[0];
  return std::atan2(std::sqrt(x * x + y * y + z * z), u[0] * v[0] + u[1] * v[1] + u[2] * v[2]) * 180 / 3.141592653589793 * 3600;
}

CrossmatchSettings settings_for(const test::TemporaryFolder& folder, const std::string& left, const std::string& right) {
  std::ofstream(folder / "left.csv") << left;
  std::ofstream(folder / "right.csv") << right;
  CrossmatchSettings settings;
  settings.left.path = folder / "left.csv";
  settings.right.path = folder / "right.csv";
  settings.out = folder / "out.csv";
  return settings;
}

}  // namespace

TEST_CASE("a cross-match finds what comparing all pairs finds") {
  for (uint64_t seed = 0; seed < 6; ++seed) {
    const auto left = random_sky(500, 2 * seed), right = random_sky(700, 2 * seed + 1);
    const double radius = seed % 3 == 0 ? 1 : seed % 3 == 1 ? 3.7 : 30000;
    std::vector<std::vector<std::pair<double, int64_t>>> expected(left.size());
    for (size_t i = 0; i < left.size(); ++i) {
      for (size_t j = 0; j < right.size(); ++j) {
        const double angle = angle_arcsec(left[i], right[j]);
        CHECK(separation_arcsec(left[i], right[j]) == Approx(angle).epsilon(1e-9).margin(angle < 500000 ? 1e-6 : 0.002));
        if (angle <= radius) expected[i].emplace_back(angle, static_cast<int64_t>(j));
      }
      std::sort(expected[i].begin(), expected[i].end());
    }
    std::vector<std::vector<SkyMatch>> all(left.size());
    for (const SkyMatch& match : match_sky(left, right, radius, SkyPairs::all, KeptRows::matched, 2, nullptr)) {
      all[static_cast<size_t>(*match.left)].push_back(match);
    }
    std::map<int64_t, SkyMatch> nearest;
    for (const SkyMatch& match : match_sky(left, right, radius, SkyPairs::nearest, KeptRows::matched, 2, nullptr)) {
      CHECK(nearest.emplace(*match.left, match).second);
    }
    for (size_t i = 0; i < left.size(); ++i) {
      REQUIRE(all[i].size() == expected[i].size());
      REQUIRE(nearest.contains(static_cast<int64_t>(i)) == !expected[i].empty());
      std::vector<int64_t> found, wanted;
      for (size_t k = 0; k < all[i].size(); ++k) {
        CHECK(all[i][k].separation_arcsec == Approx(expected[i][k].first).epsilon(1e-9).margin(1e-6));
        found.push_back(*all[i][k].right);
        wanted.push_back(expected[i][k].second);
      }
      std::sort(found.begin(), found.end());
      std::sort(wanted.begin(), wanted.end());
      CHECK(found == wanted);
      if (!wanted.empty()) {
        const SkyMatch& one = nearest[static_cast<int64_t>(i)];
        CHECK(one.separation_arcsec == Approx(expected[i][0].first).epsilon(1e-9).margin(1e-6));
        const SkyPosition& place = right[static_cast<size_t>(*one.right)];
        const auto same = std::find_if(right.begin(), right.end(), [&](const SkyPosition& other) {
          return other.ra_deg == place.ra_deg && other.dec_deg == place.dec_deg;
        });
        CHECK(same - right.begin() == *one.right);  // the first of equal positions
      }
    }
  }
}

TEST_CASE("coordinates are degrees, or three numbers") {
  CHECK(right_ascension_deg("118.0224") == Approx(118.0224));
  CHECK(right_ascension_deg("07:52:05.39") == Approx(118.02245833333332));
  CHECK(declination_deg(" +18:40:08.0 ") == Approx(18.66888888888889));
  CHECK(declination_deg("-00 30 36") == Approx(-0.51));
  CHECK(right_ascension_deg("-10") == Approx(-10));
  for (const char* text : {"x", "361", "25:00:00", "1:2", "1:60:0", "1:2:3:4", "1.5:0:0", "inf"})
    CHECK_FALSE(right_ascension_deg(text));
  for (const char* text : {"91", "-90:00:01", "1::2", ":1:2:3"}) CHECK_FALSE(declination_deg(text));
}

TEST_CASE("a cross-match writes the columns of both tables") {
  const test::TemporaryFolder folder;
  CrossmatchSettings settings = settings_for(folder, "id,RA,Dec\nA,359.9999,0\n\"B, b\",10,90\nC,50,50\n",
                                             "# other\nid;RAJ2000;DEJ2000\nx;0.0001;0\ny;200;89.9999\nz;120;-5\n");
  CHECK(crossmatch(settings, nullptr).written == 2);
  const std::string header = "id,RA,Dec,id_right,RAJ2000_right,DEJ2000_right,separation_arcsec\n";
  const std::string matched = "A,359.9999,0,x,0.0001,0,0.720000\n\"B, b\",10,90,y,200,89.9999,0.360000\n";
  CHECK(read_file(settings.out) == header + matched);
  settings.kept = KeptRows::both;
  const CrossmatchCounts counts = crossmatch(settings, nullptr);
  CHECK(read_file(settings.out) == header + matched + "C,50,50,,,,\n,,,z,120,-5,\n");
  CHECK(counts.matched_left == 2);
  CHECK(counts.matched_right == 2);
  settings.right.filter = "id != 'x'";
  settings.kept = KeptRows::left;
  crossmatch(settings, nullptr);
  CHECK(read_file(settings.out) == header + "A,359.9999,0,,,,\n\"B, b\",10,90,y,200,89.9999,0.360000\nC,50,50,,,,\n");
  settings.suffix = "";
  CHECK(thrown_by([&] { crossmatch(settings, nullptr); }).what == "the output would have two columns id");
}

TEST_CASE("rows without coordinates are refused") {
  const test::TemporaryFolder folder;
  for (const char* bad : {"nan", "", "95", "abc"}) {
    const auto settings = settings_for(folder, std::string("ra,dec\n1,2\n3,") + bad + "\n", "ra,dec\n1,2\n");
    const auto thrown = thrown_by([&] { crossmatch(settings, nullptr); });
    CHECK(thrown.code == ExitCode::bad_data);
    CHECK(thrown.what.find("left.csv:3: column dec holds") != std::string::npos);
  }
  CHECK(thrown_by([&] {
          crossmatch(settings_for(folder, "a,b\n1,2\n", "ra,dec\n1,2\n"), nullptr);
        }).what.find("no columns ra and dec, nor others that are known; there are a, b") != std::string::npos);
  auto settings = settings_for(folder, "a,b\n1,2\n", "ra,dec\n1,2\n");
  settings.left.columns = {"a", "b"};
  CHECK(crossmatch(settings, nullptr).pairs == 1);
  settings.out = settings.left.path;
  CHECK(thrown_by([&] { crossmatch(settings, nullptr); }).code == ExitCode::usage);
}
