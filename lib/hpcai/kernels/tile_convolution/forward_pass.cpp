#include <algorithm>

#include "hpcai/core/threads/pieces.h"
#include "hpcai/kernels/tile_convolution/room.h"
#include "hpcai/kernels/tile_convolution/tile_passes.h"
#include "hpcai/kernels/tile_products/cpu/image_tiles.h"
#include "hpcai/kernels/tile_products/cpu/tile_products.h"

namespace hpcai::kernels::image_products {
namespace {

using image_tiles::BlockProduct, image_tiles::blocks_of, image_tiles::kBlock, image_tiles::kNowhere, image_tiles::kStepSize,
    image_tiles::kTile, image_tiles::kTileSize, image_tiles::pack_weight, image_tiles::store_rows;

// Rows that are multiplied together, which stay in the second cache level, and the most steps of a panel of the kernel that stay
// in the first one meanwhile.
constexpr int64_t kRows = 384, kMostSteps = 20;

// The kernel as panels of 32 columns: [panel, tap, step].
class Panels {
 public:
  explicit Panels(const KernelMatrices& kernel)
      : steps_(static_cast<int64_t>(kernel.taps.size()) * blocks_of(kernel.depth)),
        columns_(kernel.columns),
        tiles_(room<uint16_t>(count() * steps_ * kStepSize)) {
    // The weight is read in the order in which it lies in memory, and the taps of its values lie side by side.
    const int64_t blocks = blocks_of(kernel.depth);
    const bool by_depth = kernel.column_step < kernel.depth_step;
    for_pieces(by_depth ? blocks : count(), [&](int64_t outer) {
      for (int64_t inner = 0; inner < (by_depth ? count() : blocks); ++inner) {
        pack_steps(kernel, by_depth ? inner : outer, by_depth ? outer : inner);
      }
    });
  }

  int64_t count() const { return blocks_of(columns_); }
  int64_t steps() const { return steps_; }
  const uint16_t* panel(int64_t number) const { return tiles_.get() + number * steps_ * kStepSize; }

 private:
  // Of all taps, for 32 columns and a depth of 32.
  void pack_steps(const KernelMatrices& kernel, int64_t panel, int64_t block) {
    const int64_t column = panel * kBlock, k = block * kBlock;
    uint16_t* to = tiles_.get() + (panel * steps_ + block) * kStepSize;
    for (const int64_t tap : kernel.taps) {
      pack_weight({.data = kernel.data + tap + column * kernel.column_step + k * kernel.depth_step,
                   .depth_step = kernel.depth_step,
                   .column_step = kernel.column_step,
                   .depth = std::min(kBlock, kernel.depth - k),
                   .columns = std::min(kBlock, columns_ - column)},
                  to);
      to += blocks_of(kernel.depth) * kStepSize;
    }
  }

  int64_t steps_, columns_;
  Room<uint16_t> tiles_;
};

// Where the tiles of each step begin.
struct Steps {
  std::vector<int64_t> of_a, of_b;

  Steps(const Grid& grid, const Window& window, int64_t depth) {
    for (const Tap& tap : window.taps) {
      for (int64_t k = 0; k < depth; k += kBlock) of_a.push_back(grid.offset(tap) * grid.row_length() + k);
    }
    for (size_t step = 0; step < of_a.size(); ++step) of_b.push_back(static_cast<int64_t>(step) * kStepSize);
  }
};

// The rows of some segments, in tiles of 16, and where the products are written.
class LeftTiles {
 public:
  LeftTiles(const Grid& grid, int64_t first, int64_t end, const Images& out, const Lattice& lattice) {
    if (grid.is_copied()) copies_ = room<uint16_t>((end - first) * grid.copied_rows() * grid.row_length());
    for (int64_t number = first; number < end; ++number) {
      const Segment segment = grid.segment(number);
      const uint16_t* const rows = grid.is_copied() ? copy(grid, segment, number - first) : grid.rows_of(segment);
      for (int64_t row = 0; row < grid.rows(segment); row += kTile) append(grid, segment, rows, row, out, lattice);
    }
  }

  int64_t count() const { return static_cast<int64_t>(tiles_.size()); }
  const uint16_t* tile(int64_t number) const { return tiles_[number]; }
  const int64_t* targets(int64_t tile) const { return targets_.data() + tile * kTile; }

