#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>

#include "commands.h"
#include "hpcai/core/error.h"
#include "hpcai/core/json.h"
#include "hpcai/core/log.h"
#include "hpcai/core/output_file.h"
#include "hpcai/core/text.h"
#include "hpcai/data/convert/convert_images.h"
#include "hpcai/data/shards.h"
#include "hpcai/trainer/experiment.h"
#include "output_name.h"
#include "work_progress.h"

namespace hpcai::app {
namespace {

struct ConvertOptions {
  ConfigOptions config;
  data::ConvertSettings settings;
  std::string out;
  std::vector<std::string> splits;
  bool json = false;
};

// Those that are named, in the order of all; all where none is.
std::vector<data::Split> chosen_splits(const std::vector<std::string>& names) {
  std::vector<data::Split> splits;
  for (const data::Split split : {data::Split::train, data::Split::validation, data::Split::test}) {
    if (names.empty() || std::find(names.begin(), names.end(), data::name_of(split)) != names.end()) splits.push_back(split);
  }
  return splits;
}

int convert(ConvertOptions options) {
  data::ConvertSettings& settings = options.settings;
  settings.out = options.out;
  settings.splits = chosen_splits(options.splits);
  require_ending(settings.out, "--out", {".h5", ".hdf5"}, "The data are written in HDF5.");
  const auto experiment = options.config.read();
  require_output(settings.out, "--out", {options.config.path});
  WorkProgress progress("convert", 0);
  const data::Converted converted = data::convert_images(experiment.data, settings, progress.callback());
  nlohmann::json report = {{"made", converted.made}, {"kept", converted.kept}, {"files", nlohmann::json::array()}};
  std::vector<std::string> counts;
  for (const auto& [split, images] : converted.images) {
    report["images"][split] = images;
    counts.push_back(fmt::format("{} {}", images, split));
  }
  for (const auto& [path, digest] : converted.digests) report["files"].push_back({{"path", path.string()}, {"sha256", digest}});
  print_report(report, options.json, [&] {
    for (const auto& [path, digest] : converted.digests) std::cout << fmt::format("{}  {}\n", digest, printable(path));
  });
  log::info("{} images in {}{}", fmt::join(counts, ", "), plural(static_cast<int64_t>(converted.digests.size()), "file"),
            converted.kept == 0 ? "" : fmt::format("; {} were there already", converted.kept));
  return 0;
}

}  // namespace

void add_convert(CommandLine& line) {
  auto options = std::make_shared<ConvertOptions>();
  data::ConvertSettings& settings = options->settings;
  CLI::App* app = line.app.add_subcommand("convert", "Write the images of a config's data, prepared and resized, into HDF5");
  app->footer(
      "example: hpcai-train convert --config configs/galaxy/image_folder.yaml --out galaxies.h5 --resume\n"
      "The same command with --resume completes the file after a kill. A training reads it with data.type image_hdf5 and\n"
      "train: galaxies.h5:train, validation: galaxies.h5:validation, or \"galaxies-*.h5:train\" after --shards.");
  options->config.add_to(*app);
  app->add_option("--out", options->out, "HDF5 file to write; its SHA-256 is written beside it")->required();
  app->add_option("--split", options->splits, "Splits to write, separated by commas: train,validation,test [all that there are]")
      ->delimiter(',')
      ->check(CLI::IsMember({"train", "validation", "test"}));
  app->add_option("--shards", settings.shards, "Files to write, OUT-00000-of-N and so on, each with a part of every split")
      ->check(CLI::Range(int64_t{1}, data::kMostShards))
      ->capture_default_str();
  app->add_flag("--resume", settings.resume, "Keep what an earlier run has written with the same settings");
  app->add_option("--threads", settings.threads, "Threads; 0 takes all cores")->check(CLI::Range(0, 4096));
  app->add_flag("--json", options->json, "Print the result as JSON");
  app->callback([&line, options] { line.run = [options] { return convert(*options); }; });
}

}  // namespace hpcai::app
