#include "hpcai/tasks/alignment.h"

#include <torch/types.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

namespace hpcai::tasks {
namespace {

struct AlignmentCase {
  at::Tensor a, b;
  double blur = 0, scale = 0, mmd = 0, sinkhorn = 0;
};

at::Tensor matrix_of(const nlohmann::json& rows) {
  std::vector<at::Tensor> tensors;
  for (const auto& row : rows) tensors.push_back(torch::tensor(row.get<std::vector<double>>(), at::kDouble));
  return at::stack(tensors);
}

std::vector<AlignmentCase> alignment_cases() {
  std::ifstream in(HPCAI_SOURCE_DIR "/tests/fixtures/alignment.json");
  std::vector<AlignmentCase> cases;
  const nlohmann::json fixture = nlohmann::json::parse(in);
  for (const auto& item : fixture.at("cases")) {
    cases.push_back({matrix_of(item.at("a")), matrix_of(item.at("b")), item.at("blur"), item.at("mean_squared_distance"),
                     item.at("mmd"), item.at("sinkhorn")});
  }
  return cases;
}

// The largest difference between the gradient and central differences of `function` at every seventh value of `x`.
double gradient_error(const std::function<at::Tensor(const at::Tensor&)>& function, const at::Tensor& x) {
  constexpr double kStep = 1e-5;
  const at::Tensor variable = x.clone().requires_grad_();
  function(variable).backward();
  double worst = 0;
  for (int64_t i = 0; i < x.numel(); i += 7) {
    at::Tensor up = x.clone(), down = x.clone();
    up.view(-1)[i] += kStep;
    down.view(-1)[i] -= kStep;
    const double slope = (function(up).item<double>() - function(down).item<double>()) / (2 * kStep);
    worst = std::max(worst, std::abs(slope - variable.grad().view(-1)[i].item<double>()));
  }
  return worst;
}

at::Tensor blur_of(const AlignmentCase& item) { return torch::tensor(item.blur, at::kDouble); }

}  // namespace

TEST_CASE("the discrepancy and the divergence of two sets are those of other programs") {
  const auto cases = alignment_cases();
  REQUIRE(cases.size() == 3);
  for (const AlignmentCase& item : cases) {
    CHECK(mean_squared_distance(item.a, item.b).item<double>() == Approx(item.scale).epsilon(1e-12));
    CHECK(mmd(item.a, item.b).item<double>() == Approx(item.mmd).epsilon(1e-12));
    CHECK(sinkhorn_divergence(item.a, item.b, blur_of(item), 400).item<double>() == Approx(item.sinkhorn).epsilon(1e-9));
    CHECK(sinkhorn_divergence(item.a, item.b, blur_of(item)).item<double>() == Approx(item.sinkhorn).epsilon(1e-3));
    CHECK(mmd(item.b, item.a).item<double>() == Approx(item.mmd));
  }
}

TEST_CASE("the default number of iterations is enough for the least blur that a config may have") {
  for (const AlignmentCase& item : alignment_cases()) {
    const at::Tensor blur = torch::tensor(0.05 * std::sqrt(item.scale), at::kDouble);
    const double converged = sinkhorn_divergence(item.a, item.b, blur, 500).item<double>();
    CHECK(sinkhorn_divergence(item.a, item.b, blur).item<double>() == Approx(converged).epsilon(0.03));
  }
}

TEST_CASE("equal sets have no distance and a gradient without NaN") {
  const AlignmentCase item = alignment_cases().front();
  const at::Tensor variable = item.a.clone().requires_grad_();
  const at::Tensor sum = mmd(variable, item.a) + sinkhorn_divergence(variable, item.a, blur_of(item), 200);
  CHECK(sum.item<double>() == Approx(0).margin(1e-12));
  sum.backward();
  CHECK(variable.grad().abs().max().item<double>() < 1e-6);
}

TEST_CASE("the gradient of the divergence agrees with differences, and that of the discrepancy at a fixed scale") {
  for (const AlignmentCase& item : alignment_cases()) {
    const auto divergence = [&](const at::Tensor& a) { return sinkhorn_divergence(a, item.b, blur_of(item), 100); };
    CHECK(gradient_error(divergence, item.a) < 1e-6);
  }
  // Two sets far apart: the kernel between them vanishes with its slope, so the discrepancy is flat but for the scale.
  const at::Tensor a = torch::tensor({{0.0}, {1.0}}, at::kDouble).requires_grad_();
  mmd(a, torch::tensor({{0.5}, {1.5}}, at::kDouble)).backward();
  const double s = mean_squared_distance(a, torch::tensor({{0.5}, {1.5}}, at::kDouble)).item<double>();
  double expected = 0;  // the slope along a[0]: of pairs (a0, a1), twice, and (a0, b0), (a0, b1)
  for (const double width : {0.25, 0.5, 1.0, 2.0, 4.0}) {
    const auto slope = [&](double x, double y) {
      return -2 * (x - y) / (s * width) * std::exp(-(x - y) * (x - y) / (s * width));
    };
    expected += 2 * slope(0, 1) / 4 - 2 * (slope(0, 0.5) + slope(0, 1.5)) / 4;
  }
  CHECK(a.grad()[0][0].item<double>() == Approx(expected));
}

TEST_CASE("a reversed gradient leaves the values and turns the slope") {
  const at::Tensor x = torch::tensor({1.0, -2.0}, at::kDouble).requires_grad_();
  const at::Tensor y = reverse_gradient(x, 0.5);
  CHECK(at::allclose(y, x));
  y.square().sum().backward();
  CHECK(at::allclose(x.grad(), -0.5 * 2 * x));
}

}  // namespace hpcai::tasks
