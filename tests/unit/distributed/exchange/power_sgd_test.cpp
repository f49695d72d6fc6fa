#include "check.h"

#include <limits>

#include "fake_group.h"
#include "hpcai/distributed/exchange/power_sgd.h"

namespace hpcai::distributed {

TEST_CASE("columns become orthonormal and span the same space") {
  at::manual_seed(1);
  const int64_t columns = GENERATE(1, 2, 4);
  const at::Tensor before = at::randn({50, columns}), after = before.clone();
  orthonormalise(after);
  CHECK(at::allclose(at::mm(after.t(), after), at::eye(columns), 1e-5, 1e-6));
  CHECK(at::allclose(at::mm(after, at::mm(after.t(), before)), before, 1e-4, 1e-5));
}

// As `matrix`, with columns that lie one after the other in memory. It takes the way of matrices on GPUs.
at::Tensor by_columns(const at::Tensor& matrix) { return matrix.t().contiguous().t(); }

TEST_CASE("the columns on a CPU are those that LibTorch's operators compute") {
  at::manual_seed(4);
  const int64_t columns = GENERATE(2, 5);
  const int64_t rows = GENERATE(7, 64, 301);
  const at::Tensor before = at::randn({rows, columns}), direct = before.clone(), by_operators = by_columns(before);
  orthonormalise(direct);
  orthonormalise(by_operators);
  CHECK(at::allclose(direct, by_operators, 1e-6, 1e-7));
}

TEST_CASE("a column that is zero or depends on others becomes zero, and one that is no number stays so") {
  at::manual_seed(2);
  const bool direct = GENERATE(true, false);
  const auto laid_out = [&](const at::Tensor& matrix) { return direct ? matrix : by_columns(matrix); };
  const at::Tensor matrix = laid_out(at::randn({20, 4}));
  matrix.select(1, 1).zero_();
  matrix.select(1, 2).copy_(matrix.select(1, 0) * 3);
  orthonormalise(matrix);
  const at::Tensor lengths = matrix.norm(2, 0);
  CHECK(at::allclose(lengths, at::tensor({1.F, 0.F, 0.F, 1.F}), 1e-6, 1e-6));
  const at::Tensor wide = laid_out(at::randn({3, 5}));
  orthonormalise(wide);
  CHECK(at::allclose(at::mm(wide, wide.t()), at::eye(3), 1e-5, 1e-6));
  CHECK(wide.narrow(1, 3, 2).eq(0).all().item<bool>());
  const at::Tensor broken = laid_out(at::ones({5, 2}));
  broken[3][0] = std::numeric_limits<float>::infinity();
  orthonormalise(broken);
  CHECK_FALSE(broken.isfinite().all().item<bool>());
}

TEST_CASE("fewer values travel than a bucket has, and each gradient is taken as it lies in memory") {
  FakeGroup group({1, 1});
  const at::Tensor bucket = at::zeros({64 * 36 + 64});
  const at::Tensor images = bucket.narrow(0, 0, 64 * 36).as_strided({64, 4, 3, 3}, {36, 1, 12, 4});  // channels-last
  const std::vector<at::Tensor> gradients{images, bucket.narrow(0, 64 * 36, 64)};
  PowerSgd compressed(group, bucket, gradients, 2, 0);
  const SentValues sent = sent_values(gradients, 2);
  CHECK(sent.left == 2 * 64 + 64);
  CHECK(sent.right == 2 * 36);
  at::manual_seed(3);
  const at::Tensor gradient = at::mm(at::randn({64, 2}), at::randn({2, 36}));
  for (int step = 0; step < 3; ++step) {
    bucket.narrow(0, 0, 64 * 36).copy_(gradient.flatten());
    bucket.narrow(0, 64 * 36, 64).fill_(step);
    compressed.send_left();
    compressed.send_right();
    compressed.complete();
  }
  CHECK(at::allclose(bucket.narrow(0, 0, 64 * 36), gradient.flatten(), 1e-4, 1e-4));  // it has rank 2
  CHECK(at::equal(bucket.narrow(0, 64 * 36, 64), at::full({64}, 2.F)));
}

}  // namespace hpcai::distributed
