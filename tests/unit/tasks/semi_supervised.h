#pragma once

#include <torch/types.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "hpcai/distributed/exchange/group.h"
#include "hpcai/tasks/task.h"

// A toy task whose loss needs two sources: labelled and unlabelled samples.
namespace hpcai::tasks {

// x [batch, 2] -> [batch, 1], a weighted sum.
class Line : public models::Model {
 public:
  explicit Line(at::ScalarType type) : weight_(register_parameter("weight", torch::tensor({0.1, 0.0}, type))) {
    add_layer("line");
  }
  at::Tensor forward(const at::Tensor& x) override { return at::matmul(x, weight_).unsqueeze(1); }

 private:
  at::Tensor weight_;
};

// Labelled points give the sign, unlabelled ones a distance from the boundary.
class SemiSupervised : public Task {
 public:
  explicit SemiSupervised(double weight) : weight_(weight) {}

  int64_t outputs(const data::SampleSpec&) const override { return 1; }
  std::vector<std::string> further_sources() const override { return {"unlabelled"}; }

  at::Tensor loss(const Network& network, const Batch& batch) const override {
    const at::Tensor labelled = (network(batch.input) - batch.target).square().mean();
    const at::Tensor distance = network(batch.from("unlabelled").input).abs();
    return labelled + weight_ * (distance - 1).square().mean();
  }

  std::vector<Metric> metrics() const override { return {kLoss}; }
  std::unique_ptr<Evaluation> start_evaluation(const data::SampleSpec&, at::Device) const override {
    return std::make_unique<Sums>();
  }
  data::PredictionTable table(const data::SampleSpec&, const metrics::Predictions::Gathered& all) const override {
    data::PredictionTable table;
    table.columns = {"side"};
    table.predictions = row_major(all.prediction, 1);
    return table;
  }

 private:
  class Sums : public Evaluation {
   protected:
    Outcome measure(const Network& network, const Batch& batch, const std::vector<int64_t>&) override {
      const at::Tensor output = network(batch.input);
      return {(output - batch.target).square().mean(), output};
    }
    nlohmann::json reduce(distributed::Group&, const metrics::Predictions::Gathered&) override {
      return nlohmann::json::object();
    }
  };

  double weight_;
};

}  // namespace hpcai::tasks
