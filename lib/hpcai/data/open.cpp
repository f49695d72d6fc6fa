#include "hpcai/data/open.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/data/sources/simulated_votes.h"

namespace hpcai::data {
namespace {

std::string shape_of(const SampleSpec& spec) { return fmt::format("[{}]", fmt::join(spec.input_shape, ", ")); }

// How the samples of `other` differ from those expected; empty if they do not.
std::string difference(const SampleSpec& expected, const SampleSpec& other) {
  auto names = [](const std::vector<std::string>& list) { return printable(fmt::format("[{}]", fmt::join(list, ", ")), 200); };
  if (other.input_shape != expected.input_shape) return fmt::format("shape {}, not {}", shape_of(other), shape_of(expected));
  if (other.input_names != expected.input_names) {
    return fmt::format("inputs {}, not {}", names(other.input_names), names(expected.input_names));
  }
  if (other.class_names != expected.class_names) {
    return fmt::format("classes {}, not {}", names(other.class_names), names(expected.class_names));
  }
  if (other.target_names != expected.target_names) {
    return fmt::format("targets {}, not {}", names(other.target_names), names(expected.target_names));
  }
  if (other.target_ranges != expected.target_ranges) return "other ranges of the targets";
  if (other.input_fill != expected.input_fill) return "other values for missing inputs";
  if (other.time_grid != expected.time_grid) return "other times";
  if (other.padded != expected.padded) return other.padded ? "sequences of different length, not" : "one length, not several";
  if (other.each_step != expected.each_step)
    return other.each_step ? "a truth for each step, not one" : "one truth, not each step";
  if (other.scaling != expected.scaling) return fmt::format("scaling {}, not {}", other.scaling, expected.scaling);
  return "";
}

void check_equal(const SampleSpec& train, const std::unique_ptr<Dataset>& other, const std::string& name) {
  if (!other || other->spec() == train) return;
  throw Error(ExitCode::bad_data,
              fmt::format("the {} split's samples have {} as the training split's", name, difference(train, other->spec())),
              fmt::format("One network reads all splits; make them alike. The first {} sample is {}.", name, other->where(0)));
}

void check_fits(const SampleSpec& network, const Dataset& dataset) {
  if (dataset.spec() == network) return;
  throw Error(ExitCode::bad_data,
              fmt::format("the samples have {} as the network was trained with", difference(network, dataset.spec())),
              fmt::format("Give data of the same kind. The first sample is {}.", dataset.where(0)));
}

}  // namespace

Splits open(const DataConfig& config, int threads, bool fill_caches) {
  Splits splits = std::visit([&](const auto& source) { return open_source(source, {threads, fill_caches}); }, config);
  check_equal(splits.train->spec(), splits.validation, "validation");
  check_equal(splits.train->spec(), splits.test, "test");
  return splits;
}

std::unique_ptr<Dataset> find_split(const DataConfig& config, Split split, const NetworkUse& use) {
  auto dataset = std::visit([&](const auto& source) { return open_source_split(source, split, use); }, config);
  if (!dataset || dataset->size() == 0) return nullptr;
  check_fits(use.spec, *dataset);
  return dataset;
}

std::unique_ptr<Dataset> open_split(const DataConfig& config, Split split, const NetworkUse& use) {
  if (auto dataset = find_split(config, split, use)) return dataset;
  throw Error(ExitCode::missing_input, fmt::format("the data have no {} split", name_of(split)),
              "Choose another --split, such as --split validation; give new samples with --input; or name the data with --set, "
              "such as --set "
              "data.test=FILE. Tables and arrays set samples aside with data.test_fraction when they are trained.");
}

std::unique_ptr<Dataset> open_input(const DataConfig& config, const std::filesystem::path& input, const NetworkUse& use) {
  auto dataset = std::visit([&](const auto& source) { return open_source_input(source, input, use); }, config);
  check_fits(use.spec, *dataset);
  return dataset;
}

std::optional<SampleSpec> spec_of(const DataConfig& config) {
  return std::visit([](const auto& source) { return source_spec(source); }, config);
}

SampleSpec spec_of_samples(const DataConfig& config) {
  if (auto spec = spec_of(config)) return *spec;
  return open(config, 0, /*fill_caches=*/false).train->spec();
}

std::vector<VoteQuestion> vote_questions(const DataConfig& config) {
  if (const auto* stored = std::get_if<ImageFolderConfig>(&config)) return stored->votes.questions;
  const auto* simulated = std::get_if<SimulatedGalaxiesConfig>(&config);
  return simulated != nullptr && simulated->volunteers > 0 ? simulated_questions() : std::vector<VoteQuestion>{};
}

bool may_validate(const DataConfig& config) {
  return std::visit([](const auto& source) { return source.may_validate(); }, config);
}

}  // namespace hpcai::data
