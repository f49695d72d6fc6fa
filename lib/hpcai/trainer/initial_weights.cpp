#include "hpcai/trainer/initial_weights.h"

#include <fmt/format.h>

#include <utility>

#include "hpcai/checkpoint/load.h"
#include "hpcai/checkpoint/manifest.h"
#include "hpcai/checkpoint/weights/read_weights.h"
#include "hpcai/core/error.h"
#include "hpcai/core/paths.h"
#include "hpcai/core/sha256.h"
#include "hpcai/core/text.h"
#include "hpcai/models/import/apply_weights.h"

namespace hpcai::trainer {
namespace {

namespace fs = std::filesystem;

struct FoundWeights {
  fs::path file;
  NamedTensors tensors;
  bool is_keras = false;
};

FoundWeights read_from(const fs::path& path) {
  if (is_folder(path)) {
    auto loaded = checkpoint::load_checkpoint(path, checkpoint::Parts::model);
    return {loaded.path / checkpoint::kModelName, std::move(loaded.state.model)};
  }
  checkpoint::Weights weights = checkpoint::read_weights(path);
  return {path, std::move(weights.tensors), weights.format == checkpoint::WeightsFormat::keras};
}

// Empty if the file cannot be read, or is none.
std::string digest_if_readable(const std::string& file) {
  std::error_code code;
  if (!fs::is_regular_file(file, code)) return "";
  try {
    return sha256_of_file(file);
  } catch (const Error&) {
    return "";
  }
}

}  // namespace

InitialWeights load_initial_weights(const ModelSection& section, models::Model& model) {
  if (section.weights.empty()) return {};
  FoundWeights found = read_from(section.weights);
  const std::string where = printable(found.file);
  const models::Translated translated =
      models::translate(section, models::tensor_names(model), std::move(found.tensors), found.is_keras, where);
  const models::Applied applied = models::apply_weights(model, translated, where);
  return {
      fmt::format("{} from {} ({}){}", models::describe_part(applied), where, translated.origin, models::describe_new(applied)),
      {{"path", section.weights}, {"file", found.file.string()}, {"sha256", sha256_of_file(found.file.string())}}};
}

std::vector<fs::path> weight_files(const ModelSection& section) {
  std::error_code code;
  if (section.weights.empty() || !fs::is_regular_file(section.weights, code)) return {};
  return {section.weights};
}

void refuse_changed_weights(const nlohmann::json& record, const fs::path& run) {
  const auto file = record.at("file").get<std::string>(), then = record.at("sha256").get<std::string>();
  const std::string now = digest_if_readable(file);
  if (now.empty() || now == then) return;
  throw Error(ExitCode::cannot_resume,
              fmt::format("the run in {} began with other weights: {} has the SHA-256 {:.12}... now, and had {:.12}...",
                          printable(run), printable(file), now, then),
              "Bring the former file back or move the new one away, or start a new run in another --run-dir.");
}

}  // namespace hpcai::trainer
