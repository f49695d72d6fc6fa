#include "hpcai/kernels/dropout/dropout_mask.h"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <cmath>

namespace hpcai::kernels {

TEST_CASE("the dropout mask drops the asked part, without patterns over channels or steps") {
  constexpr int64_t kCount = 1 << 20;
  for (const uint32_t key : {0u, 1u, 2u, 0xFFFFFFFFu}) {
    const at::Tensor dropped = (dropout_mask({{.first = key, .second = key * 7}}, 0.2, kCount)[0] == 0).to(at::kDouble);
    CHECK(dropped.mean().item<double>() == Approx(0.2).margin(0.002));  // five standard deviations
    const at::Tensor centred = dropped - 0.2;
    for (const int64_t lag : {1, 16, 128, 1000}) {
      const double correlation = (centred.slice(0, 0, kCount - lag) * centred.slice(0, lag)).mean().item<double>() / (0.2 * 0.8);
      INFO("key " << key << " lag " << lag);
      CHECK(std::abs(correlation) < 0.005);
    }
  }
}

TEST_CASE("each row of the dropout mask is its key's own, and what is kept is scaled") {
  const std::vector<DropoutKey> keys{{.first = 3, .second = 4}, {.first = 5, .second = 6}, {.first = 3, .second = 4}};
  const at::Tensor mask = dropout_mask(keys, 0.25, 1000);
  REQUIRE(mask.sizes() == at::IntArrayRef({3, 1000}));
  CHECK(mask[0].equal(mask[2]));
  CHECK_FALSE(mask[0].equal(mask[1]));
  for (int64_t i = 0; i < 1000; ++i) {
    const bool off = dropped(keys[1], static_cast<uint32_t>(i), dropout_threshold(0.25));
    REQUIRE(mask[1][i].item<float>() == (off ? 0.0f : 4.0f / 3.0f));
  }
}

}  // namespace hpcai::kernels
