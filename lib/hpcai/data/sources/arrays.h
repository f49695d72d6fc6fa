#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hpcai/config/field.h"
#include "hpcai/data/cache_config.h"
#include "hpcai/data/class_names.h"
#include "hpcai/data/row_splits.h"
#include "hpcai/data/sources/source.h"

namespace hpcai::data {

// Arrays of numbers [n, ...], one sample a row, in HDF5 or numpy's formats.
struct ArraysConfig : CacheConfig, ClassNamesConfig, FractionConfig {
  static constexpr std::string_view kType = "arrays";
  static constexpr bool kStored = true;
  std::string file;
  std::string validation_file;
  std::string test_file;
  std::vector<std::string> inputs = {"inputs"};
  std::string targets;
  std::vector<std::string> target_names;
  std::string labels;
  std::string group;
  std::string lengths;
  int64_t steps = 0;
  bool each_step = false;
  bool add_channel = false;

  ArraysConfig() : CacheConfig(1024) {}
  bool may_validate() const { return !validation_file.empty() || validation_fraction > 0; }

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("file", file,
                  {.help = "HDF5 file, .npz file, or folder of .npy files, with arrays whose first dimension counts the samples; "
                           "FILE:GROUP names a group of an HDF5 file.",
                   .required = true});
    visitor.field("validation_file", validation_file, {.help = "That of the validation samples; empty = they are in file."});
    visitor.field("test_file", test_file, {.help = "That of the test samples; empty = they are in file."});
    visitor.field(
        "inputs", inputs,
        {.help = "Arrays that the network sees, [n, features], [n, channels, time] or [n, channels, height, width]; several "
                 "are joined along the second dimension. Of sequences see lengths."});
    visitor.field("targets", targets, {.help = "Array [n] or [n, targets] of numbers to learn: a regression."});
    visitor.field("target_names", target_names,
                  {.help = "Names of the columns of targets, or of labels [n, labels]; empty = the array's name, with numbers."});
    visitor.field("labels", labels,
                  {.help = "Array of classes [n], numbers from 0 on, or of several labels a sample, [n, labels] of 0 and 1."});
    visitor.field("group", group,
                  {.help = "Array [n] of numbers whose equal values belong together: all samples of a group are in one split."});
    visitor.field("lengths", lengths,
                  {.help = "Array [n] of the number of time steps of each sample, where they differ. Inputs are then sequences, "
                           "padded to one length, [n, time, features], or one after the other, [all steps, features]; several "
                           "are joined along the features."});
    visitor.field("steps", steps,
                  {.help = "With lengths: time steps of the longest sequence that the network can take; 0 = of the longest that "
                           "there is.",
                   .min = 0,
                   .max = 1 << 24});
    visitor.field("each_step", each_step,
                  {.help = "targets or labels have a row for each time step: [n, time] or [n, time, columns], or [all steps] or "
                           "[all steps, columns]. Inputs are sequences [n, time, features]."});
    visitor.field("add_channel", add_channel,
                  {.help = "Put a dimension of 1 in front of a sample: [n, height, width] are grey images."});
    describe_classes(visitor, "Class names in label order; empty = the numbers.");
    describe_fractions(visitor);
    describe_cache(visitor, "A split is kept in memory once it is read, if it fits into this.");
  }
};

// See source.h.
std::optional<SampleSpec> source_spec(const ArraysConfig& config);
Splits open_source(const ArraysConfig& config, const OpenOptions& options);
std::unique_ptr<Dataset> open_source_split(const ArraysConfig& config, Split split, const NetworkUse& use);
std::unique_ptr<Dataset> open_source_input(const ArraysConfig& config, const std::filesystem::path& input, const NetworkUse& use);

}  // namespace hpcai::data
