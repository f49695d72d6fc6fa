#include "sample_pictures.h"

#include <algorithm>
#include <utility>

#include "hpcai/core/error.h"
#include "hpcai/data/png.h"
#include "hpcai/data/sample_image.h"

namespace hpcai::app {

draw::Raster picture_of_sample(const data::Dataset& dataset, int64_t index, const std::string& purpose) {
  auto image = data::sample_image(dataset, index);
  if (!image) throw Error(ExitCode::usage, purpose + ": the samples are no images in colour");
  return {image->height, image->width, std::move(image->pixels)};
}

int64_t magnification_of(int64_t height) { return std::clamp<int64_t>((160 + height / 2) / height, 1, 8); }

std::string png_of(draw::Raster picture) {
  data::Image image;
  image.height = picture.height;
  image.width = picture.width;
  image.pixels = std::move(picture.pixels);
  return data::encode_png(image);
}

std::string sheet_png(const std::vector<draw::Thumbnail>& thumbnails, int64_t columns) {
  const int64_t height = thumbnails.empty() ? 1 : thumbnails[0].image.height;
  return png_of(draw::contact_sheet(thumbnails, columns, magnification_of(height)));
}

}  // namespace hpcai::app
