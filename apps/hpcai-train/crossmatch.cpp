#include <iostream>
#include <map>
#include <memory>

#include "commands.h"
#include "hpcai/core/json.h"
#include "hpcai/core/log.h"
#include "hpcai/data/sky/crossmatch.h"
#include "hpcai/data/sky/sky_index.h"

namespace hpcai::app {
namespace {

struct CrossmatchOptions {
  data::CrossmatchSettings settings;
  std::string left, right, out;
  bool json = false;
};

int crossmatch(CrossmatchOptions options) {
  data::CrossmatchSettings& settings = options.settings;
  settings.left.path = options.left;
  settings.right.path = options.right;
  settings.out = options.out;
  const data::CrossmatchCounts counts = data::crossmatch(settings, data::log_progress("matching blocks of 4096 rows"));
  if (options.json) {
    const nlohmann::json report = {{"left_rows", counts.left},
                                   {"right_rows", counts.right},
                                   {"matched_left_rows", counts.matched_left},
                                   {"matched_right_rows", counts.matched_right},
                                   {"right_rows_matched_several_times", counts.shared_right},
                                   {"pairs", counts.pairs},
                                   {"written_rows", counts.written}};
    std::cout << json_text(report, 2) << '\n';
  }
  log::info("{} of {} left rows have a match within {} arcsec among {} right rows; {} rows in {}", counts.matched_left,
            counts.left, settings.radius_arcsec, counts.right, counts.written, options.out);
  if (settings.pairs == data::SkyPairs::nearest && counts.shared_right > 0) {
    log::warning("{} right rows are the nearest of several left rows", counts.shared_right);
  }
  return 0;
}

void add_table(CLI::App& app, const std::string& side, std::string& path, data::CrossmatchTable& table) {
  app.add_option("--" + side, path, "Table of the " + side + " side: CSV, also with other separators or packed with gzip")
      ->required();
  app.add_option("--" + side + "-ra", table.columns.ra,
                 "Its column of right ascensions; by default ra, RAJ2000, ALPHA_J2000, ...");
  app.add_option("--" + side + "-dec", table.columns.dec, "Its column of declinations");
  app.add_option("--" + side + "-filter", table.filter,
                 "Condition that its rows must fulfil, such as \"r < 17 and P_CS >= 0.985\"");
}

}  // namespace

void add_crossmatch(CommandLine& line) {
  auto options = std::make_shared<CrossmatchOptions>();
  data::CrossmatchSettings& settings = options->settings;
  CLI::App* app = line.app.add_subcommand("crossmatch", "Match the rows of two catalogues by their positions on the sky");
  app->footer(
      "example: hpcai-train crossmatch --left galaxy_zoo.csv --right des.csv --radius 1 --out matched.csv\n"
      "Coordinates are degrees, or 07:52:05.39 and +18:40:08.0.");
  add_table(*app, "left", options->left, settings.left);
  add_table(*app, "right", options->right, settings.right);
  app->add_option("--radius", settings.radius_arcsec, "Largest separation in arcsec")
      ->check(CLI::Range(1e-6, data::kLargestSkyRadius_arcsec))
      ->capture_default_str();
  app->add_option("--pairs", settings.pairs, "nearest: of each left row the nearest right row; all: all within the radius")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, data::SkyPairs>{{"nearest", data::SkyPairs::nearest}, {"all", data::SkyPairs::all}}))
      ->default_str("nearest");
  app->add_option("--keep", settings.kept, "Rows without a match that stay: none (matched), those of left, or of both")
      ->transform(CLI::CheckedTransformer(std::map<std::string, data::KeptRows>{
          {"matched", data::KeptRows::matched}, {"left", data::KeptRows::left}, {"both", data::KeptRows::both}}))
      ->default_str("matched");
  app->add_option("--suffix", settings.suffix, "Appended to the names of the right table's columns")->capture_default_str();
  app->add_option("--threads", settings.threads, "Threads; 0 takes all cores")->check(CLI::Range(0, 4096));
  app->add_option("--out", options->out, "CSV file to write")->required();
  app->add_flag("--json", options->json, "Print the counts as JSON");
  app->callback([&line, options] { line.run = [options] { return crossmatch(*options); }; });
}

}  // namespace hpcai::app
