#include "hpcai/data/wrappers/labelled.h"

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <stdexcept>
#include <unordered_map>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/data/class_targets.h"
#include "hpcai/data/tables/class_labels.h"
#include "hpcai/data/tables/csv.h"
#include "hpcai/data/tables/csv_cell.h"
#include "hpcai/data/tables/csv_record.h"

namespace hpcai::data {

Labelled::Labelled(std::unique_ptr<const Dataset> base, std::vector<int64_t> chosen, std::vector<int64_t> labels)
    : Dataset(base->spec()), base_(std::move(base)), chosen_(std::move(chosen)), labels_(std::move(labels)) {
  const auto classes = static_cast<int64_t>(spec().class_names.size());
  if (chosen_.size() != labels_.size()) throw std::invalid_argument("Labelled: samples and labels differ in number");
  for (size_t i = 0; i < chosen_.size(); ++i) {
    if (chosen_[i] < 0 || chosen_[i] >= base_->size() || labels_[i] < 0 || labels_[i] >= classes) {
      throw std::invalid_argument("Labelled: out of range");
    }
  }
}

at::Tensor Labelled::targets(std::span<const int64_t> index) const {
  at::Tensor targets = at::empty({static_cast<int64_t>(index.size())}, at::kLong);
  int64_t* out = targets.mutable_data_ptr<int64_t>();
  for (const int64_t i : index) *out++ = labels_[static_cast<size_t>(i)];
  return has_soft_labels(*base_) ? class_probabilities(targets, static_cast<int64_t>(spec().class_names.size())) : targets;
}

std::unique_ptr<Dataset> labelled_by(std::unique_ptr<const Dataset> base, const std::filesystem::path& table) {
  const Csv csv(table, {"id", "label"});
  const size_t id_column = csv.column("id"), label_column = csv.column("label");
  const ClassLabels classes(base->spec().class_names, "the classes of the training");
  // Names are compared as a table holds them: in UTF-8, without outer blanks.
  const auto key_of = [](const std::string& id) { return std::string(trim_cell(in_utf8(id))); };
  std::unordered_map<std::string, int64_t> number_of;
  for (int64_t i = 0; i < base->size(); ++i) {
    const auto [first, is_new] = number_of.emplace(key_of(base->id(i)), i);
    if (is_new) continue;
    throw Error(ExitCode::bad_data,
                fmt::format("{} and {} have the same name in a table", base->where(first->second), base->where(i)),
                "Rename one of them.");
  }
  std::unordered_map<std::string, int64_t> row_of;
  std::vector<int64_t> chosen, labels;
  const auto refuse = [&](int64_t row, const std::string& what, const std::string& remedy) {
    throw Error(ExitCode::bad_data, fmt::format("{}: {}", csv.where(row), what), remedy);
  };
  for (int64_t row = 0; row < csv.rows(); ++row) {
    const std::string id = key_of(csv.cell(row, id_column));
    const auto found = number_of.find(id);
    if (found == number_of.end()) {
      refuse(row, fmt::format("no sample has the id '{}'", printable(id)), "Ids are those of the column id of `predict`.");
    }
    const auto [first, is_new] = row_of.emplace(id, row);
    if (!is_new) refuse(row, fmt::format("id '{}' is also on line {}", printable(id), csv.line(first->second)), "Remove one.");
    const std::string& cell = csv.cell(row, label_column);
    const auto label = classes.find(cell);
    if (!label) refuse(row, classes.why_unknown(cell), "Correct the label or remove the row.");
    chosen.push_back(found->second);
    labels.push_back(*label);
  }
  if (chosen.empty()) throw Error(ExitCode::bad_data, csv.name() + ": no row", "Name at least one sample.");
  return std::make_unique<Labelled>(std::move(base), std::move(chosen), std::move(labels));
}

}  // namespace hpcai::data
