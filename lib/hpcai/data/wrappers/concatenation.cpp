#include "hpcai/data/wrappers/concatenation.h"

#include <ATen/ops/cat.h>
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "hpcai/core/error.h"
#include "hpcai/data/class_targets.h"

namespace hpcai::data {
namespace {

const SampleSpec& spec_of_first(const std::vector<std::unique_ptr<Dataset>>& parts) {
  if (parts.empty()) throw std::invalid_argument("Concatenation: no part");
  return parts.front()->spec();
}

}  // namespace

Concatenation::Concatenation(std::vector<std::unique_ptr<Dataset>> parts)
    : Dataset(spec_of_first(parts)), parts_(std::move(parts)), begins_{0} {
  for (const auto& part : parts_) {
    if (part->spec() != spec()) {
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: its samples differ from those of {} in shape, classes or targets", part->where(0),
                              parts_.front()->where(0)),
                  "Data sets that are joined need the same shape, classes and targets.");
    }
    begins_.push_back(begins_.back() + part->size());
  }
}

Concatenation::Place Concatenation::place(int64_t index) const {
  const auto behind = std::upper_bound(begins_.begin(), begins_.end(), index);
  const auto part = behind - begins_.begin() - 1;
  return {parts_[static_cast<size_t>(part)].get(), index - begins_[static_cast<size_t>(part)]};
}

// With the part's number, since parts may use the same names.
std::string Concatenation::id(int64_t index) const {
  const auto part = std::upper_bound(begins_.begin(), begins_.end(), index) - begins_.begin() - 1;
  const Place at = place(index);
  return fmt::format("{}/{}", part, at.part->id(at.index));
}

std::string Concatenation::where(int64_t index) const {
  const Place at = place(index);
  return at.part->where(at.index);
}

// A part augments its samples by their number in the part.
void Concatenation::read(int64_t index, const Draw* draw, float* out) const {
  const Place at = place(index);
  at.part->read(at.index, draw, out);
}

void Concatenation::read_channels_last(int64_t index, const Draw* draw, float* out) const {
  const Place at = place(index);
  at.part->read_channels_last(at.index, draw, out);
}

bool Concatenation::is_channels_last() const {
  return std::all_of(parts_.begin(), parts_.end(), [](const auto& part) { return part->is_channels_last(); });
}

at::Tensor Concatenation::drawn_targets(std::span<const int64_t> index, const Draw* draw) const {
  std::vector<at::Tensor> pieces;
  for (size_t begin = 0; begin < index.size();) {  // runs of samples of one part
    const Place first = place(index[begin]);
    std::vector<int64_t> rows;
    size_t end = begin;
    for (; end < index.size(); ++end) {
      const Place at = place(index[end]);
      if (at.part != first.part) break;
      rows.push_back(at.index);
    }
    pieces.push_back(first.part->drawn_targets(rows, draw));
    begin = end;
  }
  if (pieces.empty()) pieces.push_back(parts_.front()->drawn_targets({}, draw));
  const bool known = std::all_of(pieces.begin(), pieces.end(), [](const at::Tensor& piece) { return piece.defined(); });
  if (!known) return {};
  const bool soft = std::any_of(parts_.begin(), parts_.end(), [](const auto& part) { return has_soft_labels(*part); });
  if (!soft) return at::cat(pieces);
  for (at::Tensor& piece : pieces) piece = class_probabilities(piece, static_cast<int64_t>(spec().class_names.size()));
  return at::cat(pieces);
}

void Concatenation::hash_content(int64_t index, Sha256& hash) const {
  const Place at = place(index);
  at.part->hash_content(at.index, hash);
}

std::string Concatenation::incomplete(int64_t index) const {
  const Place at = place(index);
  return at.part->incomplete(at.index);
}

std::string Concatenation::enlarged(int64_t index) const {
  const Place at = place(index);
  return at.part->enlarged(at.index);
}

std::unique_ptr<Dataset> joined(std::vector<std::unique_ptr<Dataset>> parts) {
  if (parts.size() == 1) return std::move(parts.front());
  return std::make_unique<Concatenation>(std::move(parts));
}

}  // namespace hpcai::data
