#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "hpcai/data/arrays/stored_array.h"

namespace hpcai::data {

// How many time steps each sequence of a file has.
class SequenceLengths {
 public:
  // From an array [n] of whole numbers from 1 on. Throws Error{bad_data} that names array and row.
  explicit SequenceLengths(const StoredArray& array);
  // `count` sequences of one length.
  SequenceLengths(int64_t count, int64_t steps);

  int64_t count() const { return static_cast<int64_t>(begins_.size()) - 1; }
  int64_t of(int64_t sequence) const { return begin(sequence + 1) - begin(sequence); }
  int64_t begin(int64_t sequence) const { return begins_[static_cast<size_t>(sequence)]; }  // steps of all sequences before it
  int64_t total() const { return begins_.back(); }
  int64_t longest() const { return longest_; }

 private:
  std::vector<int64_t> begins_ = {0};  // [count + 1]
  int64_t longest_ = 0;
};

// An array of sequences, laid out in one of two ways: padded to one length, [n, time] or [n, time, columns], where the values
// behind the end of a sequence may be anything; or one sequence after the other, [all steps] or [all steps, columns].
// Thread-safe.
class SequenceArray {
 public:
  // Throws Error{bad_data} unless the array has such a shape for these lengths, and if both layouts fit.
  SequenceArray(std::shared_ptr<const StoredArray> array, std::shared_ptr<const SequenceLengths> lengths);

  int64_t columns() const { return columns_; }
  bool has_columns() const { return has_columns_; }  // whether the array has a dimension for them
  const StoredArray& array() const { return *array_; }
  // For messages: "shots.h5, array signals, sequence 17, step 3".
  std::string where(int64_t sequence, int64_t step) const;

  // The values [steps, columns] of one sequence. Throws Error{bad_data} if they cannot be read.
  void read(int64_t sequence, float* out) const { read_values(sequence, out); }
  void read(int64_t sequence, double* out) const { read_values(sequence, out); }

 private:
  template <class Value>
  void read_values(int64_t sequence, Value* out) const;

  std::shared_ptr<const StoredArray> array_;
  std::shared_ptr<const SequenceLengths> lengths_;
  bool joined_ = false, has_columns_ = false;
  int64_t columns_ = 1;
};

}  // namespace hpcai::data
