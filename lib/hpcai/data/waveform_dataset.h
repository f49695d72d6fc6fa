#pragma once

#include <array>
#include <vector>

#include "hpcai/data/dataset.h"

namespace hpcai::data {

// What every sample of waveforms on this grid looks like.
SampleSpec waveform_spec(const simulate::TimeGrid& grid);

// Waveforms [1, time] with the parameters q, s1, s2 of their binaries: what files and simulation have in common.
class WaveformDataset : public Dataset {
 public:
  int64_t size() const override { return static_cast<int64_t>(labels_.size()); }
  // Refuses what is not finite; `draw` changes nothing.
  void read(int64_t index, const Draw* draw, float* out) const override;
  at::Tensor targets(std::span<const int64_t> index) const override;

 protected:
  using Label = std::array<double, 3>;  // q, s1, s2

  WaveformDataset(std::vector<Label> labels, const simulate::TimeGrid& grid);

  int64_t length() const { return spec().input_shape[1]; }
  const Label& label(int64_t index) const { return labels_[static_cast<size_t>(index)]; }

  // Writes waveform `index`, [length].
  virtual void make_waveform(int64_t index, float* out) const = 0;
  // What value `at` of waveform `index` is, for messages: the number that is not finite as a float.
  virtual std::string describe_value(int64_t index, int64_t at, float value) const;

 private:
  std::vector<Label> labels_;
};

}  // namespace hpcai::data
