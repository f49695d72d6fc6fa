// Compressed gradients against PyTorch's powerSGD_hook (scripts/export_powersgd_fixtures.py) and against what the method
// promises.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "hpcai/core/file.h"
#include "hpcai/distributed/exchange/reducer.h"
#include "scenarios.h"

using namespace hpcai::distributed;

namespace ranks {
namespace {

// Parameters whose gradients are given.
class GivenGradients {
 public:
  GivenGradients(Group& group, const std::vector<std::vector<int64_t>>& shapes, int64_t rank, int64_t start_step = 0)
      : group_(group) {
    for (const auto& shape : shapes) parameters_.push_back(at::ones(shape).requires_grad_());
    const std::vector<at::Tensor> last_first(parameters_.rbegin(), parameters_.rend());  // the reducer turns the order
    reducer_ = std::make_unique<Reducer>(group, last_first,
                                         ReducerOptions{.compression = PowerSgdConfig{.rank = rank, .start_step = start_step}});
  }

  Reducer& reducer() { return *reducer_; }

  // The mean over the ranks, [values], of the gradients [values] of this rank.
  at::Tensor mean(const at::Tensor& gradients, int64_t step) {
    reducer_->zero_grad();
    reducer_->prepare(step);
    at::Tensor loss = at::zeros({});
    int64_t begin = 0;
    for (const at::Tensor& parameter : parameters_) {
      loss = loss + (parameter * gradients.narrow(0, begin, parameter.numel()).view(parameter.sizes())).sum();
      begin += parameter.numel();
    }
    loss.backward();
    reducer_->finish();
    std::vector<at::Tensor> parts;
    for (const at::Tensor& parameter : parameters_) parts.push_back(parameter.grad().reshape({-1}));
    const at::Tensor mean = at::cat(parts);
    for (const at::Tensor& other : group_.all_gather(mean)) check(at::equal(other, mean), "equal means on all ranks");
    return mean;
  }

