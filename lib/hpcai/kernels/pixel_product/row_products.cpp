#include "hpcai/kernels/pixel_product/row_products.h"

#include <algorithm>
#include <memory>
#include <type_traits>

#include "hpcai/core/threads/pieces.h"
#include "hpcai/kernels/packed_product/cpu/packed_product.h"
#include "hpcai/kernels/storage.h"
#include "hpcai/kernels/widened/cpu/widen_passes.h"
#include "hpcai/kernels/widened/widened.h"

namespace hpcai::kernels {
namespace {

// Rows and depth of one packed product. The rows are copied without the gaps that the rest of the depth leaves, and with a row
// length that is no multiple of 4096 bytes: they stay in the second cache level for all panels, and two panels in the first one
// for all rows.
constexpr int64_t kRows = 96, kDepth = 256, kRowLength = kDepth + kPanel;

// Rows of one product of the library, for rows with so many values in float32.
int64_t rows_of_product(int64_t values) { return std::clamp<int64_t>((1 << 18) / values, 256, 768); }
// The same for products whose sums are read and written again.
int64_t rows_of_sums(int64_t values) { return std::clamp<int64_t>((1 << 19) / values, 512, 2048); }

void copy(const float* from, int64_t count, float* to) { std::copy_n(from, count, to); }
void copy(const c10::BFloat16* from, int64_t count, float* to) { widen(from, count, to); }

// What a product writes, in float32: the memory itself, or where that is bfloat16 a copy that finish() rounds.
template <class T>
class Result {
 public:
  Result(T* memory, int64_t count, bool add) : memory_(memory), count_(count) {
    if constexpr (!std::is_same_v<T, float>) {
      copy_ = std::make_unique_for_overwrite<float[]>(count);
      if (add) widen(memory, count, copy_.get());
    }
  }
  float* data() const {
    if constexpr (std::is_same_v<T, float>) {
      return memory_;
    } else {
      return copy_.get();
    }
  }
  void finish() const {
    if constexpr (!std::is_same_v<T, float>) narrow(copy_.get(), count_, memory_);
  }

 private:
  T* const memory_;
  const int64_t count_;
  std::unique_ptr<float[]> copy_;
};

// Some rows times packed panels.
template <class From>
void multiply_block(const From* left, int64_t rows, const PanelSource& matrix, const float* panels, bool add, float* out) {
  const auto block = std::make_unique_for_overwrite<float[]>(rows * kRowLength);
  for (int64_t k = 0; k < matrix.depth; k += kDepth) {
    const int64_t depth = std::min(kDepth, matrix.depth - k);
    for (int64_t row = 0; row < rows; ++row) copy(left + row * matrix.depth + k, depth, block.get() + row * kRowLength);
    multiply(
        {.left =
             {.data = block.get(), .row = kRowLength, .k = 1, .row_block = rows, .k_block = depth, .next_rows = 0, .next_ks = 0},
         .right = panels + k * kPanel,
         .right_panel = matrix.depth * kPanel,
         .out = out,
         .out_row = matrix.columns,
         .out_panel = kPanel,
         .rows = rows,
         .depth = depth,
         .first = 0,
         .end = matrix.columns,
         .add = add || k > 0});
  }
}

template <class From, class To>
void multiply_packed(const From* left, int64_t rows, const PanelSource& matrix, bool add, To* out) {
  const int64_t panels = panels_of(matrix.columns), size = matrix.depth * kPanel;
  const at::Tensor packed = at::empty({panels * size}, at::kFloat);
  float* const values = packed.mutable_data_ptr<float>();
  for_pieces(panels, [&](int64_t panel) { pack_panel(matrix, panel, values + panel * size); });
  for_pieces((rows + kRows - 1) / kRows, [&](int64_t piece) {
    const int64_t first = piece * kRows, count = std::min(kRows, rows - first);
    const Result<To> result(out + first * matrix.columns, count * matrix.columns, add);
    multiply_block(left + first * matrix.depth, count, matrix, values, add, result.data());
    result.finish();
  });
}

void multiply_packed(const at::Tensor& left, const at::Tensor& matrix, bool add, const at::Tensor& out) {
  const PanelSource source{.from = matrix.const_data_ptr<float>(),
                           .k_step = matrix.stride(0),
                           .column_step = matrix.stride(1),
                           .depth = matrix.size(0),
                           .columns = matrix.size(1)};
  with_storage(left, [&](auto from) {
    with_storage(out, [&](auto to) {
      multiply_packed(left.const_data_ptr<decltype(from)>(), left.size(0), source, add, out.mutable_data_ptr<decltype(to)>());
    });
  });
}

// In the type of the three.
void multiply_by_library(const at::Tensor& left, const at::Tensor& matrix, bool add, at::Tensor out) {
  add ? out.addmm_(left, matrix) : at::mm_out(out, left, matrix);
}

// Stored rows times a float32 matrix, in float32. Each piece multiplies on one thread.
void multiply_widened(const at::Tensor& left, const at::Tensor& matrix, bool add, const at::Tensor& out) {
  const int64_t rows = left.size(0), size = rows_of_product(matrix.size(0) + matrix.size(1));
  for_pieces((rows + size - 1) / size, [&](int64_t piece) {
    const at::NoGradGuard no_grad;  // is off in other threads
    const int64_t first = piece * size, count = std::min(size, rows - first);
    const at::Tensor of_piece = out.narrow(0, first, count);
    const bool is_wide = out.scalar_type() == at::kFloat;
    const at::Tensor result = add || is_wide ? widened(of_piece) : at::empty(of_piece.sizes(), at::kFloat);
    multiply_by_library(widened(left.narrow(0, first, count)), matrix, add, result);
    if (!is_wide) round_to(result, of_piece);
  });
}

}  // namespace

void multiply_rows(const at::Tensor& left, const at::Tensor& matrix, Multiplier multiplier, bool add, const at::Tensor& out) {
  if (multiplier == Multiplier::packed) return multiply_packed(left, matrix, add, out);
  if (multiplier == Multiplier::library && left.scalar_type() != at::kFloat) return multiply_widened(left, matrix, add, out);
  multiply_by_library(left, matrix.to(left.scalar_type()), add, out);
}

at::Tensor multiply_transposed(const at::Tensor& left, const at::Tensor& right, Multiplier multiplier) {
  if (left.scalar_type() == at::kFloat) return left.t().mm(right);
  if (multiplier == Multiplier::library_bfloat16) return left.t().mm(right).to(at::kFloat);
  at::Tensor sum = at::empty({left.size(1), right.size(1)}, at::kFloat);
  const int64_t rows = left.size(0), size = rows_of_sums(left.size(1) + right.size(1));
  for (int64_t first = 0; first < rows; first += size) {
    const auto block = [&](const at::Tensor& of) { return widened(of.narrow(0, first, std::min(size, rows - first))); };
    multiply_by_library(block(left).t(), block(right), /*add=*/first > 0, sum);
  }
  return sum;
}

}  // namespace hpcai::kernels
