#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>

#include "hpcai/checkpoint/load.h"
#include "hpcai/checkpoint/manifest.h"
#include "hpcai/checkpoint/safetensors.h"
#include "hpcai/config/config.h"
#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/runs/environment.h"
#include "hpcai/runs/facts.h"
#include "hpcai/runs/hashes.h"
#include "hpcai/trainer/data_record.h"
#include "hpcai/trainer/experiment.h"
#include "hpcai/trainer/initial_weights.h"
#include "hpcai/trainer/model_record.h"
#include "runs.h"

namespace hpcai::app {
namespace {

namespace fs = std::filesystem;

struct VerifyOptions {
  std::string run;
  bool skip_data = false, json = false;
};

// One fact that is computed again.
struct VerifiedFact {
  enum class Outcome { same, changed, unknown };
  std::string what;  // "data", "checkpoints/step-00000123"
  Outcome outcome = Outcome::same;
  std::string text;  // the reason if it is not the same
};

class RunVerifier {
 public:
  explicit RunVerifier(const VerifyOptions& options) : options_(options), run_(runs::read_run(options.run)) {}

  std::vector<VerifiedFact> run() {
    for (const std::string& fault : run_.faults) add("files", VerifiedFact::Outcome::changed, fault);
    check_files();
    attempt("config.yaml", [&] { check_config(); });
    if (options_.skip_data) {
      add("data", VerifiedFact::Outcome::unknown, "skipped");
    } else {
      attempt("data", [&] { check_data(); });
    }
    attempt("initial weights", [&] { check_initial_weights(); });
    check_checkpoints();
    attempt("weights", [&] { check_weights(); });
    attempt("calibration.json", [&] { check_calibration(); });
    return std::move(checks_);
  }

 private:
  void add(const std::string& what, VerifiedFact::Outcome outcome, const std::string& text = "") {
    checks_.push_back({what, outcome, text});
  }

  // A file that breaks its contract has changed; what cannot be read or is not there leaves the question open.
  void attempt(const std::string& what, const std::function<void()>& check) {
    try {
      check();
    } catch (const Error& error) {
      const bool damaged = error.code() == ExitCode::bad_data || error.code() == ExitCode::cannot_resume;
      add(what, damaged ? VerifiedFact::Outcome::changed : VerifiedFact::Outcome::unknown, error.what());
    }
  }

  // Whether another version of the program may compute other digests of the same content.
  bool is_of_this_program() const {
    return runs::at_path(run_.environment, "commit") == runs::describe_environment().at("commit");
  }

  void compare(const std::string& what, const nlohmann::json& recorded, const std::string& now) {
    if (!recorded.is_string()) return add(what, VerifiedFact::Outcome::unknown, "not recorded");
    if (recorded == now) return add(what, VerifiedFact::Outcome::same);
    if (!is_of_this_program())
      return add(what, VerifiedFact::Outcome::unknown, "another version of the program wrote the digest");
    add(what, VerifiedFact::Outcome::changed,
        fmt::format("its digest is {:.12}, and {:.12} was recorded", now, recorded.get<std::string>()));
  }

  void check_files() {
    attempt("hashes.json", [&] {
      const auto checks = runs::check_hashes(run_.path);
      if (checks.empty())
        add("hashes.json", VerifiedFact::Outcome::unknown, "not recorded: the run has not finished, or an older program made it");
      for (const auto& check : checks)
        add(check.file, check.fault.empty() ? VerifiedFact::Outcome::same : VerifiedFact::Outcome::changed, check.fault);
    });
  }

  void check_config() {
    experiment_ = config::read<trainer::Experiment>(run_.path / "config.yaml");
    compare("settings", runs::at_path(run_.summary, "config_digest"), config::digest(*experiment_));
  }

  void check_data() {
    const nlohmann::json recorded = runs::data_of(run_);
    if (recorded.empty()) return add("data", VerifiedFact::Outcome::unknown, "not recorded");
    if (!experiment_) return add("data", VerifiedFact::Outcome::unknown, "the config cannot be read");
    std::string changes;
    try {
      changes = trainer::data_changes(recorded, trainer::describe_data(*experiment_));
    } catch (const nlohmann::json::exception&) {
      return add("data", VerifiedFact::Outcome::unknown, "another version of the program described them");
    }
    add("data", changes.empty() ? VerifiedFact::Outcome::same : VerifiedFact::Outcome::changed, std::string(trim(changes)));
  }

  void check_initial_weights() {
    const auto weights = runs::at_path(run_.environment, "initial_weights");
    if (weights.is_null()) return;
    trainer::refuse_changed_weights(weights, run_.path);
    add("initial weights", VerifiedFact::Outcome::same);
  }

