#include "hpcai/trainer/model_record.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "hpcai/core/error.h"
#include "hpcai/core/json.h"
#include "hpcai/core/log.h"
#include "hpcai/core/text.h"

namespace hpcai::trainer {
namespace {

constexpr int kRecordVersion = 1;
constexpr const char* kUnlabelledKey = "unlabelled";

nlohmann::json to_record(const std::optional<simulate::TimeGrid>& grid) {
  if (!grid) return nullptr;
  return {{"t_min", grid->start}, {"t_max", grid->stop}, {"t_step", grid->step}};
}

std::optional<simulate::TimeGrid> to_time_grid(const nlohmann::json& record) {
  if (record.is_null()) return std::nullopt;
  return simulate::TimeGrid{record.at("t_min"), record.at("t_max"), record.at("t_step")};
}

nlohmann::json to_record(const data::SampleSpec& spec) {
  return {{"version", kRecordVersion},
          {"input_shape", spec.input_shape},
          {"class_names", spec.class_names},
          {"target_names", spec.target_names},
          {"time_grid", to_record(spec.time_grid)},
          {"scaling", spec.scaling},
          {"target_ranges", spec.target_ranges},
          {"input_names", spec.input_names},
          {"input_fill", spec.input_fill},
          {"padded", spec.padded},
          {"each_step", spec.each_step}};
}

std::string names(const nlohmann::json& record, const char* key) {
  return printable(
      fmt::format("[{}]", fmt::join(record.value(key, nlohmann::json::array()).get<std::vector<std::string>>(), ", ")), 200);
}

// The differences between two descriptions of samples, one line each; empty if they are equal.
std::string model_changes(const nlohmann::json& then, const nlohmann::json& now) {
  std::string text;
  for (const auto& [key, label] : {std::pair{"class_names", "classes"}, {"target_names", "targets"}, {"input_names", "inputs"}}) {
    if (then.value(key, nlohmann::json::array()) != now.at(key))
      text += fmt::format("\n  {}: {} then, {} now", label, names(then, key), names(now, key));
  }
  const auto tell = [&](const char* label, const nlohmann::json& before, const nlohmann::json& after) {
    if (before == after) return;
    text += fmt::format("\n  {}: {} then, {} now", label, printable(json_text(before)), printable(json_text(after)));
  };
  for (const auto& [key, label] :
       {std::pair{"input_shape", "input shape"}, {"time_grid", "times"}, {"scaling", "pixel scaling"}}) {
    tell(label, then.at(key), now.at(key));
  }
  tell("values for missing inputs", then.value("input_fill", nlohmann::json::array()), now.at("input_fill"));
  tell("sequences of different length", then.value("padded", nlohmann::json(false)), now.at("padded"));
  tell("a truth for each step", then.value("each_step", nlohmann::json(false)), now.at("each_step"));
  tell("ranges of the targets", then.value("target_ranges", nlohmann::json::array()), now.at("target_ranges"));
  return text;
}

// The card of a checkpoint; empty for a checkpoint of an older program.
nlohmann::json card_of(const nlohmann::json& state) { return state.value("card", nlohmann::json::object()); }

}  // namespace

std::string data_changes(const nlohmann::json& then, const nlohmann::json& now) {
  std::string text;
  for (const auto& [key, label] : {std::pair{"train", "training"}, {"validation", "validation"}}) {
    const auto change = data::describe_change(then.at(key).get<data::Fingerprint>(), now.at(key).get<data::Fingerprint>());
    if (!change.empty()) text += fmt::format("\n  {} data: {}", label, change);
  }
  const auto change =
      data::describe_change(then.value(kUnlabelledKey, data::Fingerprint{}), now.value(kUnlabelledKey, data::Fingerprint{}));
  if (!change.empty()) text += fmt::format("\n  unlabelled data: {}", change);
  return text;
}

DataFingerprints fingerprints_of(const data::Splits& data, const data::Dataset* unlabelled) {
  return {data::fingerprint(data.train.get()), data::fingerprint(data.validation.get()), data::fingerprint(data.test.get()),
          data::fingerprint(unlabelled)};
}

nlohmann::json make_record(const data::SampleSpec& spec, const DataFingerprints& fingerprints, const nlohmann::json& weights) {
  nlohmann::json data = {{"train", fingerprints.train}, {"validation", fingerprints.validation}};
  if (fingerprints.unlabelled.samples > 0) data[kUnlabelledKey] = fingerprints.unlabelled;
  nlohmann::json record = {{"model", to_record(spec)}, {"data", data}};
  if (!weights.is_null()) record["weights"] = weights;
  return record;
}

nlohmann::json weights_record_of(const nlohmann::json& state) { return card_of(state).value("weights", nlohmann::json()); }

std::optional<data::SampleSpec> sample_spec_of(const nlohmann::json& state, const std::string& where) {
  const nlohmann::json card = card_of(state);
  if (!card.contains("model")) return std::nullopt;
  const nlohmann::json& record = card.at("model");
  try {
    const int version = record.at("version").get<int>();
    if (version > kRecordVersion) {
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: describes its model as version {}, this program reads {}", where, version, kRecordVersion),
                  "Use the newer program that wrote it.");
    }
    data::SampleSpec spec;
    record.at("input_shape").get_to(spec.input_shape);
    record.at("class_names").get_to(spec.class_names);
    record.at("target_names").get_to(spec.target_names);
    spec.time_grid = to_time_grid(record.at("time_grid"));
    record.at("scaling").get_to(spec.scaling);
    spec.target_ranges = record.value("target_ranges", spec.target_ranges);  // not in the checkpoints of older programs
    spec.input_names = record.value("input_names", spec.input_names);
    spec.input_fill = record.value("input_fill", spec.input_fill);
    spec.padded = record.value("padded", spec.padded);
    spec.each_step = record.value("each_step", spec.each_step);
    return spec;
  } catch (const nlohmann::json::exception& e) {
    throw Error(
        ExitCode::bad_data,
        fmt::format("{}: does not describe its model as this program does ({})", where, printable(std::string_view(e.what()))),
        "Use another checkpoint of the run.");
  }
}

void refuse_changed_data(const nlohmann::json& state, const nlohmann::json& record, const std::filesystem::path& run) {
  const nlohmann::json card = card_of(state);
  if (!card.contains("model") || !card.contains("data")) {
    log::info("an older program wrote the checkpoint and did not describe its data: whether the data are the same is not known");
    return;
  }
  std::string changes;
  try {
    changes = model_changes(card.at("model"), record.at("model")) + data_changes(card.at("data"), record.at("data"));
  } catch (const nlohmann::json::exception& e) {
    throw Error(ExitCode::cannot_resume,
                fmt::format("the newest checkpoint in {} does not describe its data as this program does ({})", printable(run),
                            printable(std::string_view(e.what()))),
                "Go on with the program that wrote it, or start a new run in another --run-dir.");
  }
  if (changes.empty()) return;
  throw Error(ExitCode::cannot_resume, fmt::format("the data of the run in {} have changed:{}", printable(run), changes),
              "Bring the former data back, or start a new run in another --run-dir.");
}

}  // namespace hpcai::trainer
