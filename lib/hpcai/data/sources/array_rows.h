#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "hpcai/data/arrays/sequences.h"
#include "hpcai/data/arrays/stored_array.h"
#include "hpcai/data/dataset.h"

namespace hpcai::data {

using ArrayParts = std::vector<std::shared_ptr<const StoredArray>>;

// Some rows of arrays that lie side by side. `rows`: which, `truth`: of all rows of the arrays.
class ArrayRows : public Dataset {
 public:
  ArrayRows(const SampleSpec& spec, ArrayParts parts, std::vector<int64_t> rows, const at::Tensor& truth);

  int64_t size() const override { return static_cast<int64_t>(rows_.size()); }
  std::string id(int64_t index) const override { return std::to_string(row(index)); }
  std::string where(int64_t index) const override { return parts_[0]->where(row(index)); }
  void read(int64_t index, const Draw*, float* out) const override;
  at::Tensor targets(std::span<const int64_t> index) const override;
  void hash_content(int64_t index, Sha256& hash) const override;

 protected:
  int64_t row(int64_t index) const { return rows_[static_cast<size_t>(index)]; }

 private:
  ArrayParts parts_;
  at::Tensor truth_;
  std::vector<int64_t> rows_;
};

// Sequences whose features lie in several arrays side by side.
struct SequenceParts {
  std::shared_ptr<const StoredArray> counted;  // its rows count the sequences: the array of lengths, or the first input
  std::shared_ptr<const SequenceLengths> lengths;
  std::vector<SequenceArray> inputs;

  int64_t features() const;
};

// Some of the sequences; an input is [spec.input_shape[0], features], and NaN behind the end.
class SequenceRows : public ArrayRows {
 public:
  SequenceRows(const SampleSpec& spec, SequenceParts parts, std::vector<int64_t> rows, const at::Tensor& truth);

  void read(int64_t index, const Draw*, float* out) const override;
  void hash_content(int64_t index, Sha256& hash) const override;

 private:
  SequenceParts sequences_;
};

}  // namespace hpcai::data
