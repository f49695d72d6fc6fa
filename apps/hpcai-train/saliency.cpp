#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>

#include "commands.h"
#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/log.h"
#include "hpcai/core/output_file.h"
#include "hpcai/core/text.h"
#include "hpcai/draw/colour_scale.h"
#include "hpcai/draw/picture_sheet.h"
#include "hpcai/inference/explanation/grad_cam.h"
#include "hpcai/inference/explanation/occlusion.h"
#include "hpcai/models/feature_network.h"
#include "hpcai/runs/hashes.h"
#include "sample_pictures.h"
#include "trained.h"

namespace hpcai::app {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostOfSheet = 400;                   // images
constexpr int64_t kExplainedColumns = 4;               // images side by side, each with its map
constexpr double kShownSide = 310, kMapOpacity = 0.7;  // of an image and its map together, in SVG pixels

struct SaliencyOptions {
  TrainedOptions trained;
  std::string out, method = "gradcam", class_name;
  int64_t limit = 16;
  std::vector<std::string> ids;
};

// What is shown of one image.
struct Explained {
  std::string id, verdict;
  draw::Raster picture, map;
};

enum class Form { sheet, svg, folder };

Form form_of(const std::string& out) {
  const std::string ending = fs::path(out).extension().string();
  if (ending == ".png") return Form::sheet;
  if (ending == ".svg") return Form::svg;
  if (ending.empty()) return Form::folder;
  throw Error(ExitCode::usage,
              fmt::format("--out {}: the name must end in .png or .svg, or have no ending for a folder", printable(out)));
}

// The samples that are explained: those that the user names, else `limit` ones, evenly spread.
std::vector<int64_t> chosen_samples(const SaliencyOptions& options, const data::Dataset& dataset) {
  std::vector<int64_t> chosen;
  if (options.ids.empty()) {
    const int64_t count = std::min(options.limit, dataset.size());
    for (int64_t k = 0; k < count; ++k) chosen.push_back(k * dataset.size() / count);
    return chosen;
  }
  std::map<std::string, int64_t> index;
  for (int64_t i = 0; i < dataset.size(); ++i) index.emplace(dataset.id(i), i);
  for (const std::string& id : options.ids) {
    const auto found = index.find(id);
    if (found == index.end()) {
      throw Error(ExitCode::usage, fmt::format("--id {}: no image has this id", printable(id)),
                  fmt::format("The ids are those that predict writes; the first is {}.", printable(dataset.id(0))));
    }
    chosen.push_back(found->second);
  }
  return chosen;
}

// The number of the class that --class names; -1 without it.
int64_t wanted_class(const SaliencyOptions& options, const std::vector<std::string>& classes) {
  if (classes.empty()) throw Error(ExitCode::usage, "saliency: the model predicts no classes");
  if (options.class_name.empty()) return -1;
  const auto found = std::ranges::find(classes, options.class_name);
  if (found != classes.end()) return found - classes.begin();
  throw Error(ExitCode::usage, fmt::format("--class {}: the model has no such class", printable(options.class_name)),
              fmt::format("Its classes are {}.", printable(join_words(classes, "and"), 300)));
}

class Explainer {
 public:
  Explainer(const SaliencyOptions& options, Trained& trained)
      : method_(options.method),
        network_(models::map_network(*trained.model, "saliency")),
        dataset_(*trained.dataset),
        device_(trained.group->device()),
        batch_(trained.settings.global_batch),
        wanted_(wanted_class(options, trained.dataset->spec().class_names)) {
    network_.eval();
  }

