#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "hpcai/config/field.h"
#include "hpcai/data/dataset.h"

namespace hpcai::tasks {

// How much a training sample counts in the loss.
enum class ClassWeighting {
  none,      // as much as any other
  balanced,  // in inverse proportion to the number of training samples of its class
  listed,    // as the config says of its class
};
inline config::EnumNames<ClassWeighting> enum_names(ClassWeighting) {
  return {{ClassWeighting::none, "none"}, {ClassWeighting::balanced, "balanced"}, {ClassWeighting::listed, "listed"}};
}

// An entry of loss.weights.
struct ClassWeight {
  std::string name;
  double weight = 1;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("class", name, {.help = "The name of a class.", .required = true});
    visitor.field("weight", weight,
                  {.help = "How much a sample of this class counts, relative to the other classes.",
                   .min = 0,
                   .min_excluded = true,
                   .required = true});
  }
};

// The keys class_weights and weights of a loss.
template <class Visitor>
void describe_class_weights(Visitor& visitor, ClassWeighting& weighting, std::vector<ClassWeight>& weights) {
  visitor.field("class_weights", weighting,
                {.help = "How much a labelled training sample counts: balanced in inverse proportion to the training samples of "
                         "its class, listed as `weights` says. Their mean over the training samples is 1. Evaluations do not "
                         "use them."});
  visitor.field("weights", weights, {.help = "With class_weights listed: the weight of each class."});
}

// samples / (classes * count) for each class, as scikit-learn's class_weight "balanced"; their mean over the samples is 1. Every
// count must be above 0; of soft labels it is the sum of the class's probabilities.
std::vector<double> balanced_weights(const std::vector<double>& counts);

// `weights` divided by their mean over the samples, sum_c count_c weight_c / sum_c count_c. At least one count must be above 0.
std::vector<double> with_mean_one(std::vector<double> weights, const std::vector<double>& counts);

// The weights of the classes of a training.
class ClassWeights {
 public:
  explicit ClassWeights(ClassWeighting weighting, std::vector<ClassWeight> listed = {});

  // Throws Error{usage} if weights are listed without need, or do not name each of `classes` once.
  void check(const std::vector<std::string>& classes) const;
  // Counts the samples of each class, if weights are wanted, and computes the weights. Throws Error{usage} if balanced weights
  // lack samples of a class.
  void fit(const data::Dataset& training, at::Device device);
  // float64 [class] on the device of fit(); undefined if no weights are wanted. Throws std::logic_error before fit().
  const at::Tensor& of_classes() const;

 private:
  ClassWeighting weighting_;
  std::vector<ClassWeight> listed_;
  at::Tensor weights_;
};

// The cross entropies [batch] of scores [batch, class] with labels int64 [batch], each times the weight of its label. `weights`
// and `label_smoothing` as below.
at::Tensor cross_entropies(const at::Tensor& scores, const at::Tensor& labels, const at::Tensor& weights, double label_smoothing);

// The weighted mean of the cross entropy over a batch, []: sum_i w_i H_i / batch. So the mean over passes and ranks is that over
// the global batch. H_i is the cross entropy of scores [batch, class] with the target after `label_smoothing`, a part of the
// probability spread evenly over all classes.
//
// `target`: labels int64 [batch], where w_i is the weight of the label; or mixed labels float [batch, class], probabilities p_ic,
// where each class counts with its own weight: w_i H_i = sum_c p_ic w_c H(label c). `weights`: [class] on the device of the
// scores; undefined: all 1.
at::Tensor weighted_cross_entropy(const at::Tensor& scores, const at::Tensor& target, const at::Tensor& weights,
                                  double label_smoothing);

}  // namespace hpcai::tasks
