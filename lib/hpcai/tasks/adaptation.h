#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "hpcai/config/field.h"
#include "hpcai/tasks/class_weights.h"
#include "hpcai/tasks/options.h"

namespace hpcai::tasks {

class Task;

// How the features of labelled and of unlabelled samples are made alike.
enum class Alignment { none, mmd, sinkhorn, adversarial };
inline config::EnumNames<Alignment> enum_names(Alignment) {
  return {{Alignment::none, "none"},
          {Alignment::mmd, "mmd"},
          {Alignment::sinkhorn, "sinkhorn"},
          {Alignment::adversarial, "adversarial"}};
}

// The task of classifying samples of a survey without labels, from the labels of another survey: the cross entropy of labelled
// samples, and what unlabelled samples tell.
struct AdaptationConfig {
  static constexpr std::string_view kType = "adaptation";
  static constexpr std::string_view kHelp =
      "Classification of a survey without labels: cross entropy of labelled samples, and losses of unlabelled ones.";
  double label_smoothing = 0;
  bool adaptive_statistics = true;
  double consistency = 1;
  double certainty = 0.8;
  Alignment alignment = Alignment::none;
  double alignment_weight = 0.1;
  double sinkhorn_blur = 0.5;
  int64_t discriminator_units = 64;
  ClassWeighting class_weights = ClassWeighting::none;
  std::vector<ClassWeight> weights = {};

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("label_smoothing", label_smoothing,
                  {.help = "Part of the target probability of labelled samples spread evenly over all classes.",
                   .min = 0,
                   .max = 1,
                   .max_excluded = true});
    visitor.field("adaptive_statistics", adaptive_statistics,
                  {.help = "The running statistics of batch norms are those of the unlabelled samples (Li et al. 2016)."});
    visitor.field("consistency", consistency,
                  {.help = "Weight of the cross entropy of changed unlabelled samples with the network's own certain predictions "
                           "for the unchanged ones (Sohn et al. 2020).",
                   .min = 0});
    visitor.field(
        "certainty", certainty,
        {.help = "Least probability of a prediction that counts as certain.", .min = 0, .max = 1, .max_excluded = true});
    visitor.field(
        "alignment", alignment,
        {.help = "Distance between the features of labelled and unlabelled samples: maximum mean discrepancy, Sinkhorn "
                 "divergence, or a discriminator that the network works against (Ganin et al. 2016). The first two compare the "
                 "samples of a pass of a rank."});
    visitor.field("alignment_weight", alignment_weight, {.help = "Weight of that distance in the loss.", .min = 0});
    visitor.field("sinkhorn_blur", sinkhorn_blur,
                  {.help = "Length below which the Sinkhorn divergence blurs, in units of the root-mean-square distance of the "
                           "features.",
                   .min = 0.05,
                   .max = 100});
    visitor.field("discriminator_units", discriminator_units,
                  {.help = "Units of the hidden layer of the discriminator.", .min = 1, .max = 1 << 16});
    describe_class_weights(visitor, class_weights, weights);
  }
};

// The adaptation task. `options` must hold the settings of the section `evaluation`.
std::unique_ptr<Task> make(const AdaptationConfig& config, const EvaluationOptions& options);

}  // namespace hpcai::tasks