  Explained explain(int64_t index) {
    const auto& spec = dataset_.spec();
    at::Tensor input = at::empty(spec.input_shape);
    dataset_.read(index, nullptr, input.mutable_data_ptr<float>());
    input = input.to(device_);
    const at::NoGradGuard no_grad;
    const at::Tensor probability = network_.forward(input.unsqueeze(0)).to(at::kFloat).softmax(1)[0].cpu();
    const auto best = probability.argmax().item<int64_t>();
    const int64_t target = wanted_ < 0 ? best : wanted_;
    at::Tensor map = map_of(input, target);
    const float most = map.max().item<float>();
    Explained explained;
    explained.id = dataset_.id(index);
    explained.verdict = fmt::format("{} {:.3f}", spec.class_names[static_cast<size_t>(best)], probability[best].item<float>());
    if (target != best) {
      explained.verdict +=
          fmt::format(", {} {:.3f}", spec.class_names[static_cast<size_t>(target)], probability[target].item<float>());
    }
    if (method_ == "occlusion") explained.verdict += fmt::format(", fall {:.3f}", std::max(most, 0.0F));
    map = most > 0 ? map.div(most).clamp_min(0) : at::zeros_like(map);
    explained.picture = picture_of_sample(dataset_, index, "saliency");
    explained.map =
        draw::map_over(explained.picture, {map.const_data_ptr<float>(), static_cast<size_t>(map.numel())}, kMapOpacity);
    return explained;
  }

 private:
  // [height, width] on the CPU
  at::Tensor map_of(const at::Tensor& input, int64_t target) {
    const int64_t height = input.size(1), width = input.size(2);
    if (method_ == "occlusion") {
      const int64_t patch = std::max<int64_t>(2, std::min(height, width) / 8);
      return inference::occlusion_map(network_, input, target, {.patch = patch, .stride = patch / 2, .batch = batch_})
          .contiguous();
    }
    const at::Tensor maps =
        inference::grad_cam(network_, input.unsqueeze(0), at::full({1}, target, input.options().dtype(at::kLong)));
    return inference::resize_maps(maps, height, width)[0].to(at::kCPU, at::kFloat).contiguous();
  }

