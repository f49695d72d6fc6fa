#include <algorithm>

#include "hpcai/core/threads/pieces.h"
#include "hpcai/kernels/tile_convolution/room.h"
#include "hpcai/kernels/tile_convolution/tile_passes.h"
#include "hpcai/kernels/tile_products/cpu/image_tiles.h"
#include "hpcai/kernels/tile_products/cpu/tile_products.h"

namespace hpcai::kernels::image_products {
namespace {

using image_tiles::BlockProduct, image_tiles::blocks_of, image_tiles::kBlock, image_tiles::kStepSize, image_tiles::kTile,
    image_tiles::kTileSize, image_tiles::pack_pairs, image_tiles::pack_transposed;

// A sum is taken over so many rows at a time that most of what is multiplied stays in the second cache level. More rows are
// better than operands in the first one, because fewer sums are stored and loaded again.
constexpr int64_t kMostRows = 1024, kFewestRows = 64, kBytes = 3 << 20;

int64_t rows_of_batch(const Images& images, const Window& window, const Images& dy) {
  const int64_t copies = window.taps.size() > 1 ? 2 : 1;
  return std::clamp(kBytes / (2 * (copies * images.channels + dy.channels)), kFewestRows, kMostRows);
}

// The rows of some segments as what tiles read: dy transposed, and pairs of rows of the images, which begin with an even row or
// with an odd one, because a tap may lie an odd number of rows behind.
class Batch {
 public:
  Batch(const Images& images, const Window& window, const Images& dy)
      : images_(images), dy_(dy), grid_(images, window, rows_of_batch(images, window, dy)) {
    together_ = std::max<int64_t>(1, rows_of_batch(images, window, dy) / grid_.rows(grid_.segment(0)));
    together_ = std::min(together_, grid_.segments());
    for (const Tap& tap : window.taps) is_used_[grid_.offset(tap) % 2] = true;
    const int64_t most_rows = together_ * rows_between();
    most_steps_ = together_ * blocks_of(grid_.rows(grid_.segment(0)));
    if (grid_.is_copied()) copies_ = room<uint16_t>(most_rows * grid_.row_length());
    of_dy_ = room<uint16_t>(blocks_of(dy.channels) * most_steps_ * kStepSize);
    for (int parity = 0; parity < 2; ++parity) {
      if (is_used_[parity]) pairs_[parity] = room<uint16_t>(blocks_of(images.channels) * 2 * most_rows / 2 * kBlock);
    }
    next_ = most_rows / 2 * kBlock;
  }

  int64_t count() const { return (grid_.segments() + together_ - 1) / together_; }

  void load(int64_t number) {
    const int64_t first = number * together_, segments = std::min(together_, grid_.segments() - first);
    if (grid_.is_copied()) copy(first, segments);
    list_steps(first, segments);
    for_pieces(static_cast<int64_t>(a_steps_.size()), [&](int64_t step) { transpose(step); });
    for_pieces(segments, [&](int64_t i) { pair(grid_.segment(first + i), i); });
  }

  // The block of dy's channels [32 row, ...) and the images' [32 column, ...) for one tap.
  BlockProduct product(const Tap& tap, int64_t row, int64_t column, float* block, bool add) const {
    const int64_t offset = grid_.offset(tap);
    const uint16_t* const a = of_dy_.get() + row * most_steps_ * kStepSize;
    const uint16_t* const b = pairs_[offset % 2].get() + 2 * column * next_ + offset / 2 * kBlock;
    return {.a = {a, a + kTileSize},
            .a_row = kBlock,
            .b = {b, b + next_},
            .a_steps = a_steps_.data(),
            .b_steps = b_steps_.data(),
            .steps = static_cast<int64_t>(a_steps_.size()),
            .two_rows = dy_.channels - row * kBlock > kTile,
            .two_columns = images_.channels - column * kBlock > kTile,
            .add = add,
            .c = block};
  }

 private:
  // Rows from one segment to the next.
  int64_t rows_between() const {
    return grid_.is_copied() ? grid_.copied_rows() : blocks_of(grid_.rows(grid_.segment(0))) * kBlock;
  }

  void copy(int64_t first, int64_t segments) {
    for_pieces(segments * grid_.parts(), [&](int64_t piece) {
      const int64_t segment = piece / grid_.parts();
      grid_.copy_part(grid_.segment(first + segment), piece % grid_.parts(),
                      copies_.get() + segment * rows_between() * grid_.row_length());
    });
  }

