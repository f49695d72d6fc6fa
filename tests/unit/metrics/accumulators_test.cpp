#include "check.h"

#include "hpcai/distributed/exchange/single_group.h"
#include "hpcai/metrics/accumulators.h"

#include <cmath>
#include <mutex>

#include "hpcai/metrics/predictions.h"
#include "thread_group.h"

using namespace hpcai::metrics;

namespace {

// Ten samples, dealt out unevenly to three ranks: 6, 0 and 4.
const at::Tensor kScores =
    at::tensor({2.0, 1.0, 0.0, 1.0, 3.0, 1.0, 0.5, 0.6, 0.0, 0.1, 1.0, 0.0, 0.0, 2.0, 5.0, 1.0, 0.2, 0.1, 0.0, 9.0})
        .reshape({10, 2});
const at::Tensor kTarget = at::tensor({0, 1, 0, 0, 1, 1, 1, 0, 1, 1}, at::kLong);
const std::vector<std::pair<int64_t, int64_t>> kShares = {{0, 6}, {6, 6}, {6, 10}};

}  // namespace

TEST_CASE("the mean loss weights batches by their samples, on one rank and on several") {
  const auto alone = hpcai::distributed::make_single_group();
  MeanLoss none, one;
  none.reduce(*alone);
  CHECK(std::isnan(none.mean()));
  CHECK(none.result().at("loss").is_null());
  one.add(at::scalar_tensor(1.0F), 6, 0);
  one.add(at::scalar_tensor(3.0F), 2, 6);
  one.reduce(*alone);
  CHECK(one.mean() == 1.5);
  CHECK(one.samples() == 8);
  as_ranks(3, [](auto& group) {
    MeanLoss loss;
    if (group.rank() == 0) loss.add(at::scalar_tensor(1.0F), 6, 0);
    if (group.rank() == 2) loss.add(at::scalar_tensor(3.0F), 2, 6);
    loss.reduce(group);
    if (loss.mean() != 1.5) std::abort();
  });
}

TEST_CASE("a loss that needs gradients leaves no graph behind") {
  MeanLoss loss;
  const auto weight = at::ones({1}).requires_grad_();
  loss.add((weight * 2).mean(), 3, 0);
  loss.reduce(*hpcai::distributed::make_single_group());
  CHECK(loss.mean() == 2);
}

TEST_CASE("the mean loss has the same bits whichever rank evaluated which batch") {
  // The sum of these losses depends on the order of the additions.
  const std::vector<double> losses = {1e16, 1, -1e16, 1, 3, 1e-3, 7, 1e9};
  double in_order = 0;
  for (const double loss : losses) in_order += loss;
  for (const int ranks : {1, 2, 4, 8}) {
    std::vector<double> means(static_cast<size_t>(ranks));
    as_ranks(ranks, [&](auto& group) {
      MeanLoss mean;
      for (size_t i = static_cast<size_t>(group.rank()); i < losses.size(); i += static_cast<size_t>(ranks)) {
        mean.add(at::scalar_tensor(losses[i], at::kDouble), 1, static_cast<int64_t>(i));
      }
      mean.reduce(group);
      means[static_cast<size_t>(group.rank())] = mean.mean();
    });
    for (const double mean : means) CHECK(mean == in_order / 8);
  }
}

TEST_CASE("accuracy, confusion, precision, recall and F1 match numbers counted by hand, however the samples are dealt") {
  // predicted: 0 1 0 1 1 0 1 0 0 1
  const auto expected = nlohmann::json::parse(R"({"accuracy": 0.7, "confusion": [[3, 1], [2, 4]], "samples": 10,
      "precision": 0.8, "recall": 0.6666666666666666, "f1": 0.7272727272727273})");
  Classification one(2, at::kCPU);
  one.add(kScores, kTarget);
  CHECK(one.result() == expected);
  CHECK(one.accuracy() == 0.7);
  std::mutex mutex;
  std::vector<nlohmann::json> results;
  as_ranks(3, [&](auto& group) {
    const auto [begin, end] = kShares[group.rank()];
    Classification accuracy(2, at::kCPU);
    for (int64_t i = begin; i < end; i += 2) accuracy.add(kScores.slice(0, i, i + 2), kTarget.slice(0, i, i + 2));
    accuracy.reduce(group);
    const std::lock_guard lock(mutex);
    results.push_back(accuracy.result());
  });
  for (const auto& result : results) CHECK(result == expected);
}

TEST_CASE("more than two classes have a confusion matrix and no precision") {
  Classification three(3, at::kCPU);
  three.add(at::eye(3), at::tensor({0, 2, 2}, at::kLong));
  const auto result = three.result();
  CHECK(result.at("confusion") == nlohmann::json::parse("[[1,0,0],[0,0,0],[0,1,1]]"));
  CHECK_FALSE(result.contains("precision"));
  CHECK(Classification(3, at::kCPU).result().at("accuracy").is_null());
}

TEST_CASE("errors of named targets match a direct computation and ignore further outputs") {
  const auto prediction = at::tensor({1.0, 2.0, 9.0, 3.0, 5.0, 9.0}).reshape({2, 3});
  const auto target = at::tensor({1.5, 2.0, 1.0, 1.0}).reshape({2, 2});
  Regression errors({"q", "s1"}, at::kCPU);
  errors.add(prediction, target);
  const auto result = errors.result();
  CHECK(result.at("mean_absolute_error").at("q") == 1.25);
  CHECK(result.at("mean_absolute_error").at("s1") == 2.0);
  CHECK(result.at("rmse").at("q").get<double>() == Approx(std::sqrt((0.25 + 4) / 2)));
  CHECK(result.at("rmse").at("s1").get<double>() == Approx(std::sqrt(8.0)));
  CHECK(result.at("samples") == 2);
  CHECK(Regression({"q"}, at::kCPU).result().at("rmse").at("q").is_null());
}

TEST_CASE("predictions of all ranks come together in the order of the samples, also from ranks that have none") {
  std::mutex mutex;
  std::vector<Predictions::Gathered> results;
  as_ranks(3, [&](auto& group) {
    Predictions predictions;
    const auto [begin, end] = kShares[group.rank()];
    for (int64_t i = begin; i < end; i += 2) {
      // even samples sit at the front of the set, odd ones at its back
      predictions.add(kScores.slice(0, i, i + 2), kTarget.slice(0, i, i + 2), {i, 100 - i});
    }
    const auto all = predictions.gather(group);
    const std::lock_guard lock(mutex);
    results.push_back(all);
  });
  for (const auto& all : results) {
    CHECK(all.index == std::vector<int64_t>{0, 2, 4, 6, 8, 92, 94, 96, 98, 100});
    const auto order = at::tensor({0, 2, 4, 6, 8, 9, 7, 5, 3, 1}, at::kLong);
    CHECK(at::equal(all.prediction, kScores.index_select(0, order)));
    CHECK(at::equal(all.target, kTarget.index_select(0, order)));
  }
}

TEST_CASE("predictions without targets, and none at all, can be gathered") {
  const auto group = hpcai::distributed::make_single_group();
  Predictions predictions;
  CHECK(predictions.gather(*group).index.empty());
  CHECK_FALSE(predictions.gather(*group).prediction.defined());
  predictions.add(at::ones({2, 1}), {}, {5, 3});
  CHECK(predictions.gather(*group).index == std::vector<int64_t>{3, 5});
  CHECK_FALSE(predictions.gather(*group).target.defined());
}
