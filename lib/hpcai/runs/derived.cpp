#include "hpcai/runs/derived.h"

#include <fmt/format.h>

#include <cmath>

#include "hpcai/core/text.h"
#include "hpcai/runs/facts.h"

namespace hpcai::runs {
namespace {

std::optional<std::string> threads_of(const Run& run) {
  const auto number = at_path(run.environment, "threads.default"), because = at_path(run.environment, "threads.because");
  if (fact_of(run, "training.threads") != 0 || !number.is_number_integer() || !because.is_string()) return std::nullopt;
  return fmt::format("{} ({})", plural(number.get<int64_t>(), "thread"), printable(because.get<std::string>()));
}

std::optional<std::string> device_of(const Run& run) {
  const auto device = at_path(run.summary, "device");
  if (fact_of(run, "training.device") != "auto" || !device.is_string()) return std::nullopt;
  return printable(device.get<std::string>());
}

std::optional<int64_t> ranks_of(const Run& run) {
  auto ranks = at_path(run.environment, "ranks");
  if (ranks.is_null()) ranks = at_path(run.summary, "world_size");
  return ranks.is_number_integer() && ranks > 0 ? std::make_optional(ranks.get<int64_t>()) : std::nullopt;
}

std::optional<std::string> batch_of(const Run& run) {
  const auto ranks = ranks_of(run);
  const auto batch = fact_of(run, "training.global_batch");
  if (!ranks || !batch.is_number_integer()) return std::nullopt;
  return fmt::format("{} on each of {}", plural(batch.get<int64_t>() / *ranks, "sample"), plural(*ranks, "rank"));
}

// The rules of optim/base_rate.h.
std::optional<std::string> rate_of(const Run& run) {
  const auto rate = fact_of(run, "optimizer.lr"), batch = fact_of(run, "training.global_batch");
  const auto base = fact_of(run, "optimizer.lr_base_batch"), rule = fact_of(run, "optimizer.lr_scaling");
  if (!rate.is_number() || !batch.is_number() || !base.is_number() || base <= 0 || !rule.is_string() || rule == "none")
    return std::nullopt;
  const double ratio = batch.get<double>() / base.get<double>();
  const double factor = rule == "square_root" ? std::sqrt(ratio) : ratio;
  return fmt::format("{:.6g} for the global batch (optimizer.lr_scaling {})", rate.get<double>() * factor,
                     rule.get<std::string>());
}

}  // namespace

std::optional<std::string> derived_from(const Run& run, const std::string& key) {
  if (key == "training.threads") return threads_of(run);
  if (key == "training.device") return device_of(run);
  if (key == "training.global_batch" || (key == "evaluation.batch" && fact_of(run, key) == 0)) return batch_of(run);
  if (key == "optimizer.lr") return rate_of(run);
  return std::nullopt;
}

}  // namespace hpcai::runs
