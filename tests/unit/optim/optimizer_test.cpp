#include "check.h"

#include <ATen/Parallel.h>

#include "hpcai/optim/make_optimizer.h"
#include "hpcai/optim/optimizer.h"

#include "fixtures.h"
#include "hpcai/core/error.h"
#include "hpcai/optim/clip.h"

using namespace hpcai;
using namespace hpcai::optim;

namespace {

struct Problem {
  nlohmann::json json = fixture("optimizers.json");
  NamedTensors parameters;

  Problem() {
    for (const auto& [name, shape] : json.at("shapes").items()) {
      parameters.emplace_back(name, tensor_of(json.at("initial").at(name), shape).requires_grad_());
    }
  }
  bool frozen(const std::string& name, size_t step) const {
    const auto& f = json.at("frozen");
    return name == f.at("name") && step >= f.at("from").get<size_t>() && step < f.at("to").get<size_t>();
  }
  void set_gradients(size_t step) {
    for (auto& [name, parameter] : parameters) {
      const bool freeze = frozen(name, step);
      parameter.set_requires_grad(!freeze);
      // A frozen parameter may still hold a gradient from before; it must not be used.
      parameter.mutable_grad() = tensor_of(json.at("gradients").at(step).at(name), parameter.sizes().vec());
    }
  }
  double lr(size_t step) const { return json.at("learning_rates").at(step); }
  size_t steps() const { return json.at("learning_rates").size(); }
};

at::Tensor conv_weight(const NamedTensors& parameters) {
  for (const auto& [name, parameter] : parameters) {
    if (name == "conv.weight") return parameter;
  }
  throw std::logic_error("no conv.weight");
}

}  // namespace

TEST_CASE("ten steps of every optimizer match PyTorch or the published equations, with a parameter frozen for a while") {
  const Problem all;
  for (const auto& expected : all.json.at("cases")) {
    Problem problem;
    const auto optimizer = make_optimizer(variant_of<OptimizerConfig>(expected.at("config")), problem.parameters);
    for (size_t step = 0; step < problem.steps(); ++step) {
      problem.set_gradients(step);
      optimizer->step(problem.lr(step));
      for (const auto& [name, parameter] : problem.parameters) {
        const auto reference = tensor_of(expected.at("after").at(step).at(name), parameter.sizes().vec());
        INFO(expected.at("name") << ", step " << step << ", " << name << "\n" << parameter << "\n" << reference);
        CHECK(at::allclose(parameter, reference, 2e-6, 2e-6));
      }
    }
  }
}

TEST_CASE("numbers of an update that are kept as tensors, as on a GPU, give the same updates") {
  const Problem all;
  for (const auto& expected : all.json.at("cases")) {
    Problem usual, tensors;
    const auto config = variant_of<OptimizerConfig>(expected.at("config"));
    const auto a = make_optimizer(config, usual.parameters);
    const auto b = make_optimizer(config, tensors.parameters);
    b->keep_numbers_as_tensors();
    for (size_t step = 0; step < usual.steps(); ++step) {
      usual.set_gradients(step);
      tensors.set_gradients(step);
      a->step(usual.lr(step));
      b->step(tensors.lr(step));
      for (size_t i = 0; i < usual.parameters.size(); ++i) {
        INFO(expected.at("name") << ", step " << step << ", " << usual.parameters[i].first);
        CHECK(at::allclose(usual.parameters[i].second, tensors.parameters[i].second, 2e-6, 2e-6));
      }
    }
  }
}

TEST_CASE("parameters and gradients in channels-last memory are updated as in the usual layout") {
  const Problem all;
  for (const auto& expected : all.json.at("cases")) {
    Problem usual, last;
    for (auto& [name, parameter] : last.parameters) {
      if (parameter.dim() == 4) parameter = parameter.detach().contiguous(at::MemoryFormat::ChannelsLast).requires_grad_();
    }
    const auto config = variant_of<OptimizerConfig>(expected.at("config"));
    const auto a = make_optimizer(config, usual.parameters);
    const auto b = make_optimizer(config, last.parameters);
    for (size_t step = 0; step < usual.steps(); ++step) {
      usual.set_gradients(step);
      last.set_gradients(step);  // row-major gradients for odd steps, channels-last ones for even steps
      const auto weight = conv_weight(last.parameters);
      if (step % 2 == 0) weight.mutable_grad() = weight.grad().contiguous(at::MemoryFormat::ChannelsLast);
      a->step(usual.lr(step));
      b->step(last.lr(step));
    }
    // Vectorised and scalar ends of the kernels fall on other elements, hence not bit for bit.
    CHECK(at::allclose(conv_weight(usual.parameters), conv_weight(last.parameters), 1e-6, 1e-7));
  }
}

