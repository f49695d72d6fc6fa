#include "hpcai/kernels/winograd/winograd_sequence.h"

#include <algorithm>
#include <vector>

#include "hpcai/core/threads/pieces.h"
#include "hpcai/kernels/storage.h"

namespace hpcai::kernels::winograd_cpu {
namespace {

// Tiles that are transformed, multiplied and transformed back together. More would leave the last cache level; with fewer the
// transformed kernels are read more often.
constexpr int64_t kChunk = 96;

// Output channels whose kernels are transformed and multiplied together: the columns of a product.
struct Group {
  int64_t first, channels;

  int64_t panels() const { return channels / kPanel; }
  int64_t first_panel() const { return first / kPanel; }
};

// An array [36][channels / 16][rows][16].
struct Elements {
  int64_t rows, stride;
  at::Tensor values;

  Elements(int64_t channels, int64_t of_rows)
      : rows(of_rows), stride(element_stride(channels, of_rows)), values(at::empty({kElements * stride}, at::kFloat)) {}
  float* panel(int64_t number) const { return values.mutable_data_ptr<float>() + number * rows * kPanel; }
};

// The transformed kernels of each group, or their gradients: [outputs / 16][inputs][16] for each element. Where one chunk holds
// all tiles, each group is needed once: a thread keeps it in its second cache level and forgets it. Else the groups are kept for
// all chunks, and wider products read the tiles less often.
class Kernels {
 public:
  explicit Kernels(const Shape& shape) : shape_(shape), once_(shape.tiles() <= kChunk), channels_(once_ ? 32 : 64) {
    for (int64_t i = 0; !once_ && i < groups(); ++i) kept_.push_back(make(i));
  }
  bool once() const { return once_; }
  int64_t groups() const { return (shape_.out + channels_ - 1) / channels_; }
  Group group(int64_t number) const {
    const int64_t first = number * channels_;
    return {first, std::min(channels_, shape_.out - first)};
  }
  // The number of the group with this panel.
  int64_t group_of(int64_t panel) const { return panel * kPanel / channels_; }
  Elements get(int64_t number) const { return once_ ? make(number) : kept_[number]; }

 private:
  Elements make(int64_t number) const { return {group(number).channels, shape_.in}; }

