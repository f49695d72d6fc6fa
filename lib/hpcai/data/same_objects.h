#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hpcai/data/dataset.h"
#include "hpcai/data/sky/sky_position.h"
#include "hpcai/data/sources/image_folder.h"

namespace hpcai::data {

// What a sample's id says about its object: the file's name without folders and the ending of an image file. Empty for a bare
// number below a million without such an ending, which counts rows.
std::string object_name(std::string_view id);

// Whether a name may be one of a counter, so that equal names need not mean the same object: a number below a million, also
// behind letters, "_" and "-": "0012", "img_7".
bool may_be_counter(std::string_view name);

// A sample of one split that shows an object of another split.
struct SharedObject {
  int64_t first = 0, second = 0;  // in the two splits
  double separation_arcsec = 0;   // of positions
};

// The samples of `second` that have the name of one of `first`; each at most once.
std::vector<SharedObject> same_names(const Dataset& first, const Dataset& second);

using Positions = std::vector<std::optional<SkyPosition>>;

// The positions of a split's samples in the catalogue of an image folder; nothing for those whose cells hold none. Empty if the
// catalogue has no columns of the names that known_sky_columns() knows. Throws what Csv does.
Positions sky_positions(const ImageFolderConfig& config, const Dataset& split);

// The samples of `second` that lie within the radius of one of `first`, each with the nearest.
std::vector<SharedObject> same_positions(const Positions& first, const Positions& second, double radius_arcsec, int threads);

}  // namespace hpcai::data