TEST_CASE("an optimizer restored from its state goes on bit for bit") {
  const Problem all;
  for (const auto& expected : all.json.at("cases")) {
    const auto config = variant_of<OptimizerConfig>(expected.at("config"));
    Problem straight, resumed;
    const auto whole = make_optimizer(config, straight.parameters);
    NamedTensors saved;
    for (size_t step = 0; step < straight.steps(); ++step) {
      if (step == 4) {  // in the middle of the freeze
        for (const auto& [name, tensor] : whole->state()) saved.emplace_back(name, tensor.clone());
        for (size_t i = 0; i < straight.parameters.size(); ++i) {
          c10::NoGradGuard no_grad;
          resumed.parameters[i].second.copy_(straight.parameters[i].second);
        }
      }
      straight.set_gradients(step);
      whole->step(straight.lr(step));
    }
    const auto second = make_optimizer(config, resumed.parameters);
    std::reverse(saved.begin(), saved.end());  // the order does not matter
    second->load(saved);
    for (size_t step = 4; step < resumed.steps(); ++step) {
      resumed.set_gradients(step);
      second->step(resumed.lr(step));
    }
    for (size_t i = 0; i < straight.parameters.size(); ++i) {
      INFO(expected.at("name"));
      CHECK(at::equal(straight.parameters[i].second, resumed.parameters[i].second));
    }
    const auto a = whole->state(), b = second->state();
    REQUIRE(a.size() == b.size());
    for (size_t i = 0; i < a.size(); ++i) {
      CHECK(a[i].first == b[i].first);
      CHECK(at::equal(a[i].second, b[i].second));
    }
  }
}

TEST_CASE("an optimizer state that does not fit is refused by name") {
  Problem problem;
  const auto optimizer = make_optimizer(AdamConfig{}, problem.parameters);
  const auto refused = [&](const NamedTensors& saved, const std::string& part) {
    try {
      optimizer->load(saved);
      FAIL("accepted");
    } catch (const Error& e) {
      CHECK(e.code() == ExitCode::cannot_resume);
      CHECK_THAT(e.what(), Catch::Contains(part));
    }
  };
  refused({}, "0 tensors");
  auto renamed = optimizer->state();
  renamed[1].first = "other.exp_avg";
  refused(renamed, "conv.bias.exp_avg_sq");
  auto reshaped = optimizer->state();
  reshaped[0].second = at::zeros({7});
  refused(reshaped, "conv.bias.exp_avg");
}

TEST_CASE("sgd without momentum keeps no state, and nesterov without momentum is refused") {
  Problem problem;
  CHECK(make_optimizer(SgdConfig{.momentum = 0}, problem.parameters)->state().empty());
  CHECK_THROWS_AS(make_optimizer(SgdConfig{.momentum = 0, .nesterov = true}, problem.parameters), Error);
}

TEST_CASE("clipped gradients and their norm match torch.nn.utils.clip_grad_norm_") {
  const auto json = fixture("clipping.json");
  for (const auto& expected : json.at("cases")) {
    std::vector<at::Tensor> parameters;
    const auto& shapes = json.at("shapes");
    for (size_t i = 0; i < shapes.size(); ++i) {
      parameters.push_back(at::zeros(shapes[i].get<std::vector<int64_t>>()).requires_grad_());
      parameters.back().mutable_grad() = tensor_of(expected.at("before").at(i), shapes[i]);
    }
    parameters.push_back(at::zeros({3}).requires_grad_());  // without a gradient
    const double max_norm = expected.at("max_norm");
    CHECK(clip_gradients(parameters, max_norm).item<double>() == Approx(expected.at("norm").get<double>()).epsilon(1e-6));
    for (size_t i = 0; i < shapes.size(); ++i) {
      CHECK(at::allclose(parameters[i].grad(), tensor_of(expected.at("after").at(i), shapes[i]), 1e-6, 1e-8));
    }
  }
}

TEST_CASE("clipping with max_norm 0 only measures, and no gradients have norm 0") {
  const auto parameter = at::zeros({2}).requires_grad_();
  CHECK(clip_gradients({parameter}, 1).item<double>() == 0);
  parameter.mutable_grad() = at::tensor({3.0F, 4.0F});
  CHECK(clip_gradients({parameter}, 0).item<double>() == 5);
  CHECK(at::equal(parameter.grad(), at::tensor({3.0F, 4.0F})));
}

