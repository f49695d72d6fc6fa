#include "hpcai/data/sources/synthetic_images.h"

#include <fmt/format.h>

#include <cstring>

#include "hpcai/core/random.h"
#include "hpcai/data/class_names.h"
#include "hpcai/data/image_set.h"
#include "hpcai/data/sources/image_input.h"
#include "hpcai/data/wrappers/augmented_images.h"

namespace hpcai::data {
namespace {

// Image i is a window of one buffer of random bytes, somewhere: making it costs a copy, and no two need be alike.
class SyntheticImages : public ImageSet {
 public:
  SyntheticImages(std::string name, const SyntheticImagesConfig& config, uint64_t stream, std::vector<int64_t> labels)
      : ImageSet(config.image_size, config.image_size, numbered_class_names(config.classes), std::move(labels)),
        name_(std::move(name)),
        seed_(static_cast<uint64_t>(config.seed)),
        stream_(stream),
        bytes_(static_cast<size_t>(image_size() + kStarts)) {
    Random random(seed_, kBuffer, 0, Purpose::simulate);
    for (size_t i = 0; i + 4 <= bytes_.size(); i += 4) {
      const uint32_t bits = random.bits();
      std::memcpy(&bytes_[i], &bits, 4);
    }
  }

  std::string id(int64_t index) const override { return std::to_string(index); }
  std::string where(int64_t index) const override { return fmt::format("{}, synthetic image {}", name_, index); }

  void make_pixels(int64_t index, uint8_t* out) const override {
    Random random(seed_, stream_ + 2, static_cast<uint64_t>(index), Purpose::simulate);
    const uint64_t start = random.below(static_cast<uint64_t>(kStarts));
    std::memcpy(out, bytes_.data() + start, static_cast<size_t>(image_size()));
  }

 private:
  static constexpr int64_t kStarts = 1 << 20;
  static constexpr uint64_t kBuffer = 1000;  // a stream that no split uses

  std::string name_;
  uint64_t seed_;
  uint64_t stream_;
  std::vector<uint8_t> bytes_;
};

}  // namespace

std::optional<SampleSpec> source_spec(const SyntheticImagesConfig& config) {
  return image_spec(config.image_size, config.image_size, numbered_class_names(config.classes), config.transform.scaling);
}

Splits open_source(const SyntheticImagesConfig& config, const OpenOptions&) {
  auto make = [&](const std::string& name, int64_t count, uint64_t stream) -> std::unique_ptr<Dataset> {
    if (count == 0) return nullptr;
    std::vector<int64_t> labels(static_cast<size_t>(count));
    for (size_t i = 0; i < labels.size(); ++i) {
      Random random(static_cast<uint64_t>(config.seed), stream, i, Purpose::simulate);
      labels[i] = static_cast<int64_t>(random.below(static_cast<uint64_t>(config.classes)));
    }
    return std::make_unique<AugmentedImages>(std::make_unique<SyntheticImages>(name, config, stream, std::move(labels)),
                                             config.transform);
  };
  return {make("train", config.train, 0), make("validation", config.validation, 1), nullptr};
}

std::unique_ptr<Dataset> open_source_split(const SyntheticImagesConfig& config, Split split, const NetworkUse& use) {
  return std::move(open_source(config, {use.threads, false}).of(split));
}

std::unique_ptr<Dataset> open_source_input(const SyntheticImagesConfig& config, const std::filesystem::path& input,
                                           const NetworkUse& use) {
  return open_image_input(input, config.transform, use);
}

}  // namespace hpcai::data
