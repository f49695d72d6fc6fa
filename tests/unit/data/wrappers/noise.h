#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "hpcai/core/error.h"
#include "hpcai/core/random.h"
#include "hpcai/data/image_set.h"

namespace hpcai::data::test {

// Random images of 10 x 12 pixels in two classes, of which every third has no label. Counts how often one is made.
class Noise : public ImageSet {
 public:
  static constexpr int64_t kHeight = 10, kWidth = 12;

  explicit Noise(int64_t size) : ImageSet(kHeight, kWidth, {"a", "b"}, labels_of(size)) {}

  static std::vector<uint8_t> image(int64_t index, int64_t height = kHeight, int64_t width = kWidth) {
    std::vector<uint8_t> bytes(static_cast<size_t>(3 * height * width));
    Random random(1, 0, static_cast<uint64_t>(index), Purpose::test);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.bits());
    return bytes;
  }

  std::string id(int64_t index) const override { return "n" + std::to_string(index); }
  std::string where(int64_t index) const override { return "noise " + std::to_string(index); }
  void make_pixels(int64_t index, uint8_t* out) const override {
    ++made;
    if (bad.count(index) > 0) throw Error(ExitCode::bad_data, where(index) + ": is bad");
    const auto bytes = image(index);
    std::copy(bytes.begin(), bytes.end(), out);
  }

  mutable std::atomic<int64_t> made{0};
  std::set<int64_t> bad;

 private:
  static std::vector<int64_t> labels_of(int64_t size) {
    std::vector<int64_t> labels;
    for (int64_t i = 0; i < size; ++i) labels.push_back(i % 3 - 1);
    return labels;
  }
};

// The same with twice as many pixels along each side where a part is asked for.
class DetailedNoise : public Noise {
 public:
  static constexpr int64_t kDetailedHeight = 2 * kHeight, kDetailedWidth = 2 * kWidth;

  using Noise::Noise;
  bool make_part(int64_t index, const PickBox& pick, uint8_t* out) const override {
    resize_box(image(index, kDetailedHeight, kDetailedWidth).data(), kDetailedWidth, pick(kDetailedHeight, kDetailedWidth),
               kHeight, kWidth, out);
    return true;
  }
};

}  // namespace hpcai::data::test
