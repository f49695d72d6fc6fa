#include <torch/types.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "hpcai/data/open.h"
#include "hpcai/distributed/exchange/single_group.h"
#include "hpcai/models/initialise.h"
#include "hpcai/models/layers.h"
#include "hpcai/models/standardise.h"
#include "hpcai/tasks/regression.h"
#include "hpcai/tasks/task.h"

namespace hpcai::tasks {
namespace {

// A linear map of standardised inputs.
class LinearModel : public models::Model {
 public:
  LinearModel(const data::SampleSpec& spec, int64_t outputs) {
    scale_ = register_module(models::kInputStandardiser, std::make_shared<models::InputStandardiser>(spec.input_shape));
    dense_ = register_module("head", std::make_shared<models::Dense>(spec.input_shape[0], outputs));
    models::initialise_uniform_fan_in(*dense_, 1);
  }
  at::Tensor forward(const at::Tensor& input) override { return dense_->forward(scale_->forward(input)); }

 private:
  std::shared_ptr<models::InputStandardiser> scale_;
  std::shared_ptr<models::Dense> dense_;
};

Batch all_samples(const data::Dataset& data) {
  at::Tensor input = at::empty({data.size(), data.input_size()});
  for (int64_t i = 0; i < data.size(); ++i) data.read(i, nullptr, input.mutable_data_ptr<float>() + i * data.input_size());
  std::vector<int64_t> rows(static_cast<size_t>(data.size()));
  std::iota(rows.begin(), rows.end(), 0);
  return {{input, data.targets(rows)}};
}

}  // namespace

TEST_CASE("a linear law in a table is learnt in units of the standard deviations, whatever the units of its columns") {
  const auto file = std::filesystem::temp_directory_path() / "hpcai-table-regression.csv";
  std::ofstream(file) << [] {
    std::string text = "x,y,kind,law,other\n";
    for (int i = 0; i < 200; ++i) {
      const double x = 5e4 + 1e3 * ((i * 37) % 101), y = 1e-3 * ((i * 53) % 89);
      const bool red = i % 3 == 0;
      text += std::to_string(x) + "," + std::to_string(y) + (red ? ",red," : ",blue,") +
              std::to_string(1e6 + 2 * x + 3e6 * y + (red ? 4e4 : 0)) + "," + std::to_string(1e-4 * x) + "\n";
    }
    return text;
  }();
  data::TableConfig config;
  config.file = file.string();
  config.categories = {"kind"};
  config.targets = {"law", "other"};
  config.validation_fraction = 0.25;
  const data::Splits splits = data::open(config, 1);
  const data::SampleSpec& spec = splits.train->spec();
  const auto task = make(RegressionConfig{}, {});
  LinearModel model(spec, task->outputs(spec));
  task->extend(model, spec, 1);
  const Batch train = all_samples(*splits.train);
  {
    const at::NoGradGuard no_grad;
    models::find_input_standardiser(model)->fit_to(train.input);
    models::find_target_scale(model)->fit_to(train.target);
  }
  for (int step = 0; step < 300; ++step) {
    model.zero_grad();
    task->loss(Network(model), train).backward();
    const at::NoGradGuard no_grad;
    for (at::Tensor& parameter : model.parameters()) parameter.sub_(parameter.grad(), 0.4);
  }
  const at::NoGradGuard no_grad;
  const Batch validation = all_samples(*splits.validation);
  std::vector<int64_t> index(static_cast<size_t>(splits.validation->size()));
  std::iota(index.begin(), index.end(), 0);
  const auto evaluation = task->start_evaluation(spec, at::kCPU);
  evaluation->add(Network(model), validation, index);
  const auto group = distributed::make_single_group();
  const EvaluationResult result = evaluation->finish(*group);
  CHECK(result.metrics.at("r2").get<double>() > 0.9999);
  CHECK(result.metrics.at("rmse").at("law").get<double>() < 500);
  CHECK(result.metrics.at("rmse").at("other").get<double>() < 0.02);
  std::filesystem::remove(file);
}

}  // namespace hpcai::tasks
