#include <fmt/format.h>

#include <algorithm>
#include <complex>
#include <filesystem>
#include <functional>
#include <memory>

#include "commands.h"
#include "hpcai/config/config.h"
#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/output_file.h"
#include "hpcai/core/process.h"
#include "hpcai/core/text.h"
#include "hpcai/core/threads/cores.h"
#include "hpcai/data/png.h"
#include "hpcai/data/sources/simulated_galaxies.h"
#include "hpcai/data/write_galaxies.h"
#include "hpcai/data/write_waveforms.h"
#include "hpcai/distributed/world/cores.h"
#include "hpcai/distributed/world/world.h"
#include "hpcai/draw/contact_sheet.h"
#include "hpcai/draw/waveform_sheet.h"
#include "hpcai/simulate/galaxy.h"
#include "output_name.h"
#include "work_progress.h"

namespace hpcai::app {
namespace {

constexpr int64_t kPreviewed = 24;  // panels of a contact sheet
constexpr int64_t kPreviewColumns = 6;
constexpr int64_t kWaveformColumns = 2;
constexpr int64_t kPreviewedWaveforms = 8;

struct WaveformOptions {
  std::string config;
  std::vector<std::function<void(data::WaveformFileSettings&)>> changes;  // of the other options
  std::string out, preview;
  int threads = 0;
  int nproc = 0;