 private:
  Group& group_;
  std::vector<at::Tensor> parameters_;
  std::unique_ptr<Reducer> reducer_;
};

at::Tensor exact_mean(Group& group, const at::Tensor& mine) {
  const at::Tensor sum = mine.to(at::kDouble);
  group.all_reduce_sum(sum);
  return sum / group.size();
}

// The formulas of export_powersgd_fixtures.py.
at::Tensor formula_gradient(int64_t values, int rank, int64_t step) {
  const at::Tensor i = at::arange(values, at::kDouble);
  const at::Tensor common = at::sin(0.011 * i * (1 + 0.03 * step)) * at::cos(0.37 * i);
  return (common + 0.3 * at::sin(0.0007 * i * i + 1.3 * step + 2.1 * rank)).to(at::kFloat);
}
at::Tensor formula_q(int64_t rows, int64_t columns, int64_t tensor) {
  const at::Tensor i = at::arange(rows, at::kDouble).unsqueeze(1), j = at::arange(columns, at::kDouble).unsqueeze(0);
  return at::cos(0.7 * i * (j + 1) + 1.9 * j + tensor).to(at::kFloat);
}

void as_pytorch(Group& group, const std::string& file) {
  const auto fixture = nlohmann::json::parse(hpcai::read_file(file));
  const auto shapes = fixture.at("shapes").get<std::vector<std::vector<int64_t>>>();
  const int64_t start = fixture.at("start_step"), every = fixture.at("every");
  for (const auto& of_rank : fixture.at("cases")) {
    const int64_t rank = of_rank.at("rank");
    GivenGradients given(group, shapes, rank, start);
    std::vector<at::Tensor> guesses;
    int64_t values = 0;
    for (size_t k = 0; k < shapes.size(); ++k) {
      const int64_t numel = c10::multiply_integers(shapes[k]), n = shapes[k][0], m = numel / n;
      if (n * m > 2 * std::min({n, m, rank}) * (n + m)) guesses.push_back(formula_q(m, rank, static_cast<int64_t>(k)).flatten());
      values += numel;
    }
    const auto memory = given.reducer().shared_memory();
    check(memory.size() == 1, "one bucket");
    memory[0].copy_(at::cat(guesses));
    const auto means = of_rank.at("means").get<std::vector<std::vector<float>>>();
    for (size_t step = 0; step < means.size(); ++step) {
      const auto number = static_cast<int64_t>(step);
      const at::Tensor mean = given.mean(formula_gradient(values, group.rank(), number), number);
      const at::Tensor expected = at::tensor(means[step]);
      const double off = (mean.slice(0, 0, values, every) - expected).abs().max().item<double>();
      check(off < 2e-5, fmt::format("rank {}, step {}: off by {} from PyTorch", rank, step, off));
    }
  }
}

const std::vector<std::vector<int64_t>> kShapes{{16, 4, 3, 3}, {16}, {30, 40}, {40, 30}, {2, 2}};
constexpr int64_t kValues = 16 * 36 + 16 + 2 * 1200 + 4;

at::Tensor random_gradient(const Group& group, int64_t step) {
  at::manual_seed(1000 * step + group.rank());
  return at::randn({kValues});
}

// What the means of all steps leave out is what the ranks remember.
void nothing_is_lost(Group& group) {
  GivenGradients given(group, kShapes, 2);
  at::Tensor sent = at::zeros({kValues}, at::kDouble), due = sent.clone();
  for (int64_t step = 0; step < 10; ++step) {
    const at::Tensor mine = random_gradient(group, step);
    due += exact_mean(group, mine);
    sent += given.mean(mine, step).to(at::kDouble);
  }
  const double remembered = exact_mean(group, given.reducer().own_memory()[0]).sum().item<double>();
  const double left = (due - sent).sum().item<double>();
  check(std::abs(left - remembered) < 1e-3, fmt::format("{} is left out and {} remembered", left, remembered));
  check((due - sent).abs().max().item<double>() > 0.1, "something is left out");
  const auto exact = [](const at::Tensor& all) { return all.narrow(0, 16 * 36, 16); };
  check(at::allclose(exact(due), exact(sent), 1e-5, 1e-5), "a bias is exact");
}

// A gradient of low rank is exact from its second step on.
void low_rank_is_exact(Group& group) {
  GivenGradients given(group, {{30, 40}}, 2);
  at::manual_seed(1);
  const at::Tensor left = at::randn({30, 2}), right = at::randn({2, 40});
  for (int64_t step = 0; step < 4; ++step) {
    const at::Tensor mine = (at::mm(left, right) * (group.rank() + 1.0)).flatten();
    const at::Tensor mean = given.mean(mine, step);
    check(at::allclose(mean.to(at::kDouble), exact_mean(group, mine), 1e-4, 1e-4), "a gradient of rank 2");
  }
}

void zero_starts_again(Group& group) {
  GivenGradients given(group, kShapes, 2);
  for (int64_t step = 0; step < 6; ++step) {
    const at::Tensor mine = step < 3 ? at::zeros({kValues}) : random_gradient(group, 0);
    const at::Tensor mean = given.mean(mine, step);
    check(mean.isfinite().all().item<bool>(), "finite");
    check((mean.narrow(0, 592, 1200).abs().max().item<double>() > 0) == (step >= 3), "a gradient after zeros travels");
  }
}

// A reducer that gets the memory of another goes on with the same bits; an empty memory gives others.
void memory_is_the_state(Group& group) {
  GivenGradients first(group, kShapes, 3), second(group, kShapes, 3);
  for (int64_t step = 0; step < 4; ++step) first.mean(random_gradient(group, step), step);
  for (auto memory : {&Reducer::shared_memory, &Reducer::own_memory}) {
    const auto from = (first.reducer().*memory)(), to = (second.reducer().*memory)();
    for (size_t i = 0; i < from.size(); ++i) to[i].copy_(from[i]);
  }
  const at::Tensor mine = random_gradient(group, 4), expected = first.mean(mine, 4);
  check(at::equal(second.mean(mine, 4), expected), "the same after a copy of the memory");
  second.mean(random_gradient(group, 5), 5);
  second.reducer().forget();
  GivenGradients fresh(group, kShapes, 3);
  const at::Tensor after = second.mean(mine, 6);
  check(at::equal(after, fresh.mean(mine, 6)) && !at::equal(after, expected), "forget() empties the memory");
}

// Infinity on one rank makes the mean not finite on all ranks. (Equal bits cannot be asked of what is not a number.)
void not_finite_is_seen(Group& group) {
  const at::Tensor weight = at::ones({30, 40}).requires_grad_();
  Reducer reducer(group, {weight}, {.compression = PowerSgdConfig{.rank = 2, .start_step = 0}});
  reducer.zero_grad();
  reducer.prepare(0);
  (weight.narrow(0, 7, 1) * (group.rank() == 0 ? std::numeric_limits<double>::infinity() : 1)).sum().backward();
  reducer.finish();
  check(!weight.grad().isfinite().all().item<bool>(), "an overflow of one rank is seen by all");
}

void compression(const Setting& setting) {
  const auto group = setting.meet();
  nothing_is_lost(*group);
  low_rank_is_exact(*group);
  zero_starts_again(*group);
  memory_is_the_state(*group);
  not_finite_is_seen(*group);
  if (group->size() == 2) as_pytorch(*group, setting.argument);
}

}  // namespace

void add_compression(Scenarios& scenarios) { scenarios["compression"] = compression; }

}  // namespace ranks
