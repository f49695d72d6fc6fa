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

// Rows that are widened and multiplied together, in the sum over rows and in other products, and most of such blocks in a piece,
// which has its memory for all of them: new memory would leave the cache. A piece of fewer rows than kFewestRows would mostly
// read the matrix.
constexpr int64_t kRowsOfSum = 1024, kRowsOfBlock = 512, kBlocks = 4, kFewestRows = 96;

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

// Calls work(first row, number of rows) for blocks of rows [first, end).
template <class Work>
void for_blocks(int64_t first, int64_t end, int64_t rows, const Work& work) {
  for (; first < end; first += rows) work(first, std::min(rows, end - first));
}

// Rows [first, end) of bfloat16 times a float32 matrix.
void multiply_widened(const at::Tensor& left, const at::Tensor& matrix, bool add, const at::Tensor& out, int64_t first,
                      int64_t end) {
  const bool is_wide = out.scalar_type() == at::kFloat;
  const int64_t most = std::min(kRowsOfBlock, end - first);
  const at::Tensor wide = at::empty({most, matrix.size(0)}, at::kFloat);
  const at::Tensor scratch = is_wide ? at::Tensor() : at::empty({most, matrix.size(1)}, at::kFloat);
  for_blocks(first, end, kRowsOfBlock, [&](int64_t from, int64_t count) {
    const at::Tensor of_block = out.narrow(0, from, count), rows = wide.narrow(0, 0, count);
    const at::Tensor result = is_wide ? of_block : scratch.narrow(0, 0, count);
    widen_to(left.narrow(0, from, count), rows);
    if (add && !is_wide) widen_to(of_block, result);
    multiply_by_library(rows, matrix, add, result);
    if (!is_wide) round_to(result, of_block);
  });
}

// The same for all rows. Each piece multiplies on one thread.
void multiply_widened(const at::Tensor& left, const at::Tensor& matrix, bool add, const at::Tensor& out) {
  const int64_t rows = left.size(0), of_thread = (rows + compute_threads() - 1) / compute_threads();
  const int64_t size = std::clamp(of_thread, kFewestRows, kBlocks * kRowsOfBlock);
  for_pieces((rows + size - 1) / size, [&](int64_t piece) {
    const at::NoGradGuard no_grad;  // other threads record gradients unless told otherwise
    multiply_widened(left, matrix, add, out, piece * size, std::min(rows, (piece + 1) * size));
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
  const int64_t rows = left.size(0), most = std::min(rows, kRowsOfSum);
  const at::Tensor wide_left = at::empty({most, left.size(1)}, at::kFloat),
                   wide_right = at::empty({most, right.size(1)}, at::kFloat);
  const at::Tensor sum = at::empty({left.size(1), right.size(1)}, at::kFloat);
  for_blocks(0, rows, kRowsOfSum, [&](int64_t first, int64_t count) {
    const at::Tensor of_left = wide_left.narrow(0, 0, count), of_right = wide_right.narrow(0, 0, count);
    widen_to(left.narrow(0, first, count), of_left);
    widen_to(right.narrow(0, first, count), of_right);
    multiply_by_library(of_left.t(), of_right, /*add=*/first > 0, sum);
  });
  return sum;
}

}  // namespace hpcai::kernels
