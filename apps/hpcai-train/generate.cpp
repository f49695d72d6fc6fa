#include <fmt/format.h>

#include <complex>
#include <filesystem>
#include <memory>

#include "commands.h"
#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/output_file.h"
#include "hpcai/core/text.h"
#include "hpcai/draw/contact_sheet.h"
#include "hpcai/data/png.h"
#include "hpcai/data/sources/waveform_set.h"
#include "hpcai/draw/waveform_sheet.h"
#include "hpcai/data/write_simulated.h"
#include "hpcai/runs/progress.h"
#include "hpcai/simulate/galaxy.h"

namespace hpcai::app {
namespace {

constexpr int64_t kPreviewed = 24;  // panels of a contact sheet
constexpr int64_t kPreviewColumns = 6;
constexpr int64_t kWaveformColumns = 2;
constexpr int64_t kPreviewedWaveforms = 8;

struct WaveformOptions {
  data::WaveformFileSettings settings;
  std::string dtype = "float64";
  std::string out, preview;
  int threads = 0;
};

struct GalaxyOptions {
  data::GalaxyFileSettings settings;
  std::string survey = "sdss";
  std::string out, preview;
  int threads = 0;
};

// The progress bar of `generate`.
class GenerateProgress {
 public:
  data::Progress callback() {
    return [this](int64_t done, int64_t total) {
      runs::ProgressState state;
      state.task = "generate";
      state.step = done;
      state.total_steps = total;
      progress_.update(state);
    };
  }

 private:
  runs::Progress progress_{0};
};

void draw_waveforms(const WaveformOptions& options) {
  const auto& settings = options.settings;
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
  const auto extension = std::filesystem::path(out).extension();
  if (extension != ".h5" && extension != ".hdf5") {
    throw Error(ExitCode::usage, fmt::format("--out {}: the name must end in .h5 or .hdf5", printable(out)),
                "The data are written in HDF5.");
  }
  if (!preview.empty() && std::filesystem::path(preview).extension() != preview_extension) {
    throw Error(ExitCode::usage, fmt::format("--preview {}: the name must end in {}", printable(preview), preview_extension));
  }
  require_output(out, "--out", {parameters});
  if (!preview.empty()) require_output(preview, "--preview", {parameters, out});
}

// Makes the file with a progress bar and returns the number of samples. `generate` has one option for its threads.
template <class Write>
int64_t with_progress(const Write& write) {
  GenerateProgress progress;
  try {
    return write(progress.callback());
  } catch (const LocalError& e) {  // no more threads
    throw Error(e.code(), e.what(), "Give fewer --threads, end other programs, or raise the limit.");
  }
}

int generate_waveforms(WaveformOptions options) {
  check_outputs(options.out, options.preview, ".svg", options.settings.set.parameters);
  options.settings.precision = options.dtype == "float32" ? data::WaveformPrecision::float32 : data::WaveformPrecision::float64;
  const int64_t count = with_progress([&](const data::Progress& progress) {
    return data::write_waveforms(options.out, options.settings, options.threads, progress);
  });
  log::info("{} waveforms of {} samples in {}", count, options.settings.grid.size(), options.out);
  if (!options.preview.empty()) draw_waveforms(options);
  return 0;
}

int generate_galaxies(GalaxyOptions options) {
  check_outputs(options.out, options.preview, ".png");
  options.settings.survey = options.survey == "des" ? simulate::Survey::des : simulate::Survey::sdss;
  const int64_t count = with_progress([&](const data::Progress& progress) {
    return data::write_galaxies(options.out, options.settings, options.threads, progress);
  });
  log::info("{} galaxies of {} x {} pixels in {}", count, options.settings.size_pixels, options.settings.size_pixels,
            options.out);
  if (!options.preview.empty()) draw_galaxies(options);
  return 0;
}

void add_waveforms(CommandLine& line, CLI::App& generate) {
  auto options = std::make_shared<WaveformOptions>();
  auto& settings = options->settings;
  settings.set.mass_ratio = "1:8:0.08";
  settings.set.spin1 = settings.set.spin2 = "-0.8:0.8:0.012";
  CLI::App* app = generate.add_subcommand(
      "waveforms", "Make inspiral-merger-ringdown waveforms (IMRPhenomD) of black holes with aligned spins");
  app->footer(
      "example: hpcai-train generate waveforms --mass-ratio 1:8:0.5 --spin1 -0.8:0.8:0.2 --spin2 0 --t-min -2000\n"
      "           --t-step 1 --out waveforms.h5 --preview waveforms.svg\n"
      "The defaults are the published training set: 1,580,128 waveforms of 101,300 samples, 1.28 TB.");
  app->add_option("--mass-ratio", settings.set.mass_ratio,
                  "Mass ratio q = m1/m2, 1 to 8: FIRST:STOP:STEP (stop exclusive) or one number");
  app->add_option("--spin1", settings.set.spin1, "Spin of the heavier hole, -0.8 to 0.8: FIRST:STOP:STEP or one number");
  app->add_option("--spin2", settings.set.spin2, "Spin of the lighter hole, -0.8 to 0.8: FIRST:STOP:STEP or one number");
  app->add_option("--parameters", settings.set.parameters,
                  "CSV file with columns q,s1,s2, one waveform a row, instead of the ranges");
  app->add_option("--t-min", settings.grid.start, "First time in M; the peak is at 0")->capture_default_str();
  app->add_option("--t-max", settings.grid.stop, "End of the times in M, exclusive")->capture_default_str();
  app->add_option("--t-step", settings.grid.step, "Time step in M")->capture_default_str();
  app->add_option("--dtype", options->dtype, "float64 as published, or float32")
      ->check(CLI::IsMember({"float32", "float64"}))
      ->capture_default_str();
  app->add_option("--threads", options->threads, "Threads; 0 takes all cores")->check(CLI::Range(0, 4096));
  app->add_option("--out", options->out, "HDF5 file to write")->required();
  app->add_option("--preview", options->preview, "Draw some of the waveforms into this SVG file");
  app->callback([&line, options, app] {
    const bool ranges = app->count("--mass-ratio") + app->count("--spin1") + app->count("--spin2") > 0;
    if (!options->settings.set.parameters.empty()) {
      if (ranges) throw CLI::ValidationError("--parameters", "cannot go together with --mass-ratio, --spin1 or --spin2");
      options->settings.set.mass_ratio = options->settings.set.spin1 = options->settings.set.spin2 = "";
    }
    line.run = [options] { return generate_waveforms(*options); };
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
      ->check(CLI::IsMember({"sdss", "des"}))
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
