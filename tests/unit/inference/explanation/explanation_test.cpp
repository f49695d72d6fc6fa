#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "hpcai/inference/explanation/grad_cam.h"
#include "hpcai/inference/explanation/occlusion.h"
#include "hpcai/models/feature_network.h"

namespace hpcai::inference {
namespace {

// Maps that are the input itself, smoothed, and a head that is not linear in them.
class SmoothNetwork : public models::MapNetwork {
 public:
  SmoothNetwork() {
    at::manual_seed(3);
    weight_ = register_parameter("weight", at::randn({2, 3}, at::kDouble));
    add_layer("head");
  }
  at::Tensor maps(const at::Tensor& input) override { return at::avg_pool2d(input, 2); }
  at::Tensor summarise(const at::Tensor& maps) override { return maps.square().mean({2, 3}).tanh(); }
  at::Tensor classify(const at::Tensor& features) override { return features.mm(weight_.t()); }
  int64_t feature_count() const override { return weight_.size(1); }

 private:
  at::Tensor weight_;
};

// Class 1 if the red light of the corner at the top left is bright. Its maps are the input.
class CornerNetwork : public models::MapNetwork {
 public:
  int64_t feature_count() const override { return 1; }
  CornerNetwork() { add_layer("head"); }
  at::Tensor maps(const at::Tensor& input) override {
    at::Tensor mask = at::zeros_like(input);
    mask.narrow(1, 0, 1).narrow(2, 0, 4).narrow(3, 0, 4).fill_(1);
    return input * mask;
  }
  at::Tensor summarise(const at::Tensor& maps) override { return maps.mean({2, 3}); }
  at::Tensor classify(const at::Tensor& features) override {
    const at::Tensor score = 40 * features.select(1, 0);
    return at::stack({1 - score, score}, 1);
  }
};

}  // namespace

TEST_CASE("Grad-CAM of a network that is linear on pooled maps is the weights times the maps") {
  const std::vector<int64_t> shape{3, 64, 64};
  const auto model = models::make_model(models::ResNetConfig{.blocks = {1, 1}, .width = 8}, shape, 3, 5);
  model->eval();
  models::MapNetwork& network = models::map_network(*model, "test");
  at::manual_seed(1);
  const at::Tensor input = at::randn({4, 3, 64, 64});
  const at::Tensor target = at::tensor({0, 2, 1, 2}, at::kLong);
  const at::Tensor found = grad_cam(network, input, target);
  const at::NoGradGuard no_grad;
  const at::Tensor maps = network.maps(input), weight = model->named_parameters()["fc.weight"];
  const double places = static_cast<double>(maps.size(2) * maps.size(3));
  const at::Tensor expected = (weight.index_select(0, target).unsqueeze(2).unsqueeze(3) * maps).sum(1).relu() / places;
  CHECK(found.sizes() == at::IntArrayRef({4, 8, 8}));
  CHECK(expected.max().item<double>() > 0);
  CHECK(at::allclose(found, expected, 1e-4, 1e-8));
  CHECK_FALSE(weight.grad().defined());
}

TEST_CASE("Grad-CAM's weights of the maps are finite differences of the score") {
  SmoothNetwork network;
  network.eval();
  at::manual_seed(2);
  const at::Tensor input = at::randn({1, 3, 8, 8}, at::kDouble), target = at::tensor({1}, at::kLong);
  const at::Tensor found = grad_cam(network, input, target);
  const at::NoGradGuard no_grad;
  const at::Tensor maps = network.maps(input);
  at::Tensor sum = at::zeros({4, 4}, at::kDouble);
  constexpr double kStep = 1e-5;
  for (int64_t k = 0; k < 3; ++k) {
    double weight = 0;
    for (int64_t place = 0; place < 16; ++place) {
      const auto score = [&](double step) {
        at::Tensor moved = maps.clone();
        moved[0][k].view(-1)[place] += step;
        return network.classify(network.summarise(moved))[0][1].item<double>();
      };
      weight += (score(kStep) - score(-kStep)) / (2 * kStep) / 16;
    }
    sum += weight * maps[0][k];
  }
  CHECK(at::allclose(found[0], sum.relu(), 1e-6, 1e-9));
}

TEST_CASE("the maps of a network that looks at one corner highlight that corner") {
  CornerNetwork network;
  network.eval();
  at::manual_seed(6);
  const at::Tensor image = at::rand({3, 16, 16}) + 0.5;
  const at::Tensor target = at::tensor({1}, at::kLong);
  const at::Tensor cam = resize_maps(grad_cam(network, image.unsqueeze(0), target), 32, 32)[0];
  CHECK(cam.narrow(0, 0, 6).narrow(1, 0, 6).min().item<double>() > 0);
  CHECK(cam.narrow(0, 12, 20).abs().max().item<double>() == 0);
  CHECK(cam.narrow(1, 12, 20).abs().max().item<double>() == 0);

  at::Tensor bright = at::zeros({3, 16, 16});
  bright.narrow(1, 0, 4).narrow(2, 0, 4).fill_(1);
  const at::Tensor map = occlusion_map(network, bright, 1, {.patch = 4, .stride = 2, .batch = 7});
  CHECK(map.sizes() == at::IntArrayRef({16, 16}));
  CHECK(map.argmax().item<int64_t>() % 16 < 4);
  CHECK(map.argmax().item<int64_t>() / 16 < 4);
  CHECK(map.narrow(0, 6, 10).abs().max().item<double>() == 0);
  CHECK(map.narrow(1, 6, 10).abs().max().item<double>() == 0);
}

TEST_CASE("an occlusion map is the mean fall over all patches that cover a pixel, for any batch") {
  CornerNetwork network;
  network.eval();
  at::manual_seed(7);
  const at::Tensor image = at::rand({3, 11, 9});
  constexpr int64_t kPatch = 4, kStride = 3;
  const auto probability = [&](const at::Tensor& of) { return network.forward(of.unsqueeze(0)).softmax(1)[0][1].item<double>(); };
  at::Tensor sum = at::zeros({11, 9}, at::kDouble), count = at::zeros({11, 9}, at::kDouble);
  for (const int64_t top : {0, 3, 6, 7}) {
    for (const int64_t left : {0, 3, 5}) {
      at::Tensor covered = image.clone();
      for (int64_t c = 0; c < 3; ++c) {
        const double sky = std::get<0>(image[c].flatten().sort())[(11 * 9 - 1) / 2].item<double>();
        covered[c].narrow(0, top, kPatch).narrow(1, left, kPatch).fill_(sky);
      }
      sum.narrow(0, top, kPatch).narrow(1, left, kPatch) += probability(image) - probability(covered);
      count.narrow(0, top, kPatch).narrow(1, left, kPatch) += 1;
    }
  }
  const at::Tensor expected = (sum / count).to(at::kFloat);
  for (const int64_t batch : {1, 5, 64}) {
    CHECK(at::allclose(occlusion_map(network, image, 1, {kPatch, kStride, batch}), expected, 1e-5, 1e-7));
  }
  const at::Tensor whole = occlusion_map(network, image, 1, {64, 8, 4});  // one patch that covers all
  CHECK(whole.max().item<float>() == whole.min().item<float>());
  CHECK_THROWS(occlusion_map(network, image, 1, {2, 4, 4}));
}

}  // namespace hpcai::inference
