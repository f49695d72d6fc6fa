#include "hpcai/data/sources/image_hdf5.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/text.h"
#include "hpcai/data/class_name_rules.h"
#include "hpcai/data/class_names.h"
#include "hpcai/data/file_pattern.h"
#include "hpcai/data/hdf5/hdf5_failure.h"
#include "hpcai/data/hdf5/hdf5_file.h"
#include "hpcai/data/hdf5/hdf5_trial.h"
#include "hpcai/data/hdf5/hdf5_written.h"
#include "hpcai/data/sources/image_input.h"
#include "hpcai/data/shards.h"
#include "hpcai/data/sources/need_labels.h"
#include "hpcai/data/sources/stored_images.h"
#include "hpcai/data/wrappers/augmented_images.h"
#include "hpcai/data/wrappers/cached_images.h"

namespace hpcai::data {
namespace {

// What one file declares.
struct ImageFile {
  Hdf5Array images;
  std::vector<int64_t> labels;
  int64_t one_hot = 0;                   // columns of one-hot labels, 0 for class indices
  std::vector<std::string> class_names;  // empty if the file does not say
  std::string labels_where;
  std::string names_where;
  std::vector<std::string> ids{};  // empty if the file does not say
};

[[noreturn]] void refuse_images(const std::string& what, const std::string& remedy = kLayoutRemedy) {
  throw Error(ExitCode::bad_data, what, remedy);
}

std::vector<int64_t> class_indices(const Hdf5Array& labels) {
  const std::vector<double> values = labels.read_all();
  std::vector<int64_t> classes(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    if (!(values[i] >= 0 && values[i] < 1e9) || values[i] != std::floor(values[i])) {
      refuse_images(fmt::format("{}: {:g} is not a class index 0, 1, ...", labels.where(static_cast<int64_t>(i)), values[i]));
    }
    classes[i] = static_cast<int64_t>(values[i]);
  }
  return classes;
}

// DL_DES: [n, classes], 1 for the class and 0 elsewhere.
std::vector<int64_t> from_one_hot(const Hdf5Array& labels) {
  const std::vector<double> values = labels.read_all();
  const auto columns = static_cast<size_t>(labels.shape()[1]);
  std::vector<int64_t> classes;
  for (size_t row = 0; row < static_cast<size_t>(labels.rows()); ++row) {
    const auto begin = values.begin() + static_cast<int64_t>(row * columns), end = begin + static_cast<int64_t>(columns);
    if (std::count(begin, end, 1.0) != 1 || std::count(begin, end, 0.0) != static_cast<int64_t>(columns) - 1) {
      refuse_images(fmt::format("{}: not a single 1 among zeros", labels.where(static_cast<int64_t>(row))));
    }
    classes.push_back(std::find(begin, end, 1.0) - begin);
  }
  return classes;
}

// How the extents may have come about that are not [n, height, width, 3].
std::string layout_hint(const std::vector<int64_t>& shape) {
  if (shape[1] == 3) return "; it looks like [n, 3, height, width], which images.transpose(0, 2, 3, 1) of NumPy turns round";
  if (shape[3] == 4) return "; a fourth channel (transparency) is not read";
  if (shape[3] == 1) return "; grey images are not read: repeat their channel three times";
  return "";
}

void check_images(const Hdf5Array& images) {
  const auto& shape = images.shape();
  if (shape[3] != 3) {
    refuse_images(fmt::format("{}: shape [{}], expected [n, height, width, 3]{}", images.where(), fmt::join(shape, ", "),
                              layout_hint(shape)));
  }
  if (images.type() != ElementType::uint8) {
    refuse_images(fmt::format("{}: its values are {}, expected uint8", images.where(), images.type_name()),
                  "Scale them to 0 ... 255 and store them as uint8.");
  }
  if (shape[1] > 4096 || shape[2] > 4096) {
    refuse_images(fmt::format("{}: images of {} x {} pixels; at most 4096 a side", images.where(), shape[2], shape[1]),
                  "Make smaller cut-outs.");
  }
}

// Names of the attribute; `are_stated`: data.classes, or the network, says the same ones, or will say which it knows.
void check_attribute(const ImageFile& file, bool are_stated) {
  check_class_names(file.class_names, {"class name", [&](size_t) { return file.names_where; }, nullptr,
                                       "in the attribute class_names", ExitCode::bad_data, are_stated});
}

void read_labels(const Hdf5File& file, bool one_hot, ImageFile& opened) {
  const Hdf5Array labels = file.array("labels", one_hot ? 2 : 1);
  opened.labels_where = labels.where();
  if (opened.images.rows() != labels.rows()) {
    refuse_images(fmt::format("{}: {} images but {} labels", file.name(), opened.images.rows(), labels.rows()),
                  "Every image needs its label, row by row; make the file again.");
  }
  opened.labels = one_hot ? from_one_hot(labels) : class_indices(labels);
  if (one_hot) opened.one_hot = labels.shape()[1];
}

// All that is done with an untrusted file before its images are read. It logs nothing unless labels are optional.
ImageFile look_into(const std::string& name, LabelUse use) {
  const Hdf5File file(name);
  const bool dl_des = !file.has("images") && file.has("data");
  ImageFile opened{file.array(dl_des ? "data" : "images", 4), {}, 0, file.texts("class_names"), "",
                   file.name() + ", attribute class_names"};
  check_images(opened.images);
  check_attribute(opened, /*are_stated=*/true);
  opened.ids = file.text_values("ids");
  if (!opened.ids.empty() && static_cast<int64_t>(opened.ids.size()) != opened.images.rows()) {
    refuse_images(fmt::format("{}: {} images but {} ids", file.name(), opened.images.rows(), opened.ids.size()));
  }
  constexpr int64_t kTail = 2;  // one black image may be the survey's
  refuse_unwritten_tail(opened.images, kTail);
  const bool labelled = file.has("labels");
  if (!labelled && use == LabelUse::for_evaluation) refuse_images(file.name() + ": has no data set labels", kNeedLabelsRemedy);
  if (labelled || use == LabelUse::for_training) {
    try {
      read_labels(file, dl_des, opened);
    } catch (const Error& error) {
      if (use != LabelUse::optional) throw;
      log::shared_warning("no label is read: {}", error.what());
    }
  }
  if (use == LabelUse::optional) opened.labels.resize(static_cast<size_t>(opened.images.rows()), kUnlabelled);
  return opened;
}

ImageFile open_images(const std::string& name, LabelUse use = LabelUse::for_training) {
  try_in_child(name, [&] { look_into(name, LabelUse::for_training); });
  return look_into(name, use);
}

// The file, or all whose names fit a pattern.
std::vector<ImageFile> open_all_images(const std::string& pattern, LabelUse use = LabelUse::for_training) {
  const std::vector<std::string> names = files_of(pattern);
  refuse_missing_shards(names);
  std::vector<ImageFile> files;
  for (const std::string& name : names) files.push_back(open_images(name, use));
  return files;
}

// All images of a split have one size, unless they are resized.
void check_equal_sizes(const std::vector<ImageFile>& files, int64_t height, int64_t width) {
  for (const ImageFile& file : files) {
    const auto& shape = file.images.shape();
    if (shape[1] == height && shape[2] == width) continue;
    refuse_images(fmt::format("{}: images of {} x {} pixels, but {} x {} in the training file", file.images.where(), shape[2],
                              shape[1], width, height),
                  "Set data.image_size: all images are then resized to that side.");
  }
}

std::string listed(std::vector<std::string> names) {
  constexpr size_t kMostShown = 8;
  const size_t count = names.size();
  names.resize(std::min(count, kMostShown));
  return fmt::format("{}{}", fmt::join(names, ", "), count > kMostShown ? fmt::format(" and {} more", count - kMostShown) : "");
}

// The names from the config, else from the training file, else numbers.
std::vector<std::string> choose_class_names(const ImageFile& file, const std::vector<std::string>& wanted, int64_t class_count) {
  if (!wanted.empty() && !file.class_names.empty() && wanted != file.class_names) {
    refuse_images(fmt::format("{}: attribute class_names is [{}], but the config says data.classes: [{}]", file.images.where(),
                              listed(file.class_names), listed(wanted)),
                  "Labels are positions in this list, so the order matters; leave data.classes out to take the file's.");
  }
  check_stated_class_names(wanted);
  if (wanted.empty()) check_attribute(file, /*are_stated=*/false);
  const std::vector<std::string>& named = wanted.empty() ? file.class_names : wanted;
  if (named.size() == 1)
    refuse_images(fmt::format("{}: has only one class ({})", file.labels_where, named[0]), "A classifier needs two.");
  if (!named.empty()) return named;
  const auto [least, largest] = std::minmax_element(file.labels.begin(), file.labels.end());
  if (*largest >= kMostClasses) {
    refuse_images(fmt::format("{}, row {}: class {}", file.labels_where, largest - file.labels.begin(), *largest),
                  "Labels are class indices 0, 1, 2, ...; are these other numbers?");
  }
  if (*least == *largest && file.one_hot < 2 && class_count < 2) {
    refuse_images(fmt::format("{}: has only one class ({})", file.labels_where, *least),
                  "A classifier needs two. Give data.classes if the others shall come later.");
  }
  return numbered_class_names(std::max<int64_t>({*largest + 1, file.one_hot, class_count}));
}

void warn_of_missing_classes(const ImageFile& file, const std::vector<std::string>& names) {
  std::vector<char> found(names.size(), 0);
  for (int64_t label : file.labels) found[static_cast<size_t>(label)] = 1;
  std::vector<std::string> missing;
  for (size_t i = 0; i < names.size(); ++i) {
    if (found[i] == 0) missing.push_back(names[i]);
  }
  if (missing.empty()) return;
  log::shared_warning("{}: no training image of class {}{}", file.labels_where, listed(missing),
                      found[0] == 0 ? "; class indices count from 0" : "");
}

void check_labels(const ImageFile& file, const std::vector<std::string>& names) {
  const auto classes = static_cast<int64_t>(names.size());
  if (!file.class_names.empty() && file.class_names != names) {
    refuse_images(fmt::format("{}: attribute class_names is [{}], but [{}] in the training file", file.images.where(),
                              listed(file.class_names), listed(names)),
                  "All splits must label in the same order; make the files with the same program.");
  }
  for (size_t i = 0; i < file.labels.size(); ++i) {
    if (file.labels[i] >= classes) {
      refuse_images(fmt::format("{}, row {}: class {}, but there are {} classes ({})", file.labels_where, i, file.labels[i],
                                classes, listed(names)));
    }
  }
}

std::unique_ptr<Dataset> make_dataset(std::vector<ImageFile> files, std::vector<std::string> names, int64_t height, int64_t width,
                                      const ImageHdf5Config& config, const std::vector<std::string>& target_names = {}) {
  std::vector<StoredImages> stored;
  for (ImageFile& file : files) stored.push_back({std::move(file.images), std::move(file.labels), std::move(file.ids)});
  auto images = make_stored_images(std::move(stored), std::move(names), height, width, target_names);
  return std::make_unique<AugmentedImages>(cached(std::move(images), config.cache_mb), config.transform);
}

// The class of the network that has the name of the file's class `label`; kUnlabelled if there is none.
int64_t class_by_name(const ImageFile& file, int64_t label, const std::vector<std::string>& names) {
  if (label < 0 || label >= static_cast<int64_t>(file.class_names.size())) return kUnlabelled;
  const auto found = std::find(names.begin(), names.end(), file.class_names[static_cast<size_t>(label)]);
  return found == names.end() ? kUnlabelled : found - names.begin();
}

// Labels of a file whose class names are in another order than the network's, or are others, become the network's. A label of a
// class that the network does not know is refused, or unlabelled where labels are optional.
void map_labels(ImageFile& file, const std::vector<std::string>& names, bool labels_optional) {
  size_t unknown = 0;
  std::string first;
  for (size_t i = 0; i < file.labels.size(); ++i) {
    const int64_t label = file.labels[i];
    if (label == kUnlabelled) continue;
    file.labels[i] = class_by_name(file, label, names);
    if (file.labels[i] != kUnlabelled || unknown++ > 0) continue;
    const bool named = label < static_cast<int64_t>(file.class_names.size());
    first = fmt::format("{}, row {}: class {} is not one of the classes of the training ({})", file.labels_where, i,
                        named ? file.class_names[static_cast<size_t>(label)] : std::to_string(label), listed(names));
  }
  file.class_names = names;
  if (unknown == 0) {
    log::info("{}: names other classes, or in another order, than the network: labels are taken by their names",
              file.names_where);
  } else if (labels_optional) {
    log::shared_warning("{} of {} rows have no label that the network knows; the first is {}", unknown, file.labels.size(),
                        first);
  } else {
    refuse_images(fmt::format("{}; {} of {} rows are such", first, unknown, file.labels.size()),
                  "Correct the labels or remove the rows; predict needs none.");
  }
}

// A file has no votes, for a network that predicts such.
void forget_labels(std::vector<ImageFile>& files, bool labels_optional) {
  for (ImageFile& file : files) {
    if (!labels_optional)
      refuse_images(file.images.where() + ": the file has no votes", "Give a table with columns of votes; predict needs none.");
    file.class_names.clear();
    file.labels.assign(file.labels.size(), kUnlabelled);
  }
}

// A file for a trained network, whose classes are those of the training.
std::unique_ptr<Dataset> open_for_network(const std::string& path, const ImageHdf5Config& config, const NetworkUse& use) {
  const std::vector<std::string>& names = use.spec.class_names;
  std::vector<ImageFile> files = open_all_images(path, network_labels(use.labels_optional));
  const auto classes = static_cast<int64_t>(names.size());
  if (!use.spec.target_names.empty()) forget_labels(files, use.labels_optional);
  for (ImageFile& file : files) {
    if (!file.class_names.empty() && file.class_names != names) map_labels(file, names, use.labels_optional);
    if (use.labels_optional &&
        std::any_of(file.labels.begin(), file.labels.end(), [&](int64_t label) { return label >= classes; })) {
      log::shared_warning("{}: the labels are of other classes than the network's: taken as unlabelled", file.labels_where);
      file.labels.assign(file.labels.size(), kUnlabelled);
    } else {
      check_labels(file, names);
    }
  }
  const bool as_stored = config.image_size == 0;
  const int64_t height = as_stored ? files[0].images.shape()[1] : config.image_size;
  const int64_t width = as_stored ? files[0].images.shape()[2] : config.image_size;
  if (as_stored) check_equal_sizes(files, height, width);
  return make_dataset(std::move(files), names, height, width, config, use.spec.target_names);
}

}  // namespace

std::optional<SampleSpec> source_spec(const ImageHdf5Config& config) {
  const std::vector<std::string> names = config.stated_names();
  if (config.image_size == 0 || names.empty()) return std::nullopt;
  return image_spec(config.image_size, config.image_size, names, config.transform.scaling);
}

Splits open_source(const ImageHdf5Config& config, const OpenOptions&) {
  std::vector<std::string> names;
  int64_t height = config.image_size, width = config.image_size;
  auto make = [&](const std::string& path) -> std::unique_ptr<Dataset> {
    if (path.empty()) return nullptr;
    std::vector<ImageFile> files = open_all_images(path);
    const bool is_first = names.empty();
    if (is_first) names = choose_class_names(files[0], config.classes, config.class_count);
    for (const ImageFile& file : files) check_labels(file, names);
    if (is_first && files.size() == 1) warn_of_missing_classes(files[0], names);
    if (height == 0) {
      height = files[0].images.shape()[1];
      width = files[0].images.shape()[2];
    }
    if (config.image_size == 0) check_equal_sizes(files, height, width);
    return make_dataset(std::move(files), names, height, width, config);
  };
  Splits splits;
  splits.train = make(config.train);
  check_class_count(config.class_count, names);
  splits.validation = make(config.validation);
  splits.test = make(config.test);
  return splits;
}

std::unique_ptr<Dataset> open_source_split(const ImageHdf5Config& config, Split split, const NetworkUse& use) {
  const std::string& path = split == Split::train ? config.train : split == Split::validation ? config.validation : config.test;
  if (path.empty()) return nullptr;
  check_trained_classes(config.classes, use.spec.class_names);
  return open_for_network(path, config, use);
}

std::unique_ptr<Dataset> open_source_input(const ImageHdf5Config& config, const std::filesystem::path& input,
                                           const NetworkUse& use) {
  return open_image_input(input, config.transform, use);
}

bool is_hdf5_input(const std::filesystem::path& input) {
  std::filesystem::path file = input;
  std::error_code code;
  const std::string& name = input.native();
  if (const size_t colon = name.rfind(':'); colon != std::string::npos && !std::filesystem::exists(input, code)) {
    file = name.substr(0, colon);
  }
  if (!std::filesystem::is_regular_file(file, code)) return false;
  const std::string extension = lower_case(file.extension().string());
  if (extension == ".h5" || extension == ".hdf5") return true;  // what it is else is told when it is opened
  std::string start(8, '\0');
  std::ifstream(file, std::ios::binary).read(start.data(), 8);
  return start == "\x89HDF\r\n\x1a\n";
}

std::unique_ptr<Dataset> open_image_hdf5_input(const std::filesystem::path& input, const ImageTransformConfig& transform,
                                               const NetworkUse& use) {
  ImageHdf5Config config;
  config.transform = transform;
  const int64_t height = use.spec.input_shape.at(1), width = use.spec.input_shape.at(2);
  config.image_size = height == width ? width : 0;
  return open_for_network(input.string(), config, use);
}

}  // namespace hpcai::data