  void check_checkpoints() {
    const auto saved = runs::saved_steps(run_.path);
    if (saved.empty()) add("checkpoints", VerifiedFact::Outcome::unknown, "there are none");
    for (const auto& one : saved) {
      const std::string what = "checkpoints/" + one.path.filename().string();
      attempt(what, [&] {
        const auto manifest = checkpoint::verify(one.path);
        models_.push_back(manifest.files.at(checkpoint::kModelName).sha256);
        const auto recorded = runs::at_path(run_.summary, "config_digest");
        if (recorded.is_string() && recorded != manifest.origin.config_digest) {
          return add(what, VerifiedFact::Outcome::changed, "belongs to other settings than the summary");
        }
        add(what, VerifiedFact::Outcome::same);
      });
    }
  }

  void check_weights() {
    const auto recorded = runs::at_path(run_.summary, "weights_sha256"), steps = runs::at_path(run_.summary, "steps");
    if (!recorded.is_string()) return add("weights", VerifiedFact::Outcome::unknown, "not recorded: the run has not finished");
    for (const auto& saved : runs::saved_steps(run_.path)) {
      if (steps != saved.step) continue;
      const auto tensors = checkpoint::read_safetensors(saved.path / checkpoint::kModelName);
      const bool same = checkpoint::weights_sha256(tensors) == recorded;
      return add("weights", same ? VerifiedFact::Outcome::same : VerifiedFact::Outcome::changed,
                 same ? "" : fmt::format("those of {} are not those of summary.json", saved.path.filename().string()));
    }
    add("weights", VerifiedFact::Outcome::unknown, "the last checkpoint is not there");
  }

  void check_calibration() {
    std::vector<std::string> faults;
    const auto calibration = runs::read_object(run_.path / "calibration.json", faults);
    if (!faults.empty()) return add("calibration.json", VerifiedFact::Outcome::changed, faults.front());
    const auto sha = runs::at_path(calibration, "checkpoint_sha256");
    if (sha.is_null()) return;
    const bool known = std::ranges::any_of(models_, [&](const std::string& model) { return sha == model; });
    add("calibration.json", known ? VerifiedFact::Outcome::same : VerifiedFact::Outcome::unknown,
        known ? "" : "its checkpoint is not there");
  }

  const VerifyOptions& options_;
  runs::Run run_;
  std::optional<trainer::Experiment> experiment_;
  std::vector<std::string> models_;  // hashes of the weights in the checkpoints
  std::vector<VerifiedFact> checks_;
};

const char* word_for(VerifiedFact::Outcome outcome) {
  switch (outcome) {
    case VerifiedFact::Outcome::same: return "same";
    case VerifiedFact::Outcome::changed: return "CHANGED";
    case VerifiedFact::Outcome::unknown: return "unknown";
  }
  return "";
}

int verify(const VerifyOptions& options) {
  const std::vector<VerifiedFact> checks = RunVerifier(options).run();
  nlohmann::json report = nlohmann::json::array();
  for (const VerifiedFact& check : checks)
    report.push_back({{"what", check.what}, {"outcome", lower_case(word_for(check.outcome))}, {"text", check.text}});
  print_report(report, options.json, [&] {
    for (const VerifiedFact& check : checks) {
      std::cout << fmt::format("{:<8} {}{}\n", word_for(check.outcome), printable(check.what),
                               check.text.empty() ? "" : ": " + printable_lines(check.text));
    }
  });
  std::vector<std::string> changed;
  for (const VerifiedFact& check : checks) {
    if (check.outcome == VerifiedFact::Outcome::changed) changed.push_back(check.what);
  }
  if (changed.empty()) return 0;
  throw Error(ExitCode::bad_data,
              fmt::format("{}: {} {} not as the run left it", printable(fs::path(options.run)), join_words(changed, "and"),
                          changed.size() == 1 ? "is" : "are"),
              "Take a copy of the run that verifies, or train again (`hpcai-train runs rerun`).");
}

}  // namespace

void add_runs_verify(CommandLine& line, CLI::App& runs) {
  auto options = std::make_shared<VerifyOptions>();
  CLI::App* app = runs.add_subcommand("verify", "Compute all hashes of a run again: files, settings, data, checkpoints, weights");
  app->footer(
      "example: hpcai-train runs verify runs/galaxy-quickstart\nA change ends with status 65. What cannot be computed again is "
      "\"unknown\".");
  app->add_option("run", options->run, "Folder of the run")->type_name("RUN")->required();
  app->add_flag("--no-data", options->skip_data, "Do not open the data");
  app->add_flag("--json", options->json, "Print as JSON");
  app->callback([&line, options] { line.run = [options] { return verify(*options); }; });
}

}  // namespace hpcai::app
