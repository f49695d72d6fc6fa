#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <optional>

#include "commands.h"
#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/output_file.h"
#include "hpcai/core/text.h"
#include "hpcai/data/embedding_table.h"
#include "hpcai/inference/embedding/components.h"
#include "hpcai/inference/embedding/embedding_figure.h"
#include "hpcai/inference/embedding/neighbours.h"
#include "hpcai/inference/embedding/tsne.h"
#include "hpcai/models/feature_network.h"
#include "hpcai/runs/hashes.h"
#include "output_name.h"
#include "sample_pictures.h"
#include "surveys.h"
#include "trained.h"

namespace hpcai::app {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kLikeColumns = 8, kMostLike = 15;  // images of a sheet of --like

struct EmbedOptions {
  TrainedOptions trained;
  std::optional<std::string> split;
  std::vector<std::string> inputs;
  std::string out, figure, like, sheet, method = "tsne", colour;
  int64_t dimensions = 2, neighbours = 0;
  double perplexity = 30;
  std::optional<uint64_t> seed;

  bool needs_coordinates() const { return method != "none" && !(out.empty() && figure.empty()); }
};

// Checks the names of the files. `inputs`: files that none of them may replace.
void check_files(const EmbedOptions& options, const std::vector<fs::path>& inputs) {
  const auto check = [&](const std::string& path, const char* option, const std::vector<std::string>& endings) {
    if (path.empty()) return;
    require_ending(path, option, endings);
    require_output(path, option, inputs);
  };
  check(options.out, "--out", {".csv", ".h5", ".hdf5"});
  check(options.figure, "--figure", {".svg"});
  check(options.sheet, "--sheet", {".png"});
}

void check_options(const EmbedOptions& options) {
  if (options.out.empty() && options.figure.empty() && options.sheet.empty()) {
    throw Error(ExitCode::usage, "nothing to write", "Name a file with --out, --figure, or --like and --sheet.");
  }
  if (options.method == "none" && !options.figure.empty()) {
    throw Error(ExitCode::usage, "--figure: --method none makes no coordinates to draw", "Choose --method pca or tsne.");
  }
  check_files(options, {});
}

struct Titles {
  std::string figure;
  std::vector<std::string> axes;
};

// Adds the coordinates. Returns the titles of the figure and of its axes.
Titles add_coordinates(const EmbedOptions& options, const at::Tensor& vectors, data::EmbeddingTable& table) {
  Titles titles;
  for (int64_t d = 1; d <= options.dimensions; ++d) table.coordinate_names.push_back(fmt::format("{}_{}", options.method, d));
  const std::string of_what = fmt::format("{} of {}", plural(vectors.size(1), "feature"), plural(vectors.size(0), "image"));
  if (options.method == "pca") {
    const inference::Components found = inference::first_components(vectors, options.dimensions);
    const double* first = found.positions.const_data_ptr<double>();
    table.coordinates.assign(first, first + found.positions.numel());
    for (size_t d = 0; d < found.share_of_variance.size(); ++d) {
      titles.axes.push_back(fmt::format("component {} ({:.1f} % of the variance)", d + 1, 100 * found.share_of_variance[d]));
      log::info("{}", titles.axes.back());
    }
    titles.figure = "Principal components of " + of_what;
    return titles;
  }
  inference::TsneOptions settings{.dimensions = options.dimensions, .perplexity = options.perplexity, .seed = options.seed};
  settings.progress = [&](int64_t iteration, double divergence) {
    if (iteration % 250 == 0)
      log::info("t-SNE: {} of {} iterations, divergence {:.4f}", iteration, settings.iterations, divergence);
  };
  inference::TsnePicture picture = inference::tsne(vectors, settings);
  log::info("t-SNE: the Kullback-Leibler divergence is {:.4f} nats after {} iterations", picture.divergence, picture.iterations);
  table.coordinates = std::move(picture.positions);
  for (int64_t d = 1; d <= options.dimensions; ++d) titles.axes.push_back(fmt::format("t-SNE {}", d));
  titles.figure = fmt::format("t-SNE of {}, perplexity {:g}", of_what, options.perplexity);
  return titles;
}

void add_neighbours(int64_t count, const at::Tensor& vectors, data::EmbeddingTable& table) {
  inference::Neighbours found = inference::nearest_neighbours(vectors, count);
  table.neighbours = count;
  table.neighbour_rows = std::move(found.index);
  for (const double squared : found.squared_distance) table.neighbour_distances.push_back(std::sqrt(squared));
}

// The row of an image, which is named by its id or by survey/id.
int64_t row_named(const std::string& name, const data::EmbeddingTable& table) {
  std::vector<int64_t> found;
  for (size_t row = 0; row < table.ids.size(); ++row) {
    if (table.ids[row] == name || fmt::format("{}/{}", table.surveys[row], table.ids[row]) == name) {
      found.push_back(static_cast<int64_t>(row));
    }
  }
  if (found.size() == 1) return found[0];
  if (found.empty()) {
    throw Error(ExitCode::usage, fmt::format("--like {}: no image has this id", printable(name)),
                fmt::format("The ids are those that predict writes; the first is {}.", printable(table.ids[0])));
  }
  throw Error(ExitCode::usage, fmt::format("--like {}: {} inputs have an image of this id", printable(name), found.size()),
              fmt::format("Name the input too: {}.", printable(table.name_of(found[0]))));
}

void write_like(const EmbedOptions& options, const std::vector<Survey>& surveys, const data::EmbeddingTable& table, int64_t row) {
  std::vector<draw::Thumbnail> thumbnails;
  const auto add = [&](int64_t shown, double distance) {
    const auto& names = table.predicted.empty() ? table.ids : table.predicted;
    const SurveyImage image = image_of_row(surveys, shown);
    thumbnails.push_back({picture_of_sample(*image.dataset, image.index, "--like"),
                          fmt::format("{:.3g} {}", distance, names[static_cast<size_t>(shown)])});
  };
  add(row, 0);
  for (int64_t k = 0; k < table.neighbours; ++k) {
    const auto at = static_cast<size_t>(row * table.neighbours + k);
    add(table.neighbour_rows[at], table.neighbour_distances[at]);
  }
  write_output(options.sheet, sheet_png(thumbnails, kLikeColumns), "--sheet");
  log::info("{} and the {} images most like it in {}", printable(table.name_of(row)), table.neighbours, options.sheet);
}

// The class that colours the figure, unless the user chooses: that of the labels if there are any.
inference::ColourBy colour_of(const EmbedOptions& options, const data::EmbeddingTable& table) {
  const bool labelled = std::ranges::any_of(table.labels, [](const std::string& label) { return !label.empty(); });
  const bool by_label = options.colour.empty() ? labelled : options.colour == "label";
  return by_label ? inference::ColourBy::label : inference::ColourBy::predicted;
}

// Returns how many images there are. Throws Error{usage} if they are too few for the options, or the surveys too many.
int64_t check_sizes(const EmbedOptions& options, const std::vector<Survey>& surveys) {
  int64_t images = 0;
  for (const Survey& survey : surveys) images += survey.dataset->size();
  if (options.neighbours >= images) {
    throw Error(ExitCode::usage, fmt::format("--neighbours {}: there are only {}", options.neighbours, plural(images, "image")));
  }
  if (options.needs_coordinates() && options.method == "tsne" && options.perplexity >= static_cast<double>(images)) {
    throw Error(ExitCode::usage, fmt::format("--perplexity {:g}: there are only {}", options.perplexity, plural(images, "image")),
                "Choose a smaller one, or --method pca.");
  }
  if (!options.figure.empty() && surveys.size() > draw::kMostCloudSets) {
    throw Error(ExitCode::usage, fmt::format("--figure: it cannot tell {} inputs apart", surveys.size()),
                fmt::format("Give at most {}.", draw::kMostCloudSets));
  }
  return images;
}

int embed(EmbedOptions options) {
  check_options(options);
  data::NetworkUse use;
  options.trained.only_run("embed");
  Trained trained = load_network(options.trained, /*needs_labels=*/false, use);
  models::feature_network(*trained.model, "embed");
  const std::vector<Survey> surveys = open_surveys(options.split, options.inputs, trained, use);
  check_files(options, trained.inputs);
  const int64_t images = check_sizes(options, surveys);
  if (!options.like.empty() && options.neighbours == 0) options.neighbours = std::min(kMostLike, images - 1);

  auto [vectors, table] = embed_surveys(trained, surveys);
  const int64_t like = options.like.empty() ? -1 : row_named(options.like, table);
  log::info("{} of {} of step {}", plural(table.features, "feature"), plural(images, "image"), trained.step);
  if (options.neighbours > 0) add_neighbours(options.neighbours, vectors, table);
  Titles titles;
  if (options.needs_coordinates()) titles = add_coordinates(options, vectors, table);
  if (is_hdf5_name(options.out)) {
    data::write_embedding_hdf5(options.out, table);
  } else if (!options.out.empty()) {
    write_output(options.out, data::embedding_csv(table));
  }
  if (!options.figure.empty()) {
    const draw::Cloud cloud =
        inference::cloud_of(table, use.spec.class_names, colour_of(options, table), titles.figure, titles.axes);
    write_output(options.figure, draw::draw_cloud(cloud).svg(), "--figure");
  }
  if (like >= 0) write_like(options, surveys, table, like);
  for (const std::string& file : {options.out, options.figure, options.sheet}) {
    if (!file.empty()) runs::record_outputs({file});
  }
  return 0;
}

}  // namespace