TEST_CASE("an update has the same bits on any number of threads") {
  at::manual_seed(1);
  const std::vector<at::Tensor> values{at::randn({128, 65, 3, 3}),
                                       at::randn({96, 64, 3, 3}).contiguous(at::MemoryFormat::ChannelsLast),
                                       at::randn({1021, 257}), at::randn({100003})};
  std::vector<at::Tensor> gradients;
  for (const at::Tensor& value : values) gradients.push_back(at::randn_like(value));
  const auto weights_after = [&](const OptimizerConfig& rule, int threads) {
    at::set_num_threads(threads);
    NamedTensors named;
    std::vector<at::Tensor> weights;
    for (size_t i = 0; i < values.size(); ++i) {
      named.emplace_back(std::to_string(i), values[i].clone().requires_grad_());
      named.back().second.mutable_grad() = gradients[i].clone();
      weights.push_back(named.back().second);
    }
    const auto optimizer = make_optimizer(rule, named);
    for (int step = 0; step < 3; ++step) {
      clip_gradients(weights, 1);
      optimizer->step(0.1);
    }
    return weights;
  };
  const LarsConfig everywhere{.weight_decay = 0.1, .adapt_bias_and_norm = true};
  for (const OptimizerConfig& rule :
       {OptimizerConfig(SgdConfig{}), OptimizerConfig(AdamConfig{}), OptimizerConfig(AdamWConfig{.weight_decay = 0.1}),
        OptimizerConfig(everywhere), OptimizerConfig(LambConfig{.adapt_bias_and_norm = true})}) {
    const std::vector<at::Tensor> one = weights_after(rule, 1);
    for (const int threads : {2, 3}) {
      const std::vector<at::Tensor> several = weights_after(rule, threads);
      for (size_t i = 0; i < one.size(); ++i) CHECK(at::equal(one[i], several[i]));
    }
  }
  at::set_num_threads(1);
}

TEST_CASE("clipping and an average in the pass of the update give what they give one after the other") {
  at::manual_seed(1);
  const std::vector<at::Tensor> values{at::randn({40, 31}), at::randn({7, 5, 3, 3}).contiguous(at::MemoryFormat::ChannelsLast),
                                       at::randn({33}), at::randn({70001})};
  LarsConfig mlperf{.weight_decay = 0.1};
  mlperf.form = LarsForm::mlperf;
  for (const OptimizerConfig& rule :
       {OptimizerConfig(SgdConfig{.weight_decay = 0.1}), OptimizerConfig(SgdConfig{.nesterov = true}),
        OptimizerConfig(SgdConfig{.momentum = 0}), OptimizerConfig(AdamConfig{}),
        OptimizerConfig(AdamWConfig{.weight_decay = 0.1}), OptimizerConfig(LarsConfig{}), OptimizerConfig(mlperf),
        OptimizerConfig(LambConfig{.adapt_bias_and_norm = true})}) {
    NamedTensors together, apart;
    std::vector<at::Tensor> weights, averages, expected;
    for (size_t i = 0; i < values.size(); ++i) {
      for (NamedTensors* named : {&together, &apart}) named->emplace_back(std::to_string(i), values[i].clone().requires_grad_());
      weights.push_back(apart.back().second);
      averages.push_back(values[i].clone());
      expected.push_back(values[i].clone());
    }
    const auto a = make_optimizer(rule, together), b = make_optimizer(rule, apart);
    b->keep_numbers_as_tensors();  // LibTorch's operators
    REQUIRE(a->updates_in_one_pass());
    REQUIRE_FALSE(b->updates_in_one_pass());
    for (int step = 0; step < 3; ++step) {
      std::vector<at::Tensor> gradients;
      for (size_t i = 0; i < values.size(); ++i) {
        gradients.push_back(at::randn_like(values[i]));
        together[i].second.mutable_grad() = gradients[i].clone();
        apart[i].second.mutable_grad() = gradients[i].clone();
      }
      Alongside alongside;
      if (step > 0) alongside.gradient_squares = a->gradient_squares();  // as a check for finite gradients leaves them
      a->clip(3, alongside);
      CHECK(alongside.gradient_scale < 1);
      CHECK(at::equal(together[0].second.grad(), gradients[0]));
      for (const at::Tensor& average : averages) alongside.averages.push_back(average.mutable_data_ptr<float>());
      alongside.averages[2] = nullptr;  // this one has none
      alongside.average_weight = 0.3;
      a->prepare(0.01);
      a->update(alongside);
      clip_gradients(weights, 3);
      b->step(0.01);
      const at::NoGradGuard no_grad;
      for (size_t i = 0; i < values.size(); ++i) {
        if (i != 2) expected[i].lerp_(weights[i], 0.3);
        CHECK(at::allclose(together[i].second, weights[i], 1e-5, 2e-6));
        CHECK(at::allclose(averages[i], expected[i], 1e-5, 2e-6));
      }
    }
    CHECK_THROWS_AS(b->update({.gradient_scale = 0.5}), std::invalid_argument);
    CHECK_THROWS_AS(a->update({.gradient_squares = {1}}), std::invalid_argument);
  }
}

TEST_CASE("the factor of clipping is 1 below the norm, and gradients of any layout are read") {
  const auto parameter = at::zeros({2, 2}).requires_grad_();
  CHECK(gradient_squares({parameter}) == std::vector<double>{0});
  parameter.mutable_grad() = at::tensor({3.0F, 4.0F}).expand({2, 2});
  CHECK(clip_factor(gradient_squares({parameter}), 100) == 1);
  CHECK(clip_factor(gradient_squares({parameter}), 1) == Approx(1 / std::sqrt(50.0)).epsilon(1e-6));
}
