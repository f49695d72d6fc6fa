#include <algorithm>
#include <array>
#include <fstream>

#include "hpcai/checkpoint/manifest.h"
#include "hpcai/checkpoint/safetensors.h"
#include "hpcai/checkpoint/weights/read_weights.h"
#include "hpcai/core/error.h"
#include "hpcai/data/fits.h"
#include "hpcai/data/image.h"
#include "hpcai/data/sources/arrays.h"
#include "hpcai/data/sources/image_hdf5.h"
#include "hpcai/data/sources/image_list.h"
#include "hpcai/data/sources/table.h"
#include "hpcai/data/sources/waveform_hdf5.h"
#include "hpcai/data/tables/binaries_csv.h"
#include "hpcai/data/tables/catalogue.h"
#include "hpcai/data/tables/row_filter.h"
#include "hpcai/distributed/meeting/greeting.h"
#include "hpcai/distributed/meeting/wire.h"
#include "hpcai/distributed/world/host_list.h"
#include "reader_seeds.h"
#include "target.h"

namespace fuzz {
namespace {

using namespace hpcai;

std::string write(const char* name, std::string_view bytes) {
  std::string path = scratch() + "/" + name;
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

void read_catalogue(std::string_view bytes) {
  write("labels.csv", bytes);
  data::ImageFolderConfig config;
  config.folder = scratch();
  data::read_catalogue(config);
}

void read_table(std::string_view bytes) {
  data::TableConfig config;
  config.file = write("table.csv", bytes);
  config.categories = {"kind"};
  config.targets = {"y"};
  config.group = "star";
  config.missing = data::MissingInput::mean;
  data::open_source(config, {});
}

// A .npz file, or a .npy file that has all arrays.
void read_arrays(std::string_view bytes) {
  data::ArraysConfig config;
  config.file = write("arrays", bytes);
  config.inputs = {"x"};
  config.targets = "y";
  config.validation_fraction = 0;
  const bool is_npy = bytes.starts_with("\x93NUMPY");
  const auto samples = is_npy ? data::open_source_input(config, config.file, {{{2, 3}, {}, {"y"}}, /*labels_optional=*/true})
                              : std::move(data::open_source(config, {}).train);
  std::vector<float> input(static_cast<size_t>(samples->input_size()));
  for (int64_t i = 0; i < std::min<int64_t>(samples->size(), 100); ++i) samples->read(i, nullptr, input.data());
}

void read_image_list(std::string_view bytes) {
  const std::vector<std::string> classes{"elliptical", "spiral"};
  data::read_image_list(write("list", bytes), {}, {classes, /*labels_optional=*/true, /*any_split=*/true});
}

void read_binaries(std::string_view bytes) { data::read_binaries_csv(write("binaries.csv", bytes)); }

void read_host_list(std::string_view bytes) { distributed::expand_host_list(bytes); }

void read_image(std::string_view bytes) {
  try {
    data::image_header(bytes);
    data::decode_image(bytes, "image");
  } catch (const data::ImageError&) {  // the caller adds the name
  }
}

void read_fits(std::string_view bytes) {
  try {
    data::fits_header(bytes);
  } catch (const data::ImageError&) {
  }
  for (const std::vector<std::string>& bands : {std::vector<std::string>{}, std::vector<std::string>{"1"}}) {
    try {
      data::read_fits(bytes, bands);
    } catch (const data::ImageError&) {
    }
  }
}

void read_filter(std::string_view bytes) {
  const std::string path = write("filtered.csv", "a,b,c,name,class id,P_CS,P_EL\n1,2,,x,E,0.99,0\nnan,x,3,it's,S,,1\n");
  data::RowFilter(std::string(bytes), "data.filter").keeps(data::Csv(path));
}

void read_image_hdf5(std::string_view bytes) {
  data::ImageHdf5Config config;
  config.train = write("images.h5", bytes);
  data::open_source(config, {});
}

void read_waveform_hdf5(std::string_view bytes) {
  data::WaveformHdf5Config config;
  config.train = write("waveforms.h5", bytes);
  config.t_min = kFirstTime, config.t_max = kLastTime, config.t_step = kTimeStep;
  data::open_source(config, {});
}

void read_safetensors(std::string_view bytes) { checkpoint::read_safetensors(write("model.safetensors", bytes)); }

void read_weights(std::string_view bytes) { checkpoint::read_weights(write("weights", bytes)); }

void read_manifest(std::string_view bytes) {
  write("manifest.json", bytes);
  checkpoint::read_manifest(scratch());
}

// The first message on a connection of a stranger.
void read_greeting(std::string_view bytes) {
  std::string buffer(bytes), message;
  try {
    while (distributed::take_message(buffer, message, distributed::kLongestGreeting)) {
      distributed::Unpacker fields(message);
      while (!fields.at_end()) fields.text();
    }
  } catch (const std::runtime_error&) {  // the key server drops the stranger
  }
}

constexpr std::array kTargets = {Target{"catalogue", read_catalogue, catalogue_seeds},
                                 Target{"image_list", read_image_list, image_list_seeds},
                                 Target{"table", read_table, table_seeds},
                                 Target{"arrays", read_arrays, arrays_seeds},
                                 Target{"binaries", read_binaries, binaries_seeds},
                                 Target{"host_list", read_host_list, host_list_seeds},
                                 Target{"image", read_image, image_seeds},
                                 Target{"fits", read_fits, fits_seeds},
                                 Target{"filter", read_filter, filter_seeds},
                                 Target{"image_hdf5", read_image_hdf5, image_hdf5_seeds},
                                 Target{"waveform_hdf5", read_waveform_hdf5, waveform_hdf5_seeds},
                                 Target{"safetensors", read_safetensors, safetensors_seeds},
                                 Target{"torch_zip", read_weights, torch_zip_seeds},
                                 Target{"torch_legacy", read_weights, torch_legacy_seeds},
                                 Target{"keras", read_weights, keras_seeds},
                                 Target{"manifest", read_manifest, manifest_seeds},
                                 Target{"greeting", read_greeting, greeting_seeds}};

}  // namespace

std::span<const Target> targets() { return kTargets; }

}  // namespace fuzz
