#include "hpcai/trainer/replay.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "hpcai/core/error.h"
#include "hpcai/core/json.h"
#include "hpcai/core/text.h"
#include "hpcai/distributed/exchange/on_all_ranks.h"
#include "hpcai/trainer/broadcast_checkpoint.h"
#include "hpcai/trainer/model_record.h"

namespace hpcai::trainer {
namespace {

namespace fs = std::filesystem;

std::optional<checkpoint::Loaded> load_before(const fs::path& run, int64_t number, const Training& training) {
  auto loaded = checkpoint::load_newest(run / "checkpoints", number);
  if (!loaded) return loaded;
  const auto prints = fingerprints_of(training.data, training.unlabelled());
  refuse_changed_data(loaded->state.state, make_record(training.data.train->spec(), prints), run);
  return loaded;
}

// `steps`: those of the training.
[[noreturn]] void refuse_step(int64_t number, int64_t steps) {
  throw Error(ExitCode::usage, fmt::format("the training has {}, and no step {}", plural(steps, "step"), number),
              "Give a smaller --step.");
}

nlohmann::json norms_of(const NamedTensors& gradients) {
  nlohmann::json norms = nlohmann::json::object();
  for (const auto& [name, gradient] : gradients) norms[name] = gradient.norm().item<double>();
  return norms;
}

double norm_of(const nlohmann::json& norms) {
  double sum = 0;
  for (const auto& norm : norms) sum += norm.get<double>() * norm.get<double>();
  return std::sqrt(sum);
}

nlohmann::json samples_of(distributed::Group& group, const data::Dataset& dataset, const std::vector<int64_t>& mine) {
  nlohmann::json ids = nlohmann::json::array(), all = nlohmann::json::array();
  for (const int64_t sample : mine) ids.push_back(dataset.id(sample));
  for (const std::string& text : group.all_gather(json_text(ids))) {
    for (const auto& id : parse_json(text)) all.push_back(id);
  }
  return all;
}

}  // namespace

nlohmann::json replay(Incarnation& incarnation, const fs::path& run, int64_t number) {
  distributed::Group& group = incarnation.group();
  std::optional<checkpoint::Loaded> loaded;
  distributed::on_all_ranks(group, [&] {
    incarnation.build();
    if (group.rank() == 0) loaded = load_before(run, number, incarnation.training());
    if (!loaded) incarnation.set_initial_weights();
  });
  loaded = broadcast_checkpoint(group, loaded);
  incarnation.begin();
  Loop& loop = incarnation.loop();
  distributed::on_all_ranks(group, [&] {
    if (loaded) checkpoint::read_content(loaded->path, [&] { loop.load(loaded->state); });
  });
  if (number > loop.course().length().steps) refuse_step(number, loop.course().length().steps);
  loop.run_until(number - 1);
  if (loop.course().finished()) refuse_step(number, loop.course().position().step);
  const InspectedStep step = loop.inspect_step();
  const nlohmann::json norms = norms_of(step.gradients);
  return {{"step", number},
          {"from_step", loaded ? loaded->step : 0},
          {"loss", step.outcome.loss},
          {"lr", step.lr},
          {"gradient_norm", norm_of(norms)},
          {"gradient_norms", norms},
          {"samples", samples_of(group, incarnation.training().loader->main().dataset(), step.batch.index)}};
}

}  // namespace hpcai::trainer
