#pragma once

#include <cstdint>
#include <vector>

// Which pixels a convolution reads and writes.
namespace hpcai::kernels::image_products {

// Channels-last bfloat16 images [samples, height, width, channels].
struct Images {
  uint16_t* data;
  int64_t samples, height, width, channels;
};

struct Tap {
  int64_t y, x;
};

// A convolution computes [lines, columns] positions of each sample. Tap (y, x) of the position (i, j) is the pixel
// (stride i + y - top, stride j + x - left) of the images, or zeros outside of them.
struct Window {
  int64_t stride, top, left, lines, columns;
  std::vector<Tap> taps;
};

// The position (i, j) is written to the pixel (step i + top, step j + left).
struct Lattice {
  int64_t step = 1, top = 0, left = 0;
};

// Some lines of positions of a sample.
struct Segment {
  int64_t sample, first, lines;
};

// The pixels that a window reads, so that those of one tap are rows at a constant distance for all positions. The pixels of a
// segment are copied with their padding into lines of the same length, and a position (i, j) is row i width + j; with a stride of
// 2 the even and odd lines and columns become four images, one behind the other. Rows whose j is no column are computed, too, and
// forgotten. With a stride of 1 the padding on the right is also that on the left of the next line. Rows without gaps that need
// no padding are read where they are.
class Grid {
 public:
  // Segments have about as many rows as wanted, or are whole samples.
  Grid(const Images& images, const Window& window, int64_t wanted_rows);

  bool is_copied() const { return !direct_; }
  int64_t width() const { return width_; }
  int64_t row_length() const { return row_length_; }
  // How many rows behind a position its tap lies.
  int64_t offset(const Tap& tap) const;

  int64_t segments() const { return images_.samples * in_sample_; }
  Segment segment(int64_t number) const;
  // Of positions, and how many rows a copy has. The latter is even, also where positions are filled up to a multiple of 32.
  int64_t rows(const Segment& segment) const { return (segment.lines - 1) * width_ + window_.columns; }
  int64_t copied_rows() const { return copied_rows_; }

  // A copy is made in parts, one for each of its lines. The last one also writes the zeros behind them.
  int64_t parts() const { return phases() * (lines_ + halo_); }
  void copy_part(const Segment& segment, int64_t part, uint16_t* to) const;
  // Where the rows of a segment begin that is not copied.
  const uint16_t* rows_of(const Segment& segment) const {
    return images_.data + (segment.sample * images_.height * images_.width + segment.first) * images_.channels;
  }

  // Where row `row` of a segment is written, in images that have as many channels: an offset, or image_tiles::kNowhere.
  int64_t target(const Segment& segment, int64_t row, const Images& out, const Lattice& lattice) const;

 private:
  // Images of even and odd lines and columns that the taps read.
  int64_t phases() const;
  int64_t phase_of(const Tap& tap) const { return tap.y % window_.stride * window_.stride + tap.x % window_.stride; }
  void copy_line(const uint16_t* line, int64_t phase_x, uint16_t* to) const;

  const Images images_;
  const Window window_;
  bool direct_;
  int64_t width_, halo_, row_length_, lines_, in_sample_, copied_rows_;
};

}  // namespace hpcai::kernels::image_products