  std::string method_;
  models::MapNetwork& network_;
  const data::Dataset& dataset_;
  at::Device device_;
  int64_t batch_, wanted_;
};

std::vector<draw::Thumbnail> thumbnails_of(const Explained& explained) {
  return {{explained.picture, explained.id}, {explained.map, explained.verdict}};
}

// The name of a file for an image: its number and what of its id is fit for a name.
std::string file_name(int64_t index, const std::string& id) {
  std::string name = fmt::format("{:05}-", index);
  for (const char c : fs::path(id).replace_extension().string().substr(0, 100)) {
    const bool fit = is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_' || c == '.';
    name += fit ? c : '_';
  }
  return name + ".png";
}

// Two pictures of one size, the first on the left.
draw::Raster beside(const draw::Raster& left, const draw::Raster& right) {
  draw::Raster both{left.height, 2 * left.width, {}};
  const auto row = static_cast<std::ptrdiff_t>(3 * left.width);
  for (int64_t y = 0; y < left.height; ++y) {
    for (const draw::Raster* half : {&left, &right}) {
      const auto begin = half->pixels.begin() + y * row;
      both.pixels.insert(both.pixels.end(), begin, begin + row);
    }
  }
  return both;
}

std::string sheet_title(const SaliencyOptions& options) {
  const std::string of_class = options.class_name.empty() ? "the predicted class" : options.class_name;
  return options.method == "gradcam" ? "Grad-CAM: where the evidence for " + of_class + " lies"
                                     : "Occlusion: where covering lowers the probability of " + of_class;
}

void write_explained(const SaliencyOptions& options, const std::vector<Explained>& all) {
  if (form_of(options.out) == Form::svg) {
    draw::PictureSheet sheet{.title = sheet_title(options),
                             .subtitle = plural(static_cast<int64_t>(all.size()), "image") + " of " + options.trained.data_name(),
                             .description = "Images, each beside the map of what its class depends on.",
                             .pictures = {},
                             .without = "",
                             .side = kShownSide};
    for (const Explained& one : all) {
      const draw::Raster both = beside(one.picture, one.map);
      sheet.pictures.push_back({png_of(both), both.height, both.width, {one.id, one.verdict}});
    }
    return write_output(options.out, draw::draw_picture_sheet(sheet).svg());
  }
  std::vector<draw::Thumbnail> thumbnails;
  for (const Explained& one : all) {
    for (draw::Thumbnail& thumbnail : thumbnails_of(one)) thumbnails.push_back(std::move(thumbnail));
  }
  write_output(options.out, sheet_png(thumbnails, 2 * kExplainedColumns));
}

int saliency(const SaliencyOptions& options) {
  const Form form = form_of(options.out);
  if (form != Form::folder) require_output(options.out, "--out");
  options.trained.only_run("saliency");
  data::NetworkUse use;
  Trained trained = load_network(options.trained, /*needs_labels=*/false, use);
  trained.require_probabilities("saliency");
  trained.dataset = open_chosen(options.trained, trained.experiment, use);
  Explainer explainer(options, trained);
  const std::vector<int64_t> chosen = chosen_samples(options, *trained.dataset);
  if (form != Form::folder && chosen.size() > kMostOfSheet) {
    throw Error(ExitCode::usage,
                fmt::format("--out {}: {} images are too many for one sheet", printable(options.out), chosen.size()),
                fmt::format("Choose at most {}, or a folder.", kMostOfSheet));
  }
  const auto name_of = [&](int64_t index) { return file_name(index, trained.dataset->id(index)); };
  if (form == Form::folder) {
    make_folder(options.out);
    for (const int64_t index : chosen) require_output(fs::path(options.out) / name_of(index), "--out", trained.inputs);
  } else {
    require_output(options.out, "--out", trained.inputs);
  }
  if (form == Form::folder) {
    runs::ReportFolder folder(options.out, "--out");
    for (const int64_t index : chosen) folder.write(name_of(index), sheet_png(thumbnails_of(explainer.explain(index)), 2));
    folder.record();
  } else {
    std::vector<Explained> all;
    for (const int64_t index : chosen) all.push_back(explainer.explain(index));
    write_explained(options, all);
    runs::record_outputs({options.out});
  }
  log::info("{} explained in {}", plural(static_cast<int64_t>(chosen.size()), "image"), options.out);
  return 0;
}

}  // namespace

void add_saliency(CommandLine& line) {
  auto options = std::make_shared<SaliencyOptions>();
  CLI::App* app =
      line.app.add_subcommand("saliency", "Draw where in its images a trained network finds the evidence for a class");
  app->footer(
      "examples: hpcai-train saliency --run-dir runs/galaxy-quickstart --split test --out why.png\n"
      "          hpcai-train saliency --run-dir runs/galaxy-quickstart --input des/ --id 1237.png --id 1240.png --method "
      "occlusion "
      "--class spiral --out why.svg\n"
      "The map of each image is relative to its own largest value.");
  options->trained.add_to(*app);
  app->add_option("--out", options->out, "Contact sheet to write, .png or .svg, or a folder with a PNG of each image")
      ->type_name("FILE|FOLDER")
      ->required();
  app->add_option("--method", options->method, "gradcam (default): gradients at the last maps; occlusion: parts are covered")
      ->type_name("gradcam|occlusion")
      ->check(CLI::IsMember({"gradcam", "occlusion"}));
  app->add_option("--class", options->class_name, "The class to explain, instead of the predicted one")->type_name("NAME");
  auto* limit = app->add_option("--limit", options->limit, "Images, evenly spread over the data (default 16)")
                    ->type_name("N")
                    ->check(CLI::Range(1, 100000));
  app->add_option("--id", options->ids, "An image by its id; may be repeated")
      ->type_name("ID")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->excludes(limit);
  app->callback([&line, options] { line.run = [options] { return saliency(*options); }; });
}

}  // namespace hpcai::app
