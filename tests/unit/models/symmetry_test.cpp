#include "hpcai/models/symmetry.h"

#include <torch/types.h>

#include <catch2/catch.hpp>
#include <cmath>

#include "hpcai/core/error.h"
#include "hpcai/models/feature_network.h"

namespace hpcai::models {
namespace {

std::shared_ptr<Model> symmetric_xception(Symmetry symmetry, int64_t side = 33) {
  const std::vector<int64_t> shape{3, side, side};
  return make_model(
      XceptionConfig{.width_factor = 0.02, .middle_blocks = 1, .head_units = 12, .dropout = 0, .symmetry = symmetry}, shape, 3,
      3);
}

std::shared_ptr<Model> symmetric_resnet(Symmetry symmetry, int64_t side = 32) {
  const std::vector<int64_t> shape{3, side, side};
  return make_model(ResNetConfig{.blocks = {1, 1}, .width = 8, .symmetry = symmetry}, shape, 3, 3);
}

double largest_difference(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

}  // namespace

TEST_CASE("the eight views of a square are different, and each is turned back") {
  const at::Tensor image = at::arange(9, at::kFloat).view({1, 1, 3, 3});
  for (int a = 0; a < kSquareViews; ++a) {
    CHECK(at::equal(from_square_view(square_view(image, a), a), image));
    for (int b = 0; b < a; ++b) CHECK_FALSE(at::equal(square_view(image, a), square_view(image, b)));
  }
  CHECK(at::equal(square_view(image, 1), image.transpose(2, 3).flip({2})));
  CHECK(at::equal(square_view(image, 4), image.flip({3})));
}

TEST_CASE("symmetric maps turn with the image, whatever the maps of a view are, together or one by one") {
  at::manual_seed(1);
  const at::Tensor kernel = at::randn({4, 3, 3, 3}), image = at::randn({2, 3, 10, 10});
  const auto maps = [&](const at::Tensor& x) { return at::conv2d(x, kernel, {}, 2).tanh(); };  // of stride 2: not equivariant
  for (const bool together : {false, true}) {
    const at::Tensor of_image = symmetric_maps(Symmetry::d4, image, together, maps);
    CHECK(of_image.sizes() == at::IntArrayRef({2, 4, 4, 4}));
    for (int view = 0; view < kSquareViews; ++view) {
      const at::Tensor of_view = symmetric_maps(Symmetry::d4, square_view(image, view), together, maps);
      CHECK(largest_difference(of_view, square_view(of_image, view)) < 1e-6);
    }
    at::Tensor mean = at::zeros({2, 4});
    for (int view = 0; view < kSquareViews; ++view) mean += maps(square_view(image, view)).mean({2, 3}) / kSquareViews;
    CHECK(largest_difference(of_image.mean({2, 3}), mean) < 1e-6);
  }
  CHECK(at::equal(symmetric_maps(Symmetry::none, image, true, maps), maps(image)));
}

TEST_CASE("the output of a symmetric network is the same for every flip and turn of any image of a batch") {
  for (const auto make_network : {symmetric_xception, symmetric_resnet}) {
    for (const bool trains : {false, true}) {
      at::manual_seed(2);
      const auto model = make_network(Symmetry::d4, 32), plain = make_network(Symmetry::none, 32);
      const at::Tensor images = at::randn({3, 3, 32, 32});
      model->train(trains);
      plain->train(trains);
      const at::NoGradGuard no_grad;
      const at::Tensor output = model->forward(images), of_plain = plain->forward(images);
      const double scale = output.abs().max().item<double>();
      double most = 0, most_plain = 0;
      for (int view = 1; view < kSquareViews; ++view) {
        at::Tensor turned = images.clone();  // only the first one is turned: the statistics of a batch must not change either
        turned.narrow(0, 0, 1).copy_(square_view(images.narrow(0, 0, 1), view));
        most = std::max(most, largest_difference(model->forward(turned), output));
        most_plain = std::max(most_plain, largest_difference(plain->forward(turned), of_plain));
      }
      CHECK(most < 1e-4 * scale);
      CHECK(most_plain > 1e-3 * scale);
    }
  }
}

TEST_CASE("a symmetric network has the tensors of the plain one, and one update of its running statistics a pass") {
  const auto model = symmetric_resnet(Symmetry::d4, 32), plain = symmetric_resnet(Symmetry::none, 32);
  const auto names = [](const Model& network) {
    std::vector<std::string> all = network.named_parameters().keys();
    for (const std::string& name : network.named_buffers().keys()) all.push_back(name);
    return all;
  };
  CHECK(names(*model) == names(*plain));
  CHECK(model->layers() == plain->layers());
  at::manual_seed(4);
  const at::Tensor images = at::randn({4, 3, 32, 32});
  at::Tensor views = images;
  for (int view = 1; view < kSquareViews; ++view) views = at::cat({views, square_view(images, view)});
  const at::NoGradGuard no_grad;
  model->forward(images);
  plain->forward(views);
  for (const auto& item : plain->named_buffers()) {
    CHECK(at::allclose(model->named_buffers()[item.key()], item.value(), 1e-5, 1e-6));
  }
}

TEST_CASE("the gradient of a symmetric network is that of its output") {
  for (const auto make_network : {symmetric_xception, symmetric_resnet}) {
    for (const bool trains : {false, true}) {
      at::manual_seed(5);
      const auto model = make_network(Symmetry::d4, 32);
      model->to(at::kDouble);
      model->train(trains);
      const at::Tensor images = at::randn({2, 3, 32, 32}, at::kDouble), weights = at::randn({2, 3}, at::kDouble);
      const auto loss = [&] { return (model->forward(images) * weights).sum(); };
      loss().backward();
      double slope = 0;
      std::vector<at::Tensor> direction;
      const at::NoGradGuard no_grad;
      for (const at::Tensor& parameter : model->parameters()) {
        direction.push_back(at::randn_like(parameter));
        slope += (direction.back() * parameter.grad()).sum().item<double>();
      }
      constexpr double kStep = 1e-8;
      const auto move = [&](double by) {
        size_t i = 0;
        for (const at::Tensor& parameter : model->parameters()) parameter.data().add_(by * direction[i++]);
        return loss().item<double>();
      };
      const double difference_of_losses = move(kStep) - move(-2 * kStep);
      CHECK(std::abs(slope) > 1e-5);
      CHECK(difference_of_losses / (2 * kStep) == Approx(slope).epsilon(1e-3));
    }
  }
}

TEST_CASE("a symmetric network refuses images that are not square") {
  const std::vector<int64_t> oblong{3, 32, 40};
  for (const ModelConfig& config : {ModelConfig(XceptionConfig{.width_factor = 0.02, .symmetry = Symmetry::d4}),
                                    ModelConfig(ResNetConfig{.symmetry = Symmetry::d4})}) {
    try {
      make_model(config, oblong, 2, 1);
      FAIL("no error");
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::usage);
      CHECK(std::string(error.what()).find("these have 32 x 40 pixels") != std::string::npos);
    }
  }
}

TEST_CASE("a network that begins at its maps makes the same of the means of its maps, and then takes images again") {
  for (const auto make_network : {symmetric_xception, symmetric_resnet}) {
    const auto model = make_network(Symmetry::d4, 32);
    model->eval();
    MapNetwork& network = map_network(*model, "test");
    CHECK(network.reads_means_of_maps());
    at::manual_seed(6);
    const at::Tensor images = at::randn({2, 3, 32, 32}), means = network.maps(images).mean({2, 3}, /*keepdim=*/true);
    const at::Tensor output = model->forward(images);
    {
      const BeginAtMaps from_maps(&network);
      CHECK(largest_difference(model->forward(means), output) < 1e-6);
    }
    CHECK(at::equal(model->forward(images), output));
    const BeginAtMaps nothing(nullptr);
  }
}

}  // namespace hpcai::models
