#pragma once

#include <filesystem>
#include <memory>

#include "hpcai/data/dataset.h"
#include "hpcai/data/sources/image_folder.h"
#include "hpcai/data/sources/source.h"

namespace hpcai::data {

// New images for a trained network: a folder of images, one image, a list of images in text, or an HDF5 file, also FILE:GROUP.
// `reading` says how images are cropped and scaled, and how the columns of a list are called; its folder and catalogue do not
// matter. Images are resized to the network's size.
//
// Of a folder all JPEG, PNG and FITS files are read, in the order of their names, with the labels of its catalogue where it has
// one; where labels are not optional, the files of that catalogue. A list is a table with a column of file names, or has one
// file name in each line; names are relative to the list's folder or, where the first is not there, to the working folder.
std::unique_ptr<Dataset> open_image_input(const std::filesystem::path& input, ImageFolderConfig reading, const NetworkUse& use);

// The same with the largest square of each image, for networks that were not trained on files of images.
std::unique_ptr<Dataset> open_image_input(const std::filesystem::path& input, const ImageTransformConfig& transform,
                                          const NetworkUse& use);

}  // namespace hpcai::data
