#include "check.h"

#include "hpcai/metrics/ks.h"

#include <cmath>
#include <stdexcept>
#include <vector>

using namespace hpcai::metrics;

TEST_CASE("probabilities of the Kolmogorov-Smirnov distance are those of scipy.stats.kstwo.sf") {
  struct Row {
    double distance;
    int64_t count;
    double probability;
  };
  const Row rows[] = {
      {0.83, 1, 0.34},
      {0.142302, 10, 0.970337946217579},
      {0.262469, 10, 0.423466850214032},
      {0.43007, 10, 0.0339011192735894},
      {0.56921, 10, 0.0013650158812873},
      {0.790569, 10, 3.60250358440763e-07},
      {0.0636396, 50, 0.979611055465708},
      {0.11738, 50, 0.461457711500476},
      {0.192333, 50, 0.0428643097959152},
      {0.254558, 50, 0.00241414732883027},
      {0.353553, 50, 4.26913183516783e-06},
      {0.0380319, 140, 0.982823834052092},
      {0.0701478, 140, 0.474930938268111},
      {0.114941, 140, 0.0455944412353871},
      {0.152128, 140, 0.00270603637501503},
      {0.211289, 140, 5.80769040991131e-06},
      {0.0142302, 1000, 0.985733389156722},
      {0.0262469, 1000, 0.488049420728529},
      {0.043007, 1000, 0.0480528352183685},
      {0.056921, 1000, 0.00294376365532215},
      {0.0790569, 1000, 6.96735693986024e-06},
      {0.0142231, 1001, 0.985734134883313},
      {0.0262338, 1001, 0.488052761021887},
      {0.0429855, 1001, 0.0480536628603886},
      {0.0568926, 1001, 0.0029438027607522},
      {0.0790174, 1001, 6.96764621415269e-06},
      {0.0100623, 2000, 0.986229966415604},
      {0.0185594, 2000, 0.490407395735522},
      {0.0304105, 2000, 0.0484758907315362},
      {0.0402492, 2000, 0.0029815723956102},
      {0.0559017, 2000, 7.12814427277357e-06},
      {0.0045, 10000, 0.986886109476602},
      {0.0083, 10000, 0.493591102995851},
      {0.0136, 10000, 0.0490358080763215},
      {0.018, 10000, 0.00303004885085109},
      {0.025, 10000, 7.31940546027114e-06},
  };
  for (const auto& [distance, count, probability] : rows) {
    INFO(count << " values, distance " << distance);
    CHECK(ks_probability(distance, count) == Approx(probability).epsilon(1e-6));
  }
}

TEST_CASE("the test of values is scipy.stats.kstest") {
  const std::vector<double> few = {0.8, 0.1, 0.35};
  CHECK(ks_distance(few) == Approx(0.31666666666666665).epsilon(1e-14));
  CHECK(ks_p_value(few) == Approx(0.838).epsilon(1e-12));
  std::vector<double> even;
  for (int i = 1; i <= 400; ++i) even.push_back(std::pow(std::fmod(i * 0.6180339887498949, 1.0), 1.05));
  CHECK(ks_distance(even) == Approx(0.020334252807415798).epsilon(1e-12));
  CHECK(ks_p_value(even) == Approx(0.995379020567145).epsilon(1e-9));
}

TEST_CASE("extreme distances have probability 1 and 0") {
  CHECK(ks_probability(0, 10) == 1);
  CHECK(ks_probability(0.04, 10) == 1);
  CHECK(ks_probability(1, 10) == 0);
  CHECK(ks_probability(1e-4, 2000) == 1);
  CHECK(ks_p_value(std::vector<double>(20, 0.5)) == ks_probability(0.5, 20));
  CHECK_THROWS_AS(ks_distance({}), std::invalid_argument);
}

TEST_CASE("the exact probability meets the series and the tail without a step") {
  for (const double z : {0.5, 0.9, 1.4}) {
    const double exact = ks_probability(z / std::sqrt(1000.0), 1000), series = ks_probability(z / std::sqrt(1001.0), 1001);
    CHECK(exact == Approx(series).epsilon(5e-5));
  }
  for (const int64_t count : {20, 1000, 5000}) {
    const double edge = std::sqrt(3.0 / static_cast<double>(count));
    CHECK(ks_probability(edge * (1 - 1e-9), count) == Approx(ks_probability(edge * (1 + 1e-9), count)).epsilon(1e-5));
  }
}
