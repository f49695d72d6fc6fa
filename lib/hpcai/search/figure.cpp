#include "hpcai/search/figure.h"

#include <fmt/format.h>

#include <algorithm>

#include "hpcai/draw/parameter_sheet.h"

namespace hpcai::search {
namespace {

draw::SheetPoint::Kind kind_of(const Entry& entry, const Result& result) {
  if (entry.number == *result.best) return draw::SheetPoint::Kind::best;
  return entry.is_complete() ? draw::SheetPoint::Kind::complete : draw::SheetPoint::Kind::partial;
}

draw::SheetPanel panel_of(const Parameter& parameter, const Result& result) {
  draw::SheetPanel panel{.title = parameter.key, .logarithmic = is_logarithmic(parameter)};
  const auto* choice = std::get_if<ChoiceParameter>(&parameter);
  if (choice) panel.categories = choice->values;
  for (const Entry& entry : result.entries) {
    if (!entry.value) continue;
    const Values& value = entry.trial.parameters.at(parameter.key);
    const double x =
        choice ? static_cast<double>(std::ranges::find(choice->values, value.get<std::string>()) - choice->values.begin())
               : value.get<double>();
    panel.points.push_back({x, *entry.value, kind_of(entry, result)});
  }
  return panel;
}

}  // namespace

std::string figure_of(const Search& search, const Result& result) {
  draw::ParameterSheet sheet{.title = fmt::format("{}: {} against each setting", search.experiment.name, search.space.metric),
                             .value_title = search.space.metric};
  for (const Parameter& parameter : search.space.parameters) sheet.panels.push_back(panel_of(parameter, result));
  for (size_t i = 0; i < result.importance.size(); ++i)
    sheet.shares.emplace_back(search.space.parameters[i].key, result.importance[i]);
  return draw::draw_parameter_sheet(sheet).svg();
}

}  // namespace hpcai::search
