#include "hpcai/data/sources/simulated_votes.h"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <cmath>

#include "../support.h"
#include "hpcai/data/open.h"
#include "hpcai/simulate/galaxy_draw.h"

using namespace hpcai;
using namespace hpcai::data;

TEST_CASE("simulated volunteers vote as the chances of their answers and the tree say") {
  constexpr int64_t kVolunteers = 20000;
  check_votes({simulated_questions(), false});
  for (const uint64_t index : {0, 1, 2, 3, 4, 5, 6, 7}) {
    const simulate::Galaxy galaxy = simulate::draw_galaxy(3, index);
    const auto chance = answer_chances(galaxy);
    const auto votes = draw_votes(galaxy, kVolunteers, 3, index);
    REQUIRE(votes.size() == answer_names(simulated_questions()).size());
    CHECK(votes == draw_votes(galaxy, kVolunteers, 3, index));
    // answers: smooth, featured, artifact; edge-on, not; arms, none; bar, none
    const double featured = chance[1], face_on = featured * chance[4];
    const double expected[] = {chance[0],
                               featured,
                               chance[2],
                               featured * chance[3],
                               face_on,
                               face_on * chance[5],
                               face_on * chance[6],
                               face_on * chance[7],
                               face_on * chance[8]};
    for (size_t i = 0; i < votes.size(); ++i) {
      CHECK(chance[i] >= 0);
      const double deviation = std::sqrt(expected[i] * (1 - expected[i]) * kVolunteers);
      CHECK(std::abs(votes[i] - expected[i] * kVolunteers) < 5 * deviation + 1);
    }
    CHECK(votes[0] + votes[1] + votes[2] == kVolunteers);
    CHECK(votes[3] + votes[4] == votes[1]);
    CHECK(votes[5] + votes[6] == votes[4]);
    CHECK(votes[7] + votes[8] == votes[4]);
  }
}

TEST_CASE("simulated galaxies with volunteers have votes in place of labels") {
  SimulatedGalaxiesConfig config;
  config.image_size = 16;
  config.train = 6;
  config.validation = 2;
  config.test = 0;
  config.volunteers = 30;
  const Splits splits = data::open(config, 1);
  CHECK(splits.train->spec() == *data::spec_of(config));
  CHECK(splits.train->spec().class_names.empty());
  CHECK(splits.train->spec().target_names == answer_names(simulated_questions()));
  const int64_t rows[] = {0, 5};
  const at::Tensor votes = splits.train->targets(rows);
  CHECK(votes.sizes() == std::vector<int64_t>{2, 9});
  CHECK(votes.narrow(1, 0, 3).sum(1).eq(30).all().item<bool>());
  CHECK((data::vote_questions(config) == simulated_questions()));
  const int64_t first[] = {0};
  CHECK_FALSE(splits.validation->targets(first).equal(votes.narrow(0, 0, 1)));
  config.volunteers = 0;
  CHECK(data::vote_questions(config).empty());
  CHECK(data::open(config, 1).train->spec().class_names.size() == 2);
}