void add_embed(CommandLine& line) {
  auto options = std::make_shared<EmbedOptions>();
  CLI::App* app = line.app.add_subcommand(
      "embed",
      "Write the features that a trained network gives to images, their picture in a plane, and their nearest neighbours");
  app->footer(
      "examples: hpcai-train embed --run-dir runs/galaxy-quickstart --split test --out features.h5 --figure galaxies.svg\n"
      "          hpcai-train embed --run-dir runs/galaxy-quickstart --input sdss/ --input des/ --method pca --dimensions 3 --out "
      "surveys.csv\n"
      "          hpcai-train embed --run-dir runs/galaxy-quickstart --input des/ --like 1237.png --sheet like-1237.png\n"
      "The distance of neighbours is Euclidean, between the features.");
  options->trained.add_model_to(*app);
  app->add_option("--split", options->split,
                  "Which of the experiment's data: train, validation or test (default without --input)")
      ->type_name("SPLIT")
      ->check(CLI::IsMember({"train", "validation", "test"}));
  app->add_option("--input", options->inputs, "Images, as for predict, of one survey; may be repeated")
      ->type_name("PATH")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->check([](const std::string& path) { return path.empty() ? std::string("is empty") : std::string(); }, "");
  app->add_option("--out", options->out, "File to write: .h5 with the features, or .csv without them")->type_name("FILE");
  app->add_option("--method", options->method, "Coordinates: none, pca (principal components) or tsne (default)")
      ->type_name("none|pca|tsne")
      ->check(CLI::IsMember({"none", "pca", "tsne"}));
  app->add_option("--dimensions", options->dimensions, "Coordinates of an image: 2 (default) or 3")
      ->type_name("2|3")
      ->check(CLI::Range(2, 3));
  app->add_option("--perplexity", options->perplexity, "How many neighbours of an image count in t-SNE (default 30)")
      ->type_name("NUMBER")
      ->check(CLI::Range(1.0, 10000.0));
  app->add_option("--seed", options->seed, "Begin t-SNE at random positions of this seed, not at the principal components")
      ->type_name("N");
  app->add_option("--figure", options->figure, "Figure of the coordinates, .svg: a colour for each class, a shape for each input")
      ->type_name("FILE");
  app->add_option("--colour", options->colour,
                  "The class that colours the figure: label, which is the default if there are labels, or predicted")
      ->type_name("label|predicted")
      ->check(CLI::IsMember({"label", "predicted"}));
  app->add_option("--neighbours", options->neighbours, "Write this many nearest neighbours of each image")
      ->type_name("K")
      ->check(CLI::Range(1, 10000));
  auto* like = app->add_option("--like", options->like, "Draw the images that are most like the one of this id")->type_name("ID");
  auto* sheet = app->add_option("--sheet", options->sheet, "Contact sheet of --like, .png")->type_name("FILE");
  like->needs(sheet);
  sheet->needs(like);
  app->callback([&line, options] { line.run = [options] { return embed(*options); }; });
}

}  // namespace hpcai::app
