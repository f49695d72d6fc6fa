#include "hpcai/data/sources/simulated_strain.h"

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>

#include "hpcai/core/error.h"
#include "hpcai/core/random.h"
#include "hpcai/data/strain/strain_simulator.h"

namespace hpcai::data {
namespace {

// Streams of random numbers: the epochs of a training count from 0, the samples without a draw have these.
constexpr uint64_t kFixedStream = uint64_t{1} << 31;

SampleSpec spec_of(const StrainSimulator& simulator) {
  SampleSpec spec;
  spec.input_shape = {simulator.channels(), simulator.input().length()};
  spec.target_names = simulator.priors().names();
  spec.target_ranges = simulator.priors().ranges();
  return spec;
}

class SimulatedStrain : public Dataset {
 public:
  SimulatedStrain(std::shared_ptr<const StrainSimulator> simulator, Split split, int64_t size, int64_t seed)
      : Dataset(spec_of(*simulator)),
        simulator_(std::move(simulator)),
        split_(split),
        size_(size),
        seed_(static_cast<uint64_t>(seed)) {}

  int64_t size() const override { return size_; }
  std::string id(int64_t index) const override { return std::to_string(index); }
  std::string where(int64_t index) const override { return fmt::format("{}, simulated strain {}", name_of(split_), index); }

  void read(int64_t index, const Draw* draw, float* out) const override {
    simulator_->write(binary(index, draw), random(index, draw, Purpose::noise), out);
  }

  at::Tensor targets(std::span<const int64_t> index) const override { return drawn_targets(index, nullptr); }
  at::Tensor drawn_targets(std::span<const int64_t> index, const Draw* draw) const override {
    const auto targets = static_cast<int64_t>(spec().target_names.size());
    at::Tensor values = at::empty({static_cast<int64_t>(index.size()), targets}, at::kFloat);
    float* out = values.mutable_data_ptr<float>();
    for (const int64_t i : index) {
      for (const double value : simulator_->priors().inferred(binary(i, draw))) *out++ = static_cast<float>(value);
    }
    return values;
  }

 private:
  Random random(int64_t index, const Draw* draw, Purpose purpose) const {
    // The seed of the training counts too, so that trainings with different seeds see different samples.
    const uint64_t seed = draw ? seed_ + (draw->seed << 32) : seed_;
    const uint64_t stream = draw ? static_cast<uint64_t>(draw->epoch) : kFixedStream + static_cast<uint64_t>(split_);
    return Random(seed, stream, static_cast<uint64_t>(index), purpose);
  }

  simulate::CompactBinary binary(int64_t index, const Draw* draw) const {
    Random source = random(index, draw, Purpose::simulate);
    return simulator_->priors().draw(source);
  }

  std::shared_ptr<const StrainSimulator> simulator_;
  Split split_;
  int64_t size_;
  uint64_t seed_;
};

}  // namespace

std::optional<SampleSpec> source_spec(const SimulatedStrainConfig& config) { return spec_of(StrainSimulator(config)); }

Splits open_source(const SimulatedStrainConfig& config, const OpenOptions&) {
  const auto simulator = std::make_shared<const StrainSimulator>(config);
  auto make = [&](Split split, int64_t size) -> std::unique_ptr<Dataset> {
    if (size == 0) return nullptr;
    return std::make_unique<SimulatedStrain>(simulator, split, size, config.seed);
  };
  return {make(Split::train, config.train), make(Split::validation, config.validation), make(Split::test, config.test)};
}

std::unique_ptr<Dataset> open_source_split(const SimulatedStrainConfig& config, Split split, const NetworkUse&) {
  return std::move(open_source(config, {}).of(split));
}

std::unique_ptr<Dataset> open_source_input(const SimulatedStrainConfig&, const std::filesystem::path& input, const NetworkUse&) {
  throw Error(ExitCode::usage, fmt::format("{}: data of type simulated_strain are not read from one file", input.string()),
              "Give the files of the detectors with --strain and the time with --gps.");
}

}  // namespace hpcai::data
