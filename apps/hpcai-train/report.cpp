#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <set>
#include <thread>

#include "commands.h"
#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/output_file.h"
#include "hpcai/core/paths.h"
#include "hpcai/core/stop_signal.h"
#include "hpcai/core/text.h"
#include "hpcai/runs/hashes.h"
#include "hpcai/runs/report/events/tensorboard.h"
#include "hpcai/runs/report/report.h"
#include "output_name.h"

namespace hpcai::app {
namespace {

namespace fs = std::filesystem;

constexpr const char* kReportFooter =
    "examples: hpcai-train report runs/galaxy-quickstart\n"
    "          hpcai-train report runs/galaxy-quickstart --follow\n"
    "          hpcai-train report runs/galaxy-1 runs/galaxy-2 --output comparison.html\n"
    "          hpcai-train report runs/scaling\n"
    "          hpcai-train report runs/galaxy-quickstart --tensorboard runs/tensorboard\n"
    "The file needs no network and no other file. Open it in a browser.";

struct ReportOptions {
  std::vector<std::string> folders;
  std::string output;
  std::vector<std::string> quality;
  std::string tensorboard;
  bool follow = false;
  double every_s = 5;
};

runs::report::Subject subject_of(const ReportOptions& options) {
  runs::report::Subject subject;
  subject.folders.assign(options.folders.begin(), options.folders.end());
  subject.quality.assign(options.quality.begin(), options.quality.end());
  return subject;
}

fs::path output_of(const ReportOptions& options) {
  if (!options.output.empty()) {
    require_ending(options.output, "--output", {".html", ".htm"});
    return options.output;
  }
  if (options.folders.size() > 1) {
    throw Error(ExitCode::usage, "the report of several runs belongs into none of their folders",
                "Name its file, such as --output comparison.html.");
  }
  return fs::path(options.folders.front()) / "report.html";
}

// The event files of a run are in a folder of its name.
void require_different_names(const std::vector<std::string>& folders) {
  std::set<fs::path> names;
  for (const std::string& folder : folders) {
    const fs::path name = (absolute_path(folder) / "").parent_path().filename();
    if (names.insert(name).second) continue;
    throw Error(ExitCode::usage, fmt::format("--tensorboard: two runs are called {}", printable(name)),
                "Their event files would replace each other; write those of each run into another folder.");
  }
}

// Writes the report and the event files once. Returns whether a run goes on.
bool write_once(const ReportOptions& options, const fs::path& output, int refresh_s) {
  const auto report = runs::report::make_report(subject_of(options), refresh_s);
  write_output(output, report.html, "--output");
  runs::record_outputs({output});
  if (!options.tensorboard.empty()) {
    for (const std::string& folder : options.folders) {
      runs::report::write_tensorboard(absolute_path(folder), options.tensorboard);
    }
  }
  return report.lives;
}

// Waits in short parts, so that a stop signal ends it soon.
void wait(double seconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (!stop_requested() && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(std::chrono::milliseconds(100));
}

int write_report(const ReportOptions& options) {
  const fs::path output = output_of(options);
  if (!options.tensorboard.empty()) require_different_names(options.folders);
  const int refresh_s = options.follow ? static_cast<int>(options.every_s + 0.5) : 0;
  if (options.follow) save_on_stop_signals();
  bool lives = write_once(options, output, refresh_s);
  log::info("report in {}", printable(output));
  if (!options.tensorboard.empty()) log::info("TensorBoard: tensorboard --logdir {}", printable(options.tensorboard));
  if (!options.follow || !lives) return 0;
  log::info("it is written again every {} s until the training ends", options.every_s);
  while (lives && !stop_requested()) {
    wait(options.every_s);
    lives = write_once(options, output, stop_requested() ? 0 : refresh_s);
  }
  log::info("{}; the last report is in {}", lives ? "stopped" : "the training has ended", printable(output));
  return 0;
}

}  // namespace

void add_report(CommandLine& line) {
  auto options = std::make_shared<ReportOptions>();
  CLI::App* app = line.app.add_subcommand(
      "report", "Write one HTML file about a run, several runs, a scaling study or a search: curves, quality, provenance");
  app->footer(kReportFooter);
  app->add_option("RUN", options->folders, "Folder of a run, or of a scaling study or a search; several runs are compared")
      ->required()
      ->type_name("DIR");
  app->add_option("--output", options->output, "The HTML file; default report.html in the folder")
      ->type_name("FILE")
      ->take_last();
  app->add_option("--quality", options->quality, "A folder that `evaluate --report` has written, whose figures the report shows")
      ->type_name("DIR")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app->add_option("--tensorboard", options->tensorboard,
                  "Also write the curves as event files of TensorBoard, a folder for each run")
      ->type_name("DIR")
      ->take_last();
  CLI::Option* follow = app->add_flag("--follow", options->follow,
                                      "Write it again and again until the training ends; the page then loads itself again");
  app->add_option("--every", options->every_s, "With --follow: seconds between two writes; default 5")
      ->type_name("S")
      ->take_last()
      ->needs(follow)
      ->check(CLI::Range(1.0, 3600.0));
  app->callback([&line, options] { line.run = [options] { return write_report(*options); }; });
}

}  // namespace hpcai::app
