#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "hpcai/data/dataset.h"
#include "hpcai/draw/contact_sheet.h"

namespace hpcai::app {

// A sample of images as a picture. Throws what the data set throws, and Error{usage} that names `purpose` if the samples are no
// images in colour.
draw::Raster picture_of_sample(const data::Dataset& dataset, int64_t index, const std::string& purpose);

// The repetition of pixels with which an image of this height is about 160 pixels high.
int64_t magnification_of(int64_t height);

// A sheet of pictures as the bytes of a PNG file. Throws Error{usage} as draw::contact_sheet().
std::string sheet_png(const std::vector<draw::Thumbnail>& thumbnails, int64_t columns);

// A picture as the bytes of a PNG file.
std::string png_of(draw::Raster picture);

}  // namespace hpcai::app
