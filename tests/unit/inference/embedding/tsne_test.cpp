#include "hpcai/inference/embedding/tsne.h"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "hpcai/core/error.h"
#include "hpcai/core/random.h"
#include "hpcai/core/threads/openmp.h"
#include "hpcai/inference/embedding/components.h"
#include "hpcai/inference/embedding/tsne_gradient.h"

namespace hpcai::inference {
namespace {

// What scripts/export_embedding_fixtures.py wrote.
const nlohmann::json& embedding_fixture() {
  static const nlohmann::json fixture = [] {
    std::ifstream in(HPCAI_SOURCE_DIR "/tests/fixtures/embedding/tsne.json");
    return nlohmann::json::parse(in);
  }();
  return fixture;
}

at::Tensor digits() {
  return at::tensor(embedding_fixture().at("points").get<std::vector<double>>(), at::kDouble)
      .reshape({-1, embedding_fixture().at("values").get<int64_t>()});
}

Affinities affinities_of_digits(double perplexity) {
  const at::Tensor points = digits();
  return joint_affinities(nearest_neighbours(points, affinity_neighbours(perplexity, points.size(0))), perplexity);
}

// The stored affinities of few points, which are sorted.
Affinities few_affinities() {
  const nlohmann::json& few = embedding_fixture().at("few");
  Affinities affinities;
  affinities.begin.assign(few.at("points").get<size_t>() + 1, 0);
  for (const auto& entry : few.at("affinities")) {
    affinities.neighbour.push_back(entry[1].get<int64_t>());
    affinities.probability.push_back(entry[2].get<double>());
    ++affinities.begin[entry[0].get<size_t>() + 1];
  }
  for (size_t i = 1; i < affinities.begin.size(); ++i) affinities.begin[i] += affinities.begin[i - 1];
  return affinities;
}

std::vector<double> few_places(int64_t dimensions) {
  return embedding_fixture().at("few").at("places").at(std::to_string(dimensions)).get<std::vector<double>>();
}

std::vector<double> random_places(int64_t count) {
  Random random(1, 0, 0, Purpose::test);
  std::vector<double> values(static_cast<size_t>(count));
  for (double& value : values) value = 5 * random.normal();
  return values;
}

// Sets the number of compute threads during its lifetime.
class Threads {
 public:
  explicit Threads(int threads) : before_(compute_threads()) { set_compute_threads(threads); }
  ~Threads() { set_compute_threads(before_); }