  void list_steps(int64_t first, int64_t segments) {
    a_steps_.clear();
    b_steps_.clear();
    targets_.clear();
    for (int64_t i = 0; i < segments; ++i) {
      const Segment segment = grid_.segment(first + i);
      for (int64_t row = 0; row < grid_.rows(segment); row += kBlock) {
        a_steps_.push_back(static_cast<int64_t>(a_steps_.size()) * kStepSize);
        b_steps_.push_back((i * rows_between() + row) / 2 * kBlock);
        for (int64_t j = row; j < row + kBlock; ++j) targets_.push_back(grid_.target(segment, j, dy_, {}));
      }
    }
  }

  void transpose(int64_t step) {
    for (int64_t block = 0; block < blocks_of(dy_.channels); ++block) {
      const int64_t first = block * kBlock;
      pack_transposed(dy_.data + first, targets_.data() + step * kBlock, std::min(kBlock, dy_.channels - first),
                      of_dy_.get() + (block * most_steps_ + step) * kStepSize);
    }
  }

  void pair(const Segment& segment, int64_t number) {
    const int64_t row = grid_.row_length(), rows = grid_.is_copied() ? grid_.copied_rows() : grid_.rows(segment);
    const uint16_t* const from = grid_.is_copied() ? copies_.get() + number * rows_between() * row : grid_.rows_of(segment);
    for (int parity = 0; parity < 2; ++parity) {
      if (!is_used_[parity]) continue;
      pack_pairs({.data = from + parity * row, .row = row, .rows = rows - parity, .columns = images_.channels},
                 rows_between() / 2, pairs_[parity].get() + number * rows_between() / 2 * kBlock, next_);
    }
  }

  const Images images_, dy_;
  const Grid grid_;
  int64_t together_, most_steps_, next_;
  bool is_used_[2] = {};
  Room<uint16_t> copies_, of_dy_, pairs_[2];
  std::vector<int64_t> a_steps_, b_steps_, targets_;
};

// A block of the gradient, for all taps, into [channels of dy, channels, taps].
struct Result {
  float* data;
  int64_t rows, columns, taps;

  void write(const float* block, int64_t row, int64_t column) const {
    const int64_t count = std::min(kBlock, columns - column);
    for (int64_t i = 0; i < std::min(kBlock, rows - row); ++i) {
      float* to = data + ((row + i) * columns + column) * taps;
      const float* const from = block + i * kBlock;
      if (taps == 1) {
        std::copy_n(from, count, to);
        continue;
      }
      for (int64_t j = 0; j < count; ++j) {
        for (int64_t tap = 0; tap < taps; ++tap) *to++ = from[tap * kBlock * kBlock + j];
      }
    }
  }
};

}  // namespace

void weight_gradient(const Images& images, const Window& window, const Images& dy, float* result) {
  Batch batch(images, window, dy);
  const int64_t taps = static_cast<int64_t>(window.taps.size()), size = taps * kBlock * kBlock;
  const int64_t rows = blocks_of(dy.channels), columns = blocks_of(images.channels);
  const bool is_kept = batch.count() > 1;
  const Room<float> kept = room<float>(is_kept ? rows * columns * size : 0);
  const Result to{result, dy.channels, images.channels, taps};
  constexpr int64_t kPieces = 32;
  const int64_t of_piece = std::min(columns, (rows * columns + kPieces - 1) / kPieces);
  const int64_t column_pieces = (columns + of_piece - 1) / of_piece;
  for (int64_t number = 0; number < batch.count(); ++number) {
    batch.load(number);
    for_pieces(rows * column_pieces, [&](int64_t piece) {
      const int64_t row = piece / column_pieces, first = piece % column_pieces * of_piece;
      const Room<float> passing = room<float>(is_kept ? 0 : size);
      const TileRegisters registers;
      for (int64_t column = first; column < std::min(columns, first + of_piece); ++column) {
        float* const block = is_kept ? kept.get() + (row * columns + column) * size : passing.get();
        for (int64_t tap = 0; tap < taps; ++tap) {
          image_tiles::multiply(batch.product(window.taps[tap], row, column, block + tap * kBlock * kBlock, number > 0));
        }
        if (number + 1 == batch.count()) to.write(block, row * kBlock, column * kBlock);
      }
    });
  }
}

}  // namespace hpcai::kernels::image_products
