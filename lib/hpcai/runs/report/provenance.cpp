#include "hpcai/runs/report/provenance.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/paths.h"
#include "hpcai/core/text.h"
#include "hpcai/runs/report/html.h"
#include "hpcai/runs/report/values.h"

namespace hpcai::runs::report {
namespace {

namespace fs = std::filesystem;

constexpr size_t kLargestText = size_t{1} << 28;  // bytes of a file that is read

using Facts = std::vector<std::pair<std::string, std::string>>;

std::string setting(const Run& run, std::string_view key) {
  const std::string* text = run.settings.find(key);
  return text ? *text : "";
}

std::string program_of(const Run& run) {
  const std::string version = text_in(run.environment, "program_version"), commit = text_in(run.environment, "commit");
  return version.empty() ? "" : fmt::format("hpcai-train {}, commit {}", version, commit.empty() ? "unknown" : commit);
}

std::string cores_of(const Run& run) {
  const double cores = number_in(run.environment, "cores"), memory = number_in(run.environment, "memory_gib");
  if (std::isnan(cores)) return "";
  return std::isnan(memory) ? rounded(cores) : fmt::format("{} and {} GiB of memory", rounded(cores), rounded(memory));
}

std::string gpus_of(const Run& run) {
  const auto gpus = run.environment.find("gpus");
  if (gpus == run.environment.end() || !gpus->is_array()) return "";
  std::vector<std::string> names;
  for (const auto& gpu : *gpus) {
    if (gpu.is_string()) names.push_back(gpu.get<std::string>());
  }
  return names.empty() ? "none" : join_words(names, "and");
}

std::string checkpoints_of(const Run& run) {
  try {
    std::vector<std::string> steps;
    for (const SavedStep& saved : saved_steps(run.path)) steps.push_back(fmt::format("{}", saved.step));
    return steps.empty() ? "" : plural_noun(std::ssize(steps), "step") + " " + join_words(steps, "and");
  } catch (const Error&) {
    return "";
  }
}

Facts facts_of(const Run& run) {
  const std::string ranks = text_in(run.summary, "world_size");
  return {{"Program", program_of(run)},
          {"LibTorch", text_in(run.environment, "torch_version")},
          {"Compiler", text_in(run.environment, "compiler")},
          {"Started", text_in(run.environment, "started")},
          {"Host", text_in(run.environment, "host")},
          {"Operating system", text_in(run.environment, "operating_system")},
          {"Kernel", text_in(run.environment, "kernel")},
          {"Processor", text_in(run.environment, "cpu")},
          {"Cores", cores_of(run)},
          {"GPUs", gpus_of(run)},
          {"Ranks", ranks},
          {"Device", text_in(run.summary, "device")},
          {"Precision", setting(run, "training.precision")},
          {"Seed", setting(run, "training.seed")},
          {"Digest of the settings", text_in(run.summary, "config_digest")},
          {"Digest of the weights", text_in(run.summary, "weights_sha256")},
          {"Checkpoints", checkpoints_of(run)}};
}

// One row for each split: number of samples and digests.
std::string data_html(const Run& run) {
  TextTable table{.caption = "Data: samples and SHA-256 of what the training read", .head = {"split"}, .rows = {}};
  const auto data = data_of(run);
  const std::vector<std::string> keys = {"samples", "names", "targets", "content"};
  table.head.insert(table.head.end(), keys.begin(), keys.end());
  for (const auto& [split, digests] : data.items()) {
    if (!digests.is_object() || text_in(digests, "samples").empty()) continue;
    table.rows.push_back({split});
    for (const std::string& key : keys) table.rows.back().push_back(text_in(digests, key));
  }
  return table.rows.empty() ? "" : html_of(table);
}

std::string command_html(const std::string& purpose, const std::vector<std::string>& words) {
  return element("p", purpose) + preformatted(purpose, shell_line(words));
}

// The tasks for which `evaluate --report` makes figures.
bool has_figures(const Run& run) {
  constexpr std::array<std::string_view, 4> kTasks = {"cross_entropy", "density", "waveform_mse", "waveform_mismatch"};
  if (setting(run, "loss.type") == "binary_cross_entropy") return setting(run, "data.each_step") == "true";
  return std::ranges::find(kTasks, setting(run, "loss.type")) != kTasks.end();
}

std::string evaluation_html(const Run& run, const std::string& folder) {
  const std::string split = run.summary.contains("test") ? "test" : "validation";
  std::vector<std::string> words = {"hpcai-train", "evaluate", "--run-dir", folder, "--split", split};
  if (!has_figures(run)) return command_html("Measure the quality again:", words);
  words.insert(words.end(), {"--report", folder + "/quality"});
  return command_html("Measure the quality again, with tables and figures that the next report shows:", words);
}

}  // namespace

std::string file_html(const fs::path& file, const Budget& budget, bool at_end) {
  std::string text;
  try {
    if (!path_exists(file)) return "";
    text = read_file(file, kLargestText);
  } catch (const Error& error) {
    return element("p", {{"class", "note"}}, escaped(error.what()));
  }
  const std::string name = file.filename().string();
  std::string title = name;
  if (text.size() > budget.text_bytes) {
    title += fmt::format(" (the {} {} of {} kB)", at_end ? "last" : "first",
                         rounded(static_cast<double>(budget.text_bytes) / 1e3), rounded(static_cast<double>(text.size()) / 1e3));
    text = at_end ? text.substr(text.size() - budget.text_bytes) : text.substr(0, budget.text_bytes);
  }
  return folded("file-" + name, title, preformatted(name, text));
}

std::string provenance_html(const Run& run, const Budget& budget) {
  std::string html = facts_html(facts_of(run)) + data_html(run);
  for (const char* name : {"command.txt", "config.yaml", "environment.json", "summary.json"}) {
    html += file_html(run.path / name, budget);
  }
  return html + file_html(run.path / "log.txt", {.rows = 0, .picture_bytes = 0, .text_bytes = budget.text_bytes / 5}, true);
}

std::string repeat_html(const Run& run) {
  const std::string folder = run.path.string(), ranks = text_in(run.summary, "world_size");
  std::string html;
  if (path_exists(run.path / "config.yaml")) {
    std::vector<std::string> words = {"hpcai-train", "--config", folder + "/config.yaml", "--run-dir", folder + "-repeat"};
    if (!ranks.empty() && ranks != "1") words.insert(words.end(), {"--nproc", ranks});
    html += command_html("Train again, with the same settings:", words);
    const std::string weights = text_in(run.summary, "weights_sha256");
    if (!weights.empty()) {
      html += element("p", {{"class", "note"}},
                      "The repetition has the same bits if its summary.json has the <code>weights_sha256</code> " +
                          element("code", weights) +
                          ". That needs the same program, kind of processor, number of threads and number of ranks, and on a GPU "
                          "<code>training.deterministic</code>.");
    }
  }
  if (run.state.name != "finished") {
    html += command_html("Go on from the last checkpoint:",
                         {"hpcai-train", "--config", folder + "/config.yaml", "--run-dir", folder, "--resume", "auto"});
  } else {
    html += evaluation_html(run, folder);
  }
  return html + command_html("Write this report again:", {"hpcai-train", "report", folder});
}

}  // namespace hpcai::runs::report
