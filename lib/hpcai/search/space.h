#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "hpcai/config/field.h"
#include "hpcai/search/parameter.h"

namespace hpcai::search {

enum class Goal { minimise, maximise };
inline config::EnumNames<Goal> enum_names(Goal) { return {{Goal::minimise, "minimise"}, {Goal::maximise, "maximise"}}; }

enum class Sampler { random, grid, sobol };
inline config::EnumNames<Sampler> enum_names(Sampler) {
  return {{Sampler::random, "random"}, {Sampler::grid, "grid"}, {Sampler::sobol, "sobol"}};
}

enum class Unit { epochs, steps };
inline config::EnumNames<Unit> enum_names(Unit) { return {{Unit::epochs, "epochs"}, {Unit::steps, "steps"}}; }

struct NoEarlyStop {
  static constexpr std::string_view kType = "none";
  static constexpr std::string_view kHelp = "Every trial is trained to its end.";
  template <class Visitor>
  void describe(Visitor&) {}
};

struct AshaConfig {
  static constexpr std::string_view kType = "asha";
  static constexpr std::string_view kHelp =
      "Asynchronous successive halving (Li et al. 2020), decided in the order of the trials.";
  int64_t minimum = 1;
  int64_t reduction = 3;
  Unit unit = Unit::epochs;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("minimum", minimum,
                  {.help = "The training of every trial; the next rungs are longer by the factor `reduction`.",
                   .min = 1,
                   .required = true});
    visitor.field("reduction", reduction,
                  {.help = "One of so many trials goes on from a rung to the next.", .min = 2, .max = 1e6});
    visitor.field("unit", unit, {.help = "What `minimum` counts."});
  }
};

using EarlyStop = std::variant<NoEarlyStop, AshaConfig>;

// The content of a space file: what a search varies, and what it looks for.
struct Space {
  std::string metric = "validation.loss";
  Goal goal = Goal::minimise;
  Sampler sampler = Sampler::random;
  int64_t seed = 1;
  EarlyStop early_stop;
  std::vector<Parameter> parameters;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("metric", metric, {.help = "The number of summary.json that is compared, such as validation.loss."});
    visitor.field("goal", goal, {.help = "Whether the lowest or the highest value is the best."});
    visitor.field("sampler", sampler,
                  {.help = "How the values of a trial are chosen: at random, on a grid, or by a scrambled Sobol sequence."});
    visitor.field("seed", seed, {.help = "Of the sampler. The seed of the trainings is training.seed.", .min = 0});
    visitor.field("early_stop", early_stop, {.help = "Whether the training of poor trials ends early."});
    visitor.field("parameters", parameters, {.help = "The settings that vary.", .required = true});
  }
};

// Whether value `a` is better than value `b`.
inline bool is_better(Goal goal, double a, double b) { return goal == Goal::minimise ? a < b : a > b; }

// The path of the metric below summary.json's `validation`: "loss".
std::string metric_name(const Space& space);

// Reads a space file strictly. Throws Error{usage} that lists all problems with file and line, and Error{missing_input}.
Space read_space(const std::filesystem::path& path);

// Checks a space against the config that it varies: each key exists, has the type of the parameter, and may have its extreme
// values. Throws Error{usage} that lists all problems with file and line; what reading `config` throws; nothing is written.
void check_space(const Space& space, const std::filesystem::path& config, const std::vector<std::string>& overrides);

}  // namespace hpcai::search
