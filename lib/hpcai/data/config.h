#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "hpcai/config/field.h"
#include "hpcai/data/augmentation.h"
#include "hpcai/simulate/galaxy_survey.h"
#include "hpcai/simulate/waveform.h"

namespace hpcai::simulate {

inline config::EnumNames<Survey> enum_names(Survey) { return {{Survey::sdss, "sdss"}, {Survey::des, "des"}}; }
inline config::EnumNames<PhaseReference> enum_names(PhaseReference) {
  return {{PhaseReference::peak, "peak"}, {PhaseReference::start, "start"}};
}

}  // namespace hpcai::simulate

// Where samples come from: the section `data`, one struct for each `type`. And how they are read ahead: `loader`.
namespace hpcai::data {

struct LoaderConfig {
  int64_t threads = 0;
  int64_t queue_batches = 4;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("threads", threads,
                  {.help = "Background threads of each rank that read and augment; 0 = half the cores, at most 8.",
                   .min = 0,
                   .max = 1024,
                   .local = true});
    visitor.field("queue_batches", queue_batches, {.help = "Batches that are read ahead.", .min = 1, .max = 1024, .local = true});
  }
};

// One split of simulated waveforms: every point of a grid, `count` random points of its box, or the rows of a file.
struct WaveformSetConfig {
  std::string mass_ratio;
  std::string spin1;
  std::string spin2;
  int64_t count = 0;
  std::string parameters;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("mass_ratio", mass_ratio, {.help = "Grid first:stop:step of the mass ratio q >= 1, stop exclusive."});
    visitor.field("spin1", spin1, {.help = "Grid first:stop:step of the heavier hole's spin, stop exclusive."});
    visitor.field("spin2", spin2, {.help = "Grid first:stop:step of the lighter hole's spin, stop exclusive."});
    visitor.field("count", count,
                  {.help = "Draw this many points uniformly between first and stop of the ranges; 0 = the grid.",
                   .min = 0,
                   .max = 1 << 28});
    visitor.field("parameters", parameters,
                  {.help = "CSV file with columns q,s1,s2, one waveform a row, instead of the three ranges."});
  }
};

struct SimulatedWaveformsConfig {
  static constexpr std::string_view kType = "simulated_waveforms";
  WaveformSetConfig train;
  WaveformSetConfig validation;
  WaveformSetConfig test;
  double t_min = -10000;
  double t_max = 130;
  double t_step = 0.1;
  simulate::PhaseReference phase_reference = simulate::PhaseReference::peak;
  int64_t seed = 1;
  int64_t cache_mb = 4096;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("train", train, {.help = "Waveforms to train on."});
    visitor.field("validation", validation, {.help = "Waveforms to validate on; may be left out."});
    visitor.field("test", test, {.help = "Waveforms to test on; may be left out."});
    visitor.field("t_min", t_min, {.help = "First time; the merger's peak is at 0.", .unit = "M", .max = 0});
    visitor.field("t_max", t_max, {.help = "End of the time grid, exclusive.", .unit = "M", .min = 0});
    visitor.field("t_step", t_step, {.help = "Time step.", .unit = "M", .min = 0, .min_excluded = true});
    visitor.field("phase_reference", phase_reference,
                  {.help = "Where h22 is real and positive: at the peak, or at the first sample."});
    visitor.field("seed", seed, {.help = "Chooses the random points of splits with a count.", .min = 0});
    visitor.field("cache_mb", cache_mb,
                  {.help = "A split is kept in memory up to this size, and made anew for every read above it.",
                   .unit = "MB",
                   .min = 0,
                   .local = true});
  }
};

struct WaveformHdf5Config {
  static constexpr std::string_view kType = "waveform_hdf5";
  std::string train;
  std::string validation;
  std::string test;
  double t_min = -10000;
  double t_max = 130;
  double t_step = 0.1;
  int64_t cache_mb = 0;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("train", train,
                  {.help = "HDF5 file with data sets data [n, time] and labels [n, 3] = q, s1, s2.", .required = true});
    visitor.field("validation", validation, {.help = "File of the validation split; may be left out."});
    visitor.field("test", test, {.help = "File of the test split; may be left out."});
    visitor.field("t_min", t_min, {.help = "Time of the first sample; the merger's peak is at 0.", .unit = "M", .max = 0});
    visitor.field("t_max", t_max, {.help = "End of the times, exclusive.", .unit = "M", .min = 0});
    visitor.field("t_step", t_step, {.help = "Time step.", .unit = "M", .min = 0, .min_excluded = true});
    visitor.field("cache_mb", cache_mb,
                  {.help = "A split is read into memory once if it fits into this.", .unit = "MB", .min = 0, .local = true});
  }
};

// What all sources of images share.
struct ImageTransformConfig {
  PixelScaling scaling = PixelScaling::signed_unit;
  AugmentationConfig augmentation;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("scaling", scaling, {.help = "How bytes become input: 0..1, -1..1, or ImageNet's mean and deviation."});
    visitor.field("augmentation", augmentation, {.help = "Random changes of the training images."});
  }
};

