#include "hpcai/runs/report/figures.h"

#include <fmt/format.h>

#include <algorithm>

#include "hpcai/core/base64.h"
#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/paths.h"
#include "hpcai/core/text.h"
#include "hpcai/runs/report/html.h"

namespace hpcai::runs::report {
namespace {

namespace fs = std::filesystem;

constexpr size_t kLargestFinding = 4'000'000;  // bytes of a file that is read

struct Finding {
  std::string name{};  // its path within the folder
  std::string content{};
};

bool is_picture(const fs::path& path) { return path.extension() == ".svg" || path.extension() == ".png"; }

// The paths of figures and texts, relative to the folder.
std::vector<fs::path> found_in(const fs::path& folder) {
  std::vector<fs::path> found;
  const auto take = [&](const fs::path& path) {
    if (is_picture(path) || path.extension() == ".md") found.push_back(path.lexically_relative(folder));
  };
  for (const fs::path& entry : list_folder(folder)) {
    take(entry);
    // A run within the folder, such as one of a study, has a report of its own.
    if (!is_folder(entry) || path_exists(entry / "config.yaml")) continue;
    for (const fs::path& inner : list_folder(entry)) take(inner);
  }
  return found;
}

std::vector<Finding> read_all(const fs::path& folder, bool pictures, std::vector<std::string>& notices) {
  std::vector<Finding> files;
  for (const fs::path& path : found_in(folder)) {
    if (is_picture(path) != pictures) continue;
    try {
      files.push_back({path.string(), read_file(folder / path, kLargestFinding)});
    } catch (const Error& error) {
      notices.push_back(fmt::format("{} is left out: {}", printable(path), error.what()));
    }
  }
  return files;
}

// Removes the largest files until the others fit.
void keep_within(size_t bytes, std::vector<Finding>& files, std::vector<std::string>& notices) {
  size_t sum = 0;
  for (const Finding& file : files) sum += file.content.size();
  while (sum > bytes) {
    const auto largest = std::ranges::max_element(files, {}, [](const Finding& file) { return file.content.size(); });
    sum -= largest->content.size();
    notices.push_back(
        fmt::format("{} is left out, because it is too large for this file ({:.0f} kB): look at it beside this file.",
                    printable(largest->name), static_cast<double>(largest->content.size()) / 1e3));
    files.erase(largest);
  }
}

// The text of the <title> of an SVG file, else the name of the file without its ending.
std::string description_of(const Finding& figure) {
  const size_t begin = figure.content.find("<title>");
  const size_t end = figure.content.find("</title>");
  if (begin == std::string::npos || end == std::string::npos || end < begin) return fs::path(figure.name).stem().string();
  return unescaped(std::string_view(figure.content).substr(begin + 7, end - begin - 7));
}

std::string picture_html(const Finding& figure) {
  const bool svg = figure.name.ends_with(".svg");
  const std::string source = fmt::format("data:image/{};base64,{}", svg ? "svg+xml" : "png", base64(figure.content));
  const std::string image =
      fmt::format("<img alt=\"{}\" src=\"{}\">", svg ? escaped(description_of(figure)) : escaped(figure.name), source);
  return element("figure", {}, image + element("figcaption", {}, element("p", figure.name))) + "\n";
}

}  // namespace

std::string findings_html(const fs::path& folder, const std::string& title, const Budget& budget,
                          std::vector<std::string>& notices) {
  std::vector<Finding> pictures = read_all(folder, true, notices);
  keep_within(budget.picture_bytes, pictures, notices);
  std::vector<Finding> texts = read_all(folder, false, notices);
  keep_within(budget.text_bytes, texts, notices);
  if (pictures.empty() && texts.empty()) return "";
  std::string images;
  for (const Finding& picture : pictures) images += picture_html(picture);
  std::string html = element("h3", title) + element("div", {{"class", "pictures"}}, images) + "\n";
  for (const Finding& text : texts) html += folded("text-" + text.name, text.name, preformatted(text.name, text.content));
  return html;
}

}  // namespace hpcai::runs::report
