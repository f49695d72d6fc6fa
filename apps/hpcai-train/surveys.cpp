#include "surveys.h"

#include <ATen/ATen.h>

#include <filesystem>
#include <set>

#include "hpcai/core/error.h"
#include "hpcai/data/class_targets.h"
#include "hpcai/data/input_files.h"
#include "hpcai/data/open.h"
#include "hpcai/inference/embedding/features.h"
#include "hpcai/trainer/network.h"

namespace hpcai::app {
namespace {

namespace fs = std::filesystem;

// The last part of each path, or the whole paths if these are not all different.
std::vector<std::string> survey_names(const std::vector<std::string>& inputs) {
  std::vector<std::string> names;
  for (const std::string& input : inputs) {
    const fs::path path(input);
    names.push_back(path.has_filename() ? path.filename().string() : path.parent_path().filename().string());
  }
  if (std::set<std::string>(names.begin(), names.end()).size() == names.size()) return names;
  if (std::set<std::string>(inputs.begin(), inputs.end()).size() < inputs.size()) {
    throw Error(ExitCode::usage, "--input: a path is given twice");
  }
  return inputs;
}

std::vector<int64_t> all_of(const data::Dataset& dataset) {
  std::vector<int64_t> index(static_cast<size_t>(dataset.size()));
  for (size_t i = 0; i < index.size(); ++i) index[i] = static_cast<int64_t>(i);
  return index;
}

// Adds what is known of the samples without the network.
void add_samples(const Survey& survey, data::EmbeddingTable& table) {
  const auto& classes = survey.dataset->spec().class_names;
  const at::Tensor targets = survey.dataset->targets(all_of(*survey.dataset));
  const bool known = targets.defined() && !classes.empty();
  const at::Tensor labels = known ? data::class_labels(targets) : at::Tensor();
  for (int64_t i = 0; i < survey.dataset->size(); ++i) {
    table.ids.push_back(survey.dataset->id(i));
    table.surveys.push_back(survey.name);
    if (classes.empty()) continue;
    const int64_t label = known ? labels[i].item<int64_t>() : data::kUnlabelled;
    table.labels.push_back(label == data::kUnlabelled ? "" : classes[static_cast<size_t>(label)]);
  }
}

}  // namespace

std::vector<Survey> open_surveys(const std::optional<std::string>& split, const std::vector<std::string>& inputs,
                                 Trained& trained, const data::NetworkUse& use) {
  std::vector<Survey> surveys;
  if (split || inputs.empty()) {
    const std::string name = split.value_or("test");
    surveys.push_back({name, data::open_split(trained.experiment.data, split_named(name), use)});
  }
  const std::vector<std::string> names = survey_names(inputs);
  for (size_t i = 0; i < names.size(); ++i) {
    surveys.push_back({names[i], data::open_input(trained.experiment.data, inputs[i], use)});
    const auto files = data::input_files(trained.experiment.data, inputs[i]);
    trained.inputs.insert(trained.inputs.end(), files.begin(), files.end());
  }
  return surveys;
}

EmbeddedSurveys embed_surveys(Trained& trained, const std::vector<Survey>& surveys) {
  const tasks::Network network = trainer::network_of(*trained.model, trained.settings.precision);
  data::EmbeddingTable table;
  std::vector<at::Tensor> all;
  for (const Survey& survey : surveys) {
    add_samples(survey, table);
    const auto& classes = survey.dataset->spec().class_names;
    const inference::Features found = inference::features_of(network, *survey.dataset, trained.settings.global_batch,
                                                             trained.group->device(), trained.settings.loader);
    all.push_back(found.vectors);
    if (found.scores.size(1) != static_cast<int64_t>(classes.size())) continue;
    const at::Tensor best = found.scores.argmax(1);
    for (int64_t i = 0; i < best.size(0); ++i) table.predicted.push_back(classes[static_cast<size_t>(best[i].item<int64_t>())]);
  }
  const at::Tensor features = at::cat(all).contiguous();
  table.features = features.size(1);
  table.feature_values.assign(features.const_data_ptr<float>(), features.const_data_ptr<float>() + features.numel());
  return {features, std::move(table)};
}

SurveyImage image_of_row(const std::vector<Survey>& surveys, int64_t row) {
  size_t survey = 0;
  while (row >= surveys[survey].dataset->size()) row -= surveys[survey++].dataset->size();
  return {surveys[survey].dataset.get(), row};
}

}  // namespace hpcai::app