struct SimulatedGalaxiesConfig {
  static constexpr std::string_view kType = "simulated_galaxies";
  simulate::Survey survey = simulate::Survey::sdss;
  int64_t image_size = 64;
  int64_t train = 2000;
  int64_t validation = 500;
  int64_t test = 500;
  int64_t seed = 1;
  int64_t cache_mb = 4096;
  ImageTransformConfig transform;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("survey", survey, {.help = "Observing conditions: depth, seeing, colours."});
    visitor.field("image_size", image_size, {.help = "Side of the images.", .unit = "pixels", .min = 16, .max = 1024});
    visitor.field("train", train, {.help = "Training images.", .min = 1});
    visitor.field("validation", validation, {.help = "Validation images; 0 = none.", .min = 0});
    visitor.field("test", test, {.help = "Test images; 0 = none.", .min = 0});
    visitor.field("seed", seed, {.help = "Another seed gives other galaxies.", .min = 0});
    visitor.field("cache_mb", cache_mb,
                  {.help = "A split is kept in memory up to this size, and made anew for every read above it.",
                   .unit = "MB",
                   .min = 0,
                   .local = true});
    transform.describe(visitor);
  }
};

struct ImageHdf5Config {
  static constexpr std::string_view kType = "image_hdf5";
  std::string train;
  std::string validation;
  std::string test;
  int64_t image_size = 0;
  std::vector<std::string> classes;
  int64_t class_count = 0;
  int64_t cache_mb = 0;
  ImageTransformConfig transform;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("train", train,
                  {.help = "HDF5 file with data sets images [n, height, width, 3] uint8 and labels [n], or FILE:GROUP "
                           "for data sets below a group.",
                   .required = true});
    visitor.field("validation", validation, {.help = "File of the validation split; may be left out."});
    visitor.field("test", test, {.help = "File of the test split; may be left out."});
    visitor.field("image_size", image_size,
                  {.help = "Side that images are resized to; 0 = as in the file.", .unit = "pixels", .min = 0, .max = 4096});
    visitor.field("classes", classes,
                  {.help = "Class names in label order; must agree with the file's attribute class_names if it has one."});
    visitor.field("class_count", class_count,
                  {.help = "Number of classes, which the data must have; where no names are given, info needs it. 0 = as many as "
                           "there are.",
                   .min = 0});
    visitor.field("cache_mb", cache_mb,
                  {.help = "A split is read into memory once if it fits into this.", .unit = "MB", .min = 0, .local = true});
    transform.describe(visitor);
  }
};

struct ImageFolderConfig {
  static constexpr std::string_view kType = "image_folder";
  std::string folder;
  std::string catalogue = "labels.csv";
  std::string file_column = "file";
  std::string label_column = "label";
  std::string split_column = "split";
  std::vector<std::string> classes;
  int64_t class_count = 0;
  double validation_fraction = 0.1;
  int64_t seed = 1;
  int64_t crop = 0;
  double crop_fraction = 1;
  int64_t image_size = 224;
  int64_t cache_mb = 4096;
  ImageTransformConfig transform;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("folder", folder, {.help = "Folder that holds the images, JPEG or PNG.", .required = true});
    visitor.field("catalogue", catalogue, {.help = "CSV file with one row for each image; relative to the folder."});
    visitor.field("file_column", file_column, {.help = "Column with the file's path, relative to the folder."});
    visitor.field("label_column", label_column, {.help = "Column with the class name."});
    visitor.field("split_column", split_column,
                  {.help = "Column with train, validation or test; empty = all rows are training images."});
    visitor.field("classes", classes,
                  {.help = "Class names in label order; empty = those of the catalogue in alphabetical order."});
    visitor.field("class_count", class_count,
                  {.help = "Number of classes, which the data must have; where no names are given, info needs it. 0 = as many as "
                           "there are.",
                   .min = 0});
    visitor.field("validation_fraction", validation_fraction,
                  {.help = "Part of the training rows to validate on, chosen by a hash of the file name, if the "
                           "catalogue has no validation rows.",
                   .min = 0,
                   .max = 1,
                   .max_excluded = true});
    visitor.field("seed", seed, {.help = "Another seed chooses other validation rows.", .min = 0});
    visitor.field("crop", crop,
                  {.help = "Side of the central square that is used; 0 = the largest that fits.",
                   .unit = "pixels",
                   .min = 0,
                   .max = 65500});
    visitor.field("crop_fraction", crop_fraction,
                  {.help = "Part of that square's side that is used, such as 0.875 beside random crops in training.",
                   .min = 0,
                   .max = 1,
                   .min_excluded = true});
    visitor.field("image_size", image_size,
                  {.help = "Side that the crop is resized to.", .unit = "pixels", .min = 1, .max = 4096});
    visitor.field(
        "cache_mb", cache_mb,
        {.help = "Decoded images of a split are kept in memory if they fit into this.", .unit = "MB", .min = 0, .local = true});
    transform.describe(visitor);
  }
};

// Random bytes: for measuring throughput, there is nothing to learn.
struct MadeUpImagesConfig {
  static constexpr std::string_view kType = "made_up_images";
  int64_t image_size = 224;
  int64_t classes = 1000;
  int64_t train = 10000;
  int64_t validation = 0;
  int64_t seed = 1;
  ImageTransformConfig transform;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("image_size", image_size, {.help = "Side of the images.", .unit = "pixels", .min = 1, .max = 4096});
    visitor.field("classes", classes, {.help = "Number of classes.", .min = 2, .max = 1000000});
    visitor.field("train", train, {.help = "Training images.", .min = 1});
    visitor.field("validation", validation, {.help = "Validation images; 0 = none.", .min = 0});
    visitor.field("seed", seed, {.help = "Another seed gives other bytes.", .min = 0});
    transform.describe(visitor);
  }
};

using DataConfig = std::variant<SimulatedWaveformsConfig, WaveformHdf5Config, SimulatedGalaxiesConfig, ImageHdf5Config,
                                ImageFolderConfig, MadeUpImagesConfig>;

}  // namespace hpcai::data