 private:
  int before_;
};

}  // namespace

TEST_CASE("nearest neighbours are those of scikit-learn, at its distances") {
  const Neighbours found = nearest_neighbours(digits(), 5);
  const auto expected = embedding_fixture().at("nearest_squared").get<std::vector<std::vector<double>>>();
  for (size_t i = 0; i < expected.size(); ++i) {
    for (size_t k = 0; k < 5; ++k) CHECK(found.squared_distance[5 * i + k] == Approx(expected[i][k]).epsilon(1e-12));
  }
}

TEST_CASE("nearest neighbours are those of a search by hand, in order, far from the origin and with equal points") {
  at::manual_seed(4);
  at::Tensor points = at::randn({60, 7}, at::kDouble) + 1e6;
  points.narrow(0, 50, 10).copy_(points.narrow(0, 0, 10));
  const Neighbours found = nearest_neighbours(points, 9);
  for (int64_t i = 0; i < 60; ++i) {
    std::vector<std::pair<double, int64_t>> all;
    for (int64_t j = 0; j < 60; ++j) {
      if (j != i) all.emplace_back((points[i] - points[j]).square().sum().item<double>(), j);
    }
    std::sort(all.begin(), all.end());
    for (size_t k = 0; k < 9; ++k) CHECK(found.index[static_cast<size_t>(9 * i) + k] == all[k].second);
  }
  CHECK_THROWS_AS(nearest_neighbours(points, 60), std::invalid_argument);
}

TEST_CASE("the affinities are scikit-learn's, symmetric and of sum 1") {
  const Affinities affinities = affinities_of_digits(30);
  std::map<std::pair<int64_t, int64_t>, double> all;
  double sum = 0;
  for (int64_t i = 0; i < affinities.points(); ++i) {
    for (int64_t e = affinities.begin[static_cast<size_t>(i)]; e < affinities.begin[static_cast<size_t>(i) + 1]; ++e) {
      all[{i, affinities.neighbour[static_cast<size_t>(e)]}] = affinities.probability[static_cast<size_t>(e)];
      sum += affinities.probability[static_cast<size_t>(e)];
    }
  }
  CHECK(sum == Approx(1).epsilon(1e-12));
  for (const auto& [pair, p] : all) {
    const auto mirrored = all.find({pair.second, pair.first});
    REQUIRE(mirrored != all.end());
    CHECK(mirrored->second == p);
  }
  // Equal distances let the two searches differ in the last neighbours, whose probabilities are small.
  for (const auto& [name, p] : embedding_fixture().at("affinities_of_point_7").items()) {
    CHECK(all[{7, std::stoll(name)}] == Approx(p.get<double>()).epsilon(2e-4).margin(2e-7));
  }
}

TEST_CASE("the divergence is that of its formula in NumPy to 1e-10") {
  for (const int64_t dimensions : {2, 3}) {
    const double expected = embedding_fixture().at("few").at("divergence").at(std::to_string(dimensions)).get<double>();
    CHECK(std::abs(tsne_divergence(few_affinities(), few_places(dimensions), dimensions) - expected) < 1e-10);
  }
}

TEST_CASE("the exact gradient is the divergence's, by finite differences") {
  for (const int64_t dimensions : {2, 3}) {
    const Affinities affinities = few_affinities();
    std::vector<double> places = few_places(dimensions), gradient(places.size());
    tsne_gradient(affinities, 1, places, dimensions, 0, gradient);
    constexpr double kStep = 1e-5;
    for (size_t k = 0; k < places.size(); ++k) {
      const double at = places[k];
      places[k] = at + kStep;
      const double above = tsne_divergence(affinities, places, dimensions);
      places[k] = at - kStep;
      const double below = tsne_divergence(affinities, places, dimensions);
      places[k] = at;
      CHECK(gradient[k] == Approx((above - below) / (2 * kStep)).margin(1e-9).epsilon(1e-6));
    }
  }
}

TEST_CASE("the tree's forces are near the exact ones, and exact for an angle of 0") {
  const Affinities affinities = affinities_of_digits(30);
  for (const int64_t dimensions : {2, 3}) {
    const std::vector<double> places = random_places(500 * dimensions);
    std::vector<double> exact(places.size()), tree(places.size());
    const double sum = tsne_gradient(affinities, 1, places, dimensions, 0, exact);
    const auto error_at = [&](double angle) {
      CHECK(tsne_gradient(affinities, 1, places, dimensions, angle, tree) == Approx(sum).epsilon(0.04 * angle));
      double error = 0, size = 0;
      for (size_t k = 0; k < exact.size(); ++k) {
        error += std::pow(tree[k] - exact[k], 2);
        size += std::pow(exact[k], 2);
      }
      return std::sqrt(error / size);
    };
    const double coarse = error_at(0.5), fine = error_at(0.2);
    INFO(coarse << " and " << fine);
    CHECK(coarse < 0.03);
    CHECK(fine < 0.3 * coarse);
    CHECK(tsne_divergence(affinities, places, dimensions, sum) ==
          Approx(tsne_divergence(affinities, places, dimensions)).epsilon(1e-10));
  }
}

TEST_CASE("points at one place, and many equal points, have finite forces") {
  const Affinities affinities = affinities_of_digits(30);
  std::vector<double> places(1000, 0.25), gradient(1000);
  CHECK(tsne_gradient(affinities, 1, places, 2, 0.5, gradient) == Approx(500.0 * 499));
  for (const double value : gradient) CHECK(value == 0);
  places[0] = 1;
  std::vector<double> exact(1000);
  tsne_gradient(affinities, 1, places, 2, 0.5, gradient);
  tsne_gradient(affinities, 1, places, 2, 0, exact);
  for (size_t k = 0; k < 1000; ++k) CHECK(gradient[k] == Approx(exact[k]).margin(1e-9));
}

TEST_CASE("t-SNE of digits ends within 1 % of scikit-learn's divergence, and neighbours have the same digit") {
  const TsnePicture picture = tsne(digits(), {});
  const auto expected = embedding_fixture().at("divergence").get<double>();
  INFO(picture.divergence << " here, " << expected << " there, " << picture.iterations << " iterations");
  CHECK(std::abs(picture.divergence - expected) < 0.01 * expected);
  const auto labels = embedding_fixture().at("labels").get<std::vector<int>>();
  const Neighbours nearest = nearest_neighbours(at::tensor(picture.positions, at::kDouble).reshape({-1, 2}), 1);
  int same = 0;
  for (size_t i = 0; i < labels.size(); ++i) same += static_cast<int>(labels[i] == labels[static_cast<size_t>(nearest.index[i])]);
  INFO(same << " of 500");
  CHECK(same > 430);
}

TEST_CASE("t-SNE has the same bits for any number of threads, and another picture for another seed") {
  TsneOptions options{.dimensions = 3, .iterations = 300};
  const auto with = [&](int threads) {
    const Threads set(threads);
    return tsne(digits(), options).positions;
  };
  CHECK(with(1) == with(3));
  options.seed = 1;
  const auto first = with(2);
  CHECK(first == with(1));
  options.seed = 2;
  CHECK_FALSE(first == with(2));
}

TEST_CASE("t-SNE draws few points, equal points, and refuses a perplexity that does not fit") {
  const at::Tensor points = digits().narrow(0, 0, 4);
  for (const double value : tsne(points, {.perplexity = 2}).positions) CHECK(std::isfinite(value));
  for (const double value : tsne(at::ones({20, 5}), {.perplexity = 3}).positions) CHECK(value == 0);
  for (const double perplexity : {0.5, 4.0, std::nan("")}) {
    try {
      tsne(points, {.perplexity = perplexity});
      FAIL("no error");
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::usage);
    }
  }
}

TEST_CASE("principal components are scikit-learn's up to the sign") {
  const Components found = first_components(digits(), 3);
  const auto shares = embedding_fixture().at("share_of_variance").get<std::vector<double>>();
  const auto sizes = embedding_fixture().at("component_sizes").get<std::vector<std::vector<double>>>();
  for (size_t d = 0; d < 3; ++d) CHECK(found.share_of_variance[d] == Approx(shares[d]).epsilon(1e-10));
  for (int64_t i = 0; i < 10; ++i) {
    for (int64_t d = 0; d < 3; ++d) {
      CHECK(std::abs(found.positions[i][d].item<double>()) == Approx(sizes[static_cast<size_t>(i)][static_cast<size_t>(d)]));
    }
  }
  const Components flat = first_components(at::ones({5, 2}), 3);
  CHECK(flat.positions.sizes() == at::IntArrayRef({5, 3}));
  CHECK(flat.share_of_variance == std::vector<double>{0, 0, 0});
}

}  // namespace hpcai::inference
