#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hpcai/simulate/waveform.h"

namespace hpcai {
class Sha256;
}

namespace hpcai::data {

// What every sample of a data set looks like.
struct SampleSpec {
  std::vector<int64_t> input_shape;                            // as the network sees it: [1, time] or [3, height, width]
  std::vector<std::string> class_names;                        // of a classification, in label order; empty for a regression
  std::vector<std::string> target_names;                       // of a regression: q, s1, s2; empty for a classification
  std::optional<simulate::TimeGrid> time_grid = std::nullopt;  // of waveforms
  std::string scaling = "";                               // how the bytes of images become input: "signed"; empty for waveforms
  std::vector<std::array<double, 2>> target_ranges = {};  // between which each target lies; empty if that is not known
  std::vector<std::string> input_names = {};  // of a table's columns: "mass", or "kind=spiral" of a category; else empty
  std::vector<double> input_fill = {};        // what stands for a missing value of each input; empty if none may be missing
  bool padded = false;     // inputs are sequences [time, features] that may end early: all is NaN behind the end
  bool each_step = false;  // the truth has a row for each step of such inputs; unknown behind the end

  bool operator==(const SampleSpec&) const = default;
};

// The class and the targets of a sample whose truth is unknown. Only data that are opened for a trained network have such
// samples.
inline constexpr int64_t kUnlabelled = -1;
inline constexpr float kUnknownTarget = std::numeric_limits<float>::quiet_NaN();

enum class Split { train, validation, test };
const char* name_of(Split split);

// Which random augmentation a sample gets: a function of this and the sample's index, of nothing else.
struct Draw {
  uint64_t seed = 0;
  int64_t epoch = 0;
};

// A finite set of samples. All functions may be called from several threads at once.
class Dataset {
 public:
  explicit Dataset(SampleSpec spec) : spec_(std::move(spec)) {}
  virtual ~Dataset() = default;
  Dataset(const Dataset&) = delete;
  Dataset& operator=(const Dataset&) = delete;

  const SampleSpec& spec() const { return spec_; }
  int64_t input_size() const;  // values in one input, the product of spec().input_shape

  virtual int64_t size() const = 0;
  // A name that stays the same when the set is copied: a file name, a row number.
  virtual std::string id(int64_t index) const = 0;
  // For messages: "train.h5, data set data, row 17".
  virtual std::string where(int64_t index) const = 0;

  // Writes the network's input for one sample to `out` [input_size()], row-major; augmented when `draw` is given and
  // the data set's config asks for it. Throws Error{bad_data} that starts with where(index).
  virtual void read(int64_t index, const Draw* draw, float* out) const = 0;
  // The truth for these samples: int64 [n] class indices, or float [n, target_names.size()], with SampleSpec::each_step int64
  // [n, time] or float [n, time, target_names.size()]; kUnlabelled or NaN where it is not known. An undefined tensor if nothing
  // is known of any sample; see WithoutTruth.
  virtual at::Tensor targets(std::span<const int64_t> index) const = 0;
  // The truth for these samples as read() makes them with `draw` (null: not augmented), like targets(). It differs from targets()
  // only if a draw changes the truth itself, as it does for samples that are simulated anew in every epoch.
  virtual at::Tensor drawn_targets(std::span<const int64_t> index, const Draw* /*draw*/) const { return targets(index); }
  // Feeds to `hash` what the sample's file holds, the same on every machine; nothing for samples that are made. Throws Error.
  virtual void hash_content(int64_t /*index*/, Sha256& /*hash*/) const {}
  // Where a sample's file has no values though it is read, and for which part of it: "a.fits: 3 % of the pixels have no value".
  // Empty if there is nothing to say, also where the sample cannot be read.
  virtual std::string incomplete(int64_t /*index*/) const { return ""; }
  // Where an image lies that has fewer pixels than the input along a side, and how many: "a.png: 40 x 40 pixels". Empty for
  // others.
  virtual std::string enlarged(int64_t /*index*/) const { return ""; }
  // As read(), of samples [channels, height, width], with the values of a pixel side by side: [height, width, channels], which
  // LibTorch calls channels-last.
  virtual void read_channels_last(int64_t index, const Draw* draw, float* out) const;
  // Whether the samples are such that read_channels_last() is as quick as read(), because they are stored so.
  virtual bool is_channels_last() const { return false; }

 private:
  SampleSpec spec_;
};

// The samples of a split; 0 for a split that is not there.
inline int64_t size_of(const std::unique_ptr<Dataset>& split) { return split ? split->size() : 0; }

// The parts of an experiment's data. Validation and test may be null; where present their specs equal train's.
struct Splits {
  std::unique_ptr<Dataset> train;
  std::unique_ptr<Dataset> validation;
  std::unique_ptr<Dataset> test;

  std::unique_ptr<Dataset>& of(Split split);
};

}  // namespace hpcai::data
