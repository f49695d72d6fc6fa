#pragma once

#include <memory>
#include <vector>

#include "hpcai/data/dataset.h"

namespace hpcai::data {

// Data sets one after the other, such as the files of a survey's fields.
class Concatenation : public Dataset {
 public:
  // At least one part. Throws Error{bad_data} that names the first part whose samples look otherwise than those of part 0.
  explicit Concatenation(std::vector<std::unique_ptr<Dataset>> parts);

  int64_t size() const override { return begins_.back(); }
  std::string id(int64_t index) const override;
  std::string where(int64_t index) const override;
  void read(int64_t index, const Draw* draw, float* out) const override;
  void read_channels_last(int64_t index, const Draw* draw, float* out) const override;
  bool is_channels_last() const override;
  at::Tensor targets(std::span<const int64_t> index) const override { return drawn_targets(index, nullptr); }
  at::Tensor drawn_targets(std::span<const int64_t> index, const Draw* draw) const override;
  void hash_content(int64_t index, Sha256& hash) const override;
  std::string incomplete(int64_t index) const override;
  std::string enlarged(int64_t index) const override;

 private:
  // The part of a sample, and its number there.
  struct Place {
    const Dataset* part;
    int64_t index;
  };
  Place place(int64_t index) const;

  std::vector<std::unique_ptr<Dataset>> parts_;
  std::vector<int64_t> begins_;  // first sample of each part, and behind the last
};

// The only part itself, or the concatenation of several.
std::unique_ptr<Dataset> joined(std::vector<std::unique_ptr<Dataset>> parts);

}  // namespace hpcai::data
