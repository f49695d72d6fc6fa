#include "hpcai/data/row_splits.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "hpcai/core/error.h"
#include "hpcai/core/sha256.h"
#include "hpcai/core/text.h"
#include "hpcai/data/tables/csv_record.h"

namespace hpcai::data {

double split_position(const std::string& text, int64_t seed) {
  const std::string digits = sha256(fmt::format("{}/{}", seed, text)).substr(0, 13);
  return static_cast<double>(std::strtoull(digits.c_str(), nullptr, 16)) * 0x1p-52;
}

Split split_named_in(std::string_view cell, const std::string& where) {
  const std::string word = lower_case(trim_cell(cell));
  if (word == "train" || word == "training") return Split::train;
  if (word == "validation" || word == "valid" || word == "val") return Split::validation;
  if (word == "test" || word == "testing") return Split::test;
  throw Error(ExitCode::bad_data, fmt::format("{}: split '{}' is not train, validation or test", where, printable(cell, 40)),
              "Write one of these words, or set data.split_column to the column that has them.");
}

void set_rows_aside(std::vector<Split>& splits, const std::vector<std::string>& keys, const FractionConfig& config) {
  const auto has = [&](Split split) { return std::find(splits.begin(), splits.end(), split) != splits.end(); };
  const double validation = has(Split::validation) ? 0 : config.validation_fraction;
  const double test = has(Split::test) ? 0 : config.test_fraction;
  if (validation + test >= 1) {
    throw Error(ExitCode::usage,
                fmt::format("data.validation_fraction {} and data.test_fraction {} leave no row for training", validation, test),
                "Their sum must be below 1.");
  }
  if (validation + test == 0) return;
  for (size_t i = 0; i < splits.size(); ++i) {
    if (splits[i] != Split::train) continue;
    const double position = split_position(keys[i], config.seed);
    if (position < validation + test) splits[i] = position < validation ? Split::validation : Split::test;
  }
}

void GroupSplits::add(const std::string& group, Split split, const std::string& where) {
  const auto [known, is_new] = known_.try_emplace(group, split, where);
  if (is_new || known->second.first == split) return;
  throw Error(ExitCode::bad_data,
              fmt::format("{}: group '{}' is in the {} split, but in the {} split in {}", where, printable(group, 60),
                          name_of(split), name_of(known->second.first), known->second.second),
              "Put all rows of a group into one split; otherwise a test measures what was learnt by heart.");
}

}  // namespace hpcai::data
