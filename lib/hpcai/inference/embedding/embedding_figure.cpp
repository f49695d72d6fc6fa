#include "hpcai/inference/embedding/embedding_figure.h"

#include <fmt/format.h>

#include <algorithm>

namespace hpcai::inference {
namespace {

// The place of a text in a list; -1 if it is not there.
int64_t place_of(const std::string& text, const std::vector<std::string>& list) {
  const auto found = std::ranges::find(list, text);
  return found == list.end() ? -1 : found - list.begin();
}

}  // namespace

draw::Cloud cloud_of(const data::EmbeddingTable& table, const std::vector<std::string>& classes, ColourBy colour_by,
                     const std::string& title, const std::vector<std::string>& axes) {
  const std::vector<std::string>& names = colour_by == ColourBy::label ? table.labels : table.predicted;
  draw::Cloud cloud;
  cloud.title = title;
  cloud.description = fmt::format("{}; the colour is the {} class", title, colour_by == ColourBy::label ? "true" : "predicted");
  cloud.axes = axes;
  cloud.positions = table.coordinates;
  if (!names.empty()) cloud.classes = classes;
  for (size_t i = 0; i < table.ids.size(); ++i) {
    if (place_of(table.surveys[i], cloud.sets) < 0) cloud.sets.push_back(table.surveys[i]);
    cloud.set_of.push_back(place_of(table.surveys[i], cloud.sets));
    cloud.class_of.push_back(names.empty() ? -1 : place_of(names[i], cloud.classes));
  }
  return cloud;
}

}  // namespace hpcai::inference
