#include "hpcai/trainer/sources.h"

#include <fmt/format.h>

#include <vector>

#include "hpcai/core/error.h"
#include "hpcai/data/open.h"
#include "hpcai/data/wrappers/concatenation.h"
#include "hpcai/data/wrappers/labelled.h"
#include "hpcai/data/wrappers/two_views.h"
#include "hpcai/trainer/experiment.h"

namespace hpcai::trainer {
namespace {

std::unique_ptr<data::Dataset> open_source(const Experiment& experiment, size_t number, const data::SampleSpec& spec,
                                           int threads) {
  const SourceConfig& source = experiment.sources[number];
  const bool labels_optional = source.role == SourceRole::unlabelled || !source.labels.empty();
  try {
    auto samples = data::open_split(source.data, data::Split::train, {spec, labels_optional, /*other_data=*/false, threads});
    return source.labels.empty() ? std::move(samples) : data::labelled_by(std::move(samples), source.labels);
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("sources[{}]: {}", number, error.what()), error.remedy());
  }
}

std::vector<std::unique_ptr<data::Dataset>> open_sources(const Experiment& experiment, SourceRole role,
                                                         const data::SampleSpec& spec, int threads) {
  std::vector<std::unique_ptr<data::Dataset>> opened;
  for (size_t i = 0; i < experiment.sources.size(); ++i) {
    if (experiment.sources[i].role == role) opened.push_back(open_source(experiment, i, spec, threads));
  }
  return opened;
}

}  // namespace

data::Splits open_training_data(const Experiment& experiment, int threads, bool fill_caches) {
  data::Splits data = data::open(experiment.data, threads, fill_caches);
  auto parts = open_sources(experiment, SourceRole::training, data.train->spec(), threads);
  if (parts.empty()) return data;
  parts.insert(parts.begin(), std::move(data.train));
  data.train = data::joined(std::move(parts));
  return data;
}

std::unique_ptr<data::Dataset> open_unlabelled_samples(const Experiment& experiment, const data::SampleSpec& spec, int threads) {
  return data::joined(open_sources(experiment, SourceRole::unlabelled, spec, threads));
}

std::unique_ptr<data::Dataset> open_unlabelled(const Experiment& experiment, const data::SampleSpec& spec, int threads) {
  return std::make_unique<data::TwoViews>(open_unlabelled_samples(experiment, spec, threads));
}

}  // namespace hpcai::trainer