  // The settings of the config, or the published ones, with the changes.
  data::WaveformFileSettings settings() const {
    auto settings = config.empty() ? data::WaveformFileSettings{} : config::read<data::WaveformFileSettings>(config);
    for (const auto& change : changes) change(settings);
    data::fill_in_published(settings.set);
    return settings;
  }
};

struct GalaxyOptions {
  data::GalaxyFileSettings settings;
  std::string survey = "sdss";
  std::string out, preview;
  int threads = 0;
};

void draw_waveforms(const WaveformOptions& options, const data::WaveformFileSettings& settings) {
  const auto binaries = data::binaries(settings.set, static_cast<uint64_t>(settings.seed), 0, "generate");
  const auto total = static_cast<int64_t>(binaries.size());
  const int64_t shown = std::min(total, kPreviewedWaveforms);
  std::vector<draw::WaveformPanel> panels;
  for (int64_t i = 0; i < shown; ++i) {
    const auto& binary = binaries[static_cast<size_t>(i * total / shown)];
    draw::WaveformPanel panel;
    panel.title = fmt::format("q = {:.3g}, s1 = {:.3g}, s2 = {:.3g}", binary.mass_ratio, binary.spin1, binary.spin2);
    const auto wave = simulate::h22(binary, settings.grid, settings.phase_reference);
    for (size_t k = 0; k < wave.size(); ++k) {
      panel.time.push_back(settings.grid.time(static_cast<int64_t>(k)));
      panel.real.push_back(wave[k].real());
      panel.amplitude.push_back(std::abs(wave[k]));
    }
    panels.push_back(std::move(panel));
  }
  write_output(options.preview, draw::waveform_sheet_svg(panels, std::min(shown, kWaveformColumns), "r h22 / M against time"),
               "--preview");
  log::info("preview of {} waveforms in {}", shown, options.preview);
}

void draw_galaxies(const GalaxyOptions& options) {
  const auto& settings = options.settings;
  std::vector<draw::Thumbnail> thumbnails;
  const int64_t shown = std::min(settings.count, kPreviewed);
  for (int64_t i = 0; i < shown; ++i) {
    auto galaxy = simulate::render(settings.survey, static_cast<int>(settings.size_pixels), static_cast<uint64_t>(settings.seed),
                                   static_cast<uint64_t>(settings.first + i));
    draw::Raster image;
    image.height = image.width = galaxy.size;
    image.pixels = std::move(galaxy.pixels);
    thumbnails.push_back({std::move(image), galaxy.label == simulate::kSpiral ? "spiral" : "elliptical"});
  }
  const int64_t magnification = std::max<int64_t>(1, 128 / settings.size_pixels);
  auto sheet = draw::contact_sheet(thumbnails, std::min(shown, kPreviewColumns), magnification);
  data::Image image;
  image.height = sheet.height;
  image.width = sheet.width;
  image.pixels = std::move(sheet.pixels);
  write_output(options.preview, data::encode_png(image), "--preview");
  log::info("preview of {} galaxies in {}", shown, options.preview);
}

// Checks --out and --preview before the work begins. `parameters`: a file that is read, or empty.
void check_outputs(const std::string& out, const std::string& preview, const std::string& preview_extension,
                   const std::string& parameters = "") {
  require_ending(out, "--out", {".h5", ".hdf5"}, "The data are written in HDF5.");
  if (!preview.empty()) require_ending(preview, "--preview", {preview_extension});
  require_output(out, "--out", {parameters});
  if (!preview.empty()) require_output(preview, "--preview", {parameters, out});
}

// Makes files with a progress bar and returns what `write` returns. `generate` has one option for its threads.
template <class Write>
auto with_progress(const Write& write, int rank = 0) {
  WorkProgress progress("generate", rank);
  try {
    return write(progress.callback());
  } catch (const LocalError& e) {  // no more threads
    throw Error(e.code(), e.what(), "Give fewer --threads, end other programs, or raise the limit.");
  }
}

// The threads of a rank: its share of the cores, unless the user gives a number.
int threads_of(const distributed::World& world, int given) {
  if (given > 0 || world.size == 1 || distributed::has_bound_cores(world)) return given;
  return std::max(1, available_cores() / world.local_size.value_or(1));
}

int generate_waveforms(const CommandLine& line, const WaveformOptions& options) {
  const data::WaveformFileSettings settings = options.settings();
  check_outputs(options.out, options.preview, ".svg", settings.set.parameters);
  if (const auto status = start_ranks(line, options.nproc, 0)) return *status;
  const auto world = distributed::detect_world(process_environment());
  const auto write = [&](const data::Progress& progress) {
    return data::write_waveforms(options.out, settings, threads_of(world, options.threads), progress, {world.rank, world.size});
  };
  const data::WaveformsWritten written = with_progress(write, world.rank);
  const std::string part = world.size == 1 ? "" : fmt::format("rank {} of {}: ", world.rank, world.size);
  const std::string kept = written.kept == 0 ? "" : fmt::format("; {} files were there already", written.kept);
  const std::string place = written.files == 1 ? options.out
                                               : fmt::format("{} files such as {}", written.files,
                                                             data::shard_path(options.out, 0, written.files).string());
  log::info("{}{} waveforms of {} samples made, of {} in {}{}", part, written.waveforms, settings.grid.size(),
            written.all_waveforms, place, kept);
  if (world.rank == 0 && !options.preview.empty()) draw_waveforms(options, settings);
  return 0;
}

int generate_galaxies(GalaxyOptions options) {
  check_outputs(options.out, options.preview, ".png");
  for (const auto& [survey, name] : enum_names(simulate::Survey{})) {
    if (options.survey == name) options.settings.survey = survey;
  }
  const int64_t count = with_progress([&](const data::Progress& progress) {
    return data::write_galaxies(options.out, options.settings, options.threads, progress);
  });
  log::info("{} galaxies of {} x {} pixels in {}", count, options.settings.size_pixels, options.settings.size_pixels,
            options.out);
  if (!options.preview.empty()) draw_galaxies(options);
  return 0;
}

// An option that replaces a setting of the config.
template <class Value>
void add_change(CLI::App& app, WaveformOptions& options, const std::string& name, const std::string& help,
                const std::function<void(data::WaveformFileSettings&, const Value&)>& change) {
  app.add_option_function<Value>(
      name,
      [&options, change](const Value& value) {
    options.changes.push_back([change, value](data::WaveformFileSettings& settings) { change(settings, value); });
      },
      help);
}

void add_waveform_settings(CLI::App& app, WaveformOptions& options) {
  using Settings = data::WaveformFileSettings;
  using Text = std::string;
  add_change<Text>(app, options, "--mass-ratio", "Mass ratio q = m1/m2, 1 to 8: FIRST:STOP:STEP (stop exclusive) or one number",
                   [](Settings& settings, const Text& value) { settings.set.mass_ratio = value; });
  add_change<Text>(app, options, "--spin1", "Spin of the heavier hole, -0.8 to 0.8: FIRST:STOP:STEP or one number",
                   [](Settings& settings, const Text& value) { settings.set.spin1 = value; });
  add_change<Text>(app, options, "--spin2", "Spin of the lighter hole, -0.8 to 0.8: FIRST:STOP:STEP or one number",
                   [](Settings& settings, const Text& value) { settings.set.spin2 = value; });
  add_change<Text>(app, options, "--parameters", "CSV file with columns q,s1,s2, one waveform a row, instead of the ranges",
                   [](Settings& settings, const Text& value) {
    settings.set = {"", "", "", 0, value};
  });
  add_change<double>(app, options, "--t-min", "First time in M; the peak is at 0 [-10000]",
                     [](Settings& settings, const double& value) { settings.grid.start = value; });
  add_change<double>(app, options, "--t-max", "End of the times in M, exclusive [130]",
                     [](Settings& settings, const double& value) { settings.grid.stop = value; });
  add_change<double>(app, options, "--t-step", "Time step in M [0.1]",
                     [](Settings& settings, const double& value) { settings.grid.step = value; });
  add_change<data::WaveformPrecision>(
      app, options, "--dtype", "float64 as published, or float32",
      [](Settings& settings, const data::WaveformPrecision& value) { settings.precision = value; });
  app.get_option("--dtype")->transform(CLI::CheckedTransformer(std::map<std::string, data::WaveformPrecision>{
      {"float32", data::WaveformPrecision::float32}, {"float64", data::WaveformPrecision::float64}}));
  add_change<int64_t>(app, options, "--shards", "Files to write, OUT-00000-of-N and so on; 0: as few as keep each below 4 GB [0]",
                      [](Settings& settings, const int64_t& value) { settings.shards = value; });
  app.get_option("--shards")->check(CLI::Range(int64_t{0}, data::kMostShards));
}

void add_waveforms(CommandLine& line, CLI::App& generate) {
  auto options = std::make_shared<WaveformOptions>();
  CLI::App* app = generate.add_subcommand(
      "waveforms", "Make inspiral-merger-ringdown waveforms (IMRPhenomD) of black holes with aligned spins");
  app->footer(
      "examples: hpcai-train generate waveforms --mass-ratio 1:8:0.5 --spin1 -0.8:0.8:0.2 --spin2 0 --t-min -2000\n"
      "            --t-step 1 --out waveforms.h5 --preview waveforms.svg\n"
      "          srun hpcai-train generate waveforms --config configs/waveform/generate_train.yaml --out train.hdf5\n"
      "The defaults are the published training set: 1,580,128 waveforms of 101,300 samples, 1.28 TB.\n"
      "The same command completes a set of several files after a kill.");
  app->add_option("--config", options->config, "YAML file with the settings; the other options replace its values");
  add_waveform_settings(*app, *options);
  app->add_option("--threads", options->threads, "Threads of a rank; 0 takes its share of the cores")->check(CLI::Range(0, 4096));
  add_nproc(*app, options->nproc);
  app->add_option("--out", options->out, "HDF5 file to write")->required();
  app->add_option("--preview", options->preview, "Draw some of the waveforms into this SVG file");
  app->callback([&line, options, app] {
    const bool ranges = app->count("--mass-ratio") + app->count("--spin1") + app->count("--spin2") > 0;
    if (app->count("--parameters") > 0 && ranges) {
      throw CLI::ValidationError("--parameters", "cannot go together with --mass-ratio, --spin1 or --spin2");
    }
    line.run = [&line, options] { return generate_waveforms(line, *options); };
  });
}

void add_galaxies(CommandLine& line, CLI::App& generate) {
  auto options = std::make_shared<GalaxyOptions>();
  auto& settings = options->settings;
  settings.count = 1000;
  settings.size_pixels = 64;
  CLI::App* app =
      generate.add_subcommand("galaxies", "Make colour images of elliptical and spiral galaxies as SDSS or DES would take them");
  app->footer(
      "example: hpcai-train generate galaxies --survey des --count 500 --size 64 --out des.h5 --preview des.png\n"
      "The same --seed gives the same galaxies in both surveys.");
  app->add_option("--survey", options->survey, "Whose depth, seeing and colours")
      ->check(CLI::IsMember({"sdss", "des", "skyserver"}))
      ->capture_default_str();
  app->add_option("--count", settings.count, "Images to make")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 40))
      ->capture_default_str();
  app->add_option("--size", settings.size_pixels, "Pixels a side")
      ->check(CLI::Range(simulate::kSmallestImage, simulate::kLargestImage))
      ->capture_default_str();
  app->add_option("--seed", settings.seed, "Another seed gives other galaxies")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app->add_option("--threads", options->threads, "Threads; 0 takes all cores")->check(CLI::Range(0, 4096));
  app->add_option("--out", options->out, "HDF5 file to write")->required();
  app->add_option("--preview", options->preview, "Draw some of the galaxies into this PNG file");
  app->callback([&line, options] { line.run = [options] { return generate_galaxies(*options); }; });
}

}  // namespace

void add_generate(CommandLine& line) {
  CLI::App* app = line.app.add_subcommand("generate", "Make training data: waveforms or galaxy images, in HDF5");
  app->footer("examples: hpcai-train generate waveforms --help\n          hpcai-train generate galaxies --help");
  app->require_subcommand(1);
  add_waveforms(line, *app);
  add_galaxies(line, *app);
}

}  // namespace hpcai::app