 private:
  const uint16_t* copy(const Grid& grid, const Segment& segment, int64_t number) {
    uint16_t* const to = copies_.get() + number * grid.copied_rows() * grid.row_length();
    for (int64_t part = 0; part < grid.parts(); ++part) grid.copy_part(segment, part, to);
    return to;
  }

  // The last tile of rows that are not copied begins earlier, and its first rows, which the tile before it has, are left out.
  void append(const Grid& grid, const Segment& segment, const uint16_t* rows, int64_t row, const Images& out,
              const Lattice& lattice) {
    const int64_t first = grid.is_copied() ? row : std::min(row, grid.rows(segment) - kTile);
    tiles_.push_back(rows + first * grid.row_length());
    for (int64_t i = first; i < first + kTile; ++i) {
      targets_.push_back(i < row ? kNowhere : grid.target(segment, i, out, lattice));
    }
  }

  Room<uint16_t> copies_;
  std::vector<const uint16_t*> tiles_;
  std::vector<int64_t> targets_;
};

// Some rows times some panels.
struct Piece {
  const LeftTiles& left;
  int64_t row_length;
  const Steps& steps;
  const Panels& panels;
  const Images& out;
  bool add;

  // Steps [first, end) of two tiles of rows, behind those before in the block.
  void multiply_block(int64_t panel, int64_t tile, int64_t first, int64_t end, float* block) const {
    const bool two_rows = tile + 1 < left.count();
    const uint16_t* const b = panels.panel(panel);
    const int64_t columns = std::min(kBlock, out.channels - panel * kBlock);
    image_tiles::multiply({.a = {left.tile(tile), two_rows ? left.tile(tile + 1) : nullptr},
                           .a_row = row_length,
                           .b = {b, b + kTileSize},
                           .a_steps = steps.of_a.data() + first,
                           .b_steps = steps.of_b.data() + first,
                           .steps = end - first,
                           .two_rows = two_rows,
                           .two_columns = columns > kTile,
                           .add = first > 0,
                           .c = block});
    if (end < panels.steps()) return;
    store_rows(block, two_rows ? kBlock : kTile, columns, left.targets(tile), add, out.data + panel * kBlock);
  }

  void multiply(int64_t first_panel, int64_t end_panel) const {
    const int64_t chunks = (panels.steps() + kMostSteps - 1) / kMostSteps, size = (panels.steps() + chunks - 1) / chunks;
    const int64_t kept = chunks > 1 ? kBlock * kBlock : 0;  // from one block to the next
    const Room<float> blocks = room<float>(std::max(kBlock * kBlock, (left.count() + 1) / 2 * kept));
    for (int64_t panel = first_panel; panel < end_panel; ++panel) {
      for (int64_t step = 0; step < panels.steps(); step += size) {
        for (int64_t tile = 0; tile < left.count(); tile += 2) {
          multiply_block(panel, tile, step, std::min(panels.steps(), step + size), blocks.get() + tile / 2 * kept);
        }
      }
    }
  }
};

}  // namespace

void multiply(const Images& images, const Window& window, const KernelMatrices& kernel, const Images& out, const Lattice& lattice,
              bool add) {
  const Panels panels(kernel);
  const Grid grid(images, window, kRows);
  const Steps steps(grid, window, images.channels);
  const int64_t together = std::max<int64_t>(1, kRows / grid.rows(grid.segment(0)));
  const int64_t row_pieces = (grid.segments() + together - 1) / together;
  // Where there are few pieces of rows for the threads, the panels are divided, too.
  const int64_t threads = compute_threads(), wanted = threads == 1 ? 1 : (4 * threads + row_pieces - 1) / row_pieces;
  const int64_t of_piece = (panels.count() + wanted - 1) / wanted, column_pieces = (panels.count() + of_piece - 1) / of_piece;
  for_pieces(row_pieces * column_pieces, [&](int64_t piece) {
    const int64_t segment = piece / column_pieces * together, panel = piece % column_pieces * of_piece;
    const LeftTiles left(grid, segment, std::min(grid.segments(), segment + together), out, lattice);
    const TileRegisters registers;
    Piece{left, grid.row_length(), steps, panels, out, add}.multiply(panel, std::min(panels.count(), panel + of_piece));
  });
}

}  // namespace hpcai::kernels::image_products