  const Shape shape_;
  const bool once_;
  const int64_t channels_;  // of a group; the last one may have fewer
  std::vector<Elements> kept_;
};

// Calls work(first tile, number of tiles) for each chunk.
template <class Work>
void for_chunks(int64_t tiles, const Work& work) {
  for (int64_t first = 0; first < tiles; first += kChunk) work(first, std::min(kChunk, tiles - first));
}

// Calls work(group number, first element, end) so that all elements of all groups are done: all of a group in one call where
// kernels are used once.
template <class Work>
void for_elements(const Kernels& kernels, const Work& work) {
  const int64_t pieces = kernels.once() ? 1 : kElements, size = kElements / pieces;
  for_pieces(kernels.groups() * pieces, [&](int64_t piece) {
    const int64_t first = piece % pieces * size;
    work(piece / pieces, first, first + size);
  });
}

// The products of elements [first, end), given the product of element 0 and the distances between elements.
struct Strides {
  int64_t left, right, out;
};
void multiply_elements(const PackedProduct& of_first, const Strides& strides, int64_t first, int64_t end) {
  for (int64_t element = first; element < end; ++element) {
    PackedProduct product = of_first;
    product.left.data += element * strides.left;
    product.right += element * strides.right;
    product.out += element * strides.out;
    multiply(product);
  }
}

// sums += tiles times kernels of a group
void multiply_tiles(const Elements& tiles, const Elements& kernels, const Elements& sums, const Group& group, int64_t first,
                    int64_t end) {
  multiply_elements({.left = {.data = tiles.panel(0),
                              .row = kPanel,
                              .k = 1,
                              .row_block = tiles.rows,
                              .k_block = kPanel,
                              .next_rows = 0,
                              .next_ks = tiles.rows * kPanel},
                     .right = kernels.panel(0),
                     .right_panel = kernels.rows * kPanel,
                     .out = sums.panel(group.first_panel()),
                     .out_row = kPanel,
                     .out_panel = sums.rows * kPanel,
                     .rows = tiles.rows,
                     .depth = kernels.rows,
                     .first = 0,
                     .end = group.channels,
                     .add = false},
                    {.left = tiles.stride, .right = kernels.stride, .out = sums.stride}, first, end);
}

// kernels = transposed tiles times the gradients of a group, or with `add` added to them
void multiply_gradients(const Elements& tiles, const Elements& grads, const Elements& kernels, const Group& group, bool add,
                        int64_t first, int64_t end) {
  multiply_elements({.left = {.data = tiles.panel(0),
                              .row = 1,
                              .k = kPanel,
                              .row_block = kPanel,
                              .k_block = tiles.rows,
                              .next_rows = tiles.rows * kPanel,
                              .next_ks = 0},
                     .right = grads.panel(group.first_panel()),
                     .right_panel = tiles.rows * kPanel,
                     .out = kernels.panel(0),
                     .out_row = kPanel,
                     .out_panel = kernels.rows * kPanel,
                     .rows = kernels.rows,
                     .depth = tiles.rows,
                     .first = 0,
                     .end = group.channels,
                     .add = add},
                    {.left = tiles.stride, .right = grads.stride, .out = kernels.stride}, first, end);
}

// The passes over images for one panel of channels, by the type of the images.
void transform_input(const at::Tensor& images, const Tiling& tiling, const TileRange& range, const Elements& tiles) {
  with_storage(images,
               [&]<class T>(T) { image_passes<T>().transform_input(tiling, range, images.const_data_ptr<T>(), tiles.panel(0)); });
}
void transform_output_gradient(const at::Tensor& dy, const Tiling& tiling, const TileRange& range, const Elements& grads) {
  with_storage(dy, [&]<class T>(T) {
    image_passes<T>().transform_output_gradient(tiling, range, dy.const_data_ptr<T>(), grads.panel(0));
  });
}
void transform_sums(const Elements& sums, const Tiling& tiling, const TileRange& range, const at::Tensor& output) {
  with_storage(output,
               [&]<class T>(T) { image_passes<T>().transform_sums(tiling, range, sums.panel(0), output.mutable_data_ptr<T>()); });
}

}  // namespace

KernelStrides strides_of(const at::Tensor& weight) {
  return {.out = weight.stride(0), .in = weight.stride(1), .row = weight.stride(2), .column = weight.stride(3)};
}

at::Tensor convolve(const at::Tensor& images, const Shape& shape, const float* kernels, const KernelStrides& strides,
                    bool turned) {
  const Kernels transformed(shape);
  const auto transform_panel = [&](const Group& group, const Elements& to, int64_t panel) {
    transform_kernels(kernels, strides, shape.in, group.first_panel() + panel, turned, to.stride, to.panel(panel));
  };
  if (!transformed.once()) {
    for_pieces(shape.out / kPanel, [&](int64_t panel) {
      const int64_t number = transformed.group_of(panel);
      const Group group = transformed.group(number);
      transform_panel(group, transformed.get(number), panel - group.first_panel());
    });
  }
  at::Tensor output = at::empty({shape.batch, shape.out, shape.out_height(), shape.out_width()}, images.options(),
                                at::MemoryFormat::ChannelsLast);
  for_chunks(shape.tiles(), [&](int64_t first, int64_t count) {
    const Elements tiles(shape.in, count), sums(shape.out, count);
    for_pieces(shape.in / kPanel, [&](int64_t panel) {
      transform_input(images, shape.of_input(), {first, count, panel}, tiles);
    });
    for_elements(transformed, [&](int64_t number, int64_t begin, int64_t end) {
      const Group group = transformed.group(number);
      const Elements of_group = transformed.get(number);
      for (int64_t panel = 0; transformed.once() && panel < group.panels(); ++panel) transform_panel(group, of_group, panel);
      multiply_tiles(tiles, of_group, sums, group, begin, end);
    });
    for_pieces(shape.out / kPanel, [&](int64_t panel) {
      transform_sums(sums, shape.of_output(), {first, count, panel}, output);
    });
  });
  return output;
}

at::Tensor weight_gradient(const at::Tensor& images, const Shape& shape, const at::Tensor& dy, const at::Tensor& weight) {
  at::Tensor out = at::empty_like(weight);
  const Kernels gradients(shape);
  const auto transform_back = [&](const Group& group, const Elements& sums) {
    for (int64_t panel = 0; panel < group.panels(); ++panel) {
      transform_kernel_gradient(sums.panel(panel), shape.in, sums.stride, group.first_panel() + panel, strides_of(out),
                                out.mutable_data_ptr<float>());
    }
  };
  for_chunks(shape.tiles(), [&](int64_t first, int64_t count) {
    const Elements tiles(shape.in, count), grads(shape.out, count);
    for_pieces(shape.in / kPanel, [&](int64_t panel) {
      transform_input(images, shape.of_input(), {first, count, panel}, tiles);
    });
    for_pieces(shape.out / kPanel, [&](int64_t panel) {
      transform_output_gradient(dy, shape.of_output(), {first, count, panel}, grads);
    });
    for_elements(gradients, [&](int64_t number, int64_t begin, int64_t end) {
      const Elements sums = gradients.get(number);
      multiply_gradients(tiles, grads, sums, gradients.group(number), /*add=*/first > 0, begin, end);
      if (gradients.once()) transform_back(gradients.group(number), sums);
    });
  });
  if (!gradients.once()) {
    for_pieces(gradients.groups(), [&](int64_t number) { transform_back(gradients.group(number), gradients.get(number)); });
  }
  return out;
}

}  // namespace hpcai::kernels::winograd_cpu
