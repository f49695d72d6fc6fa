#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hpcai/data/tables/csv.h"

namespace hpcai::data {

// Whether a cell stands for a missing value: empty, or one of the words that pandas, astropy and spreadsheets write for it
// (nan, NaN, null, None, N/A, <NA>, --, ...).
bool is_missing(std::string_view cell);

// The classes of a classification, in label order.
class ClassLabels {
 public:
  // `names` are those that check_class_names() has accepted. `from` is where they come from, for messages: "data.classes", "the
  // classes of the training".
  ClassLabels(std::vector<std::string> names, std::string from);

  const std::vector<std::string>& names() const { return names_; }
  // The class that a cell names; blanks around it do not count.
  std::optional<int64_t> find(std::string_view cell) const;
  // "label 'Spiral' is not one of data.classes (elliptical, spiral)", and why it may have been meant otherwise.
  std::string why_unknown(std::string_view cell) const;

 private:
  std::vector<std::string> names_;
  std::string from_;
  std::map<std::string, int64_t, std::less<>> label_of_;
};

// The class names that a column holds, in alphabetical order. Throws Error{bad_data} for missing labels, for names that
// check_class_names() refuses, where there are not at least two, and where most rows have a number with a fraction of their own.
// Warns where most rows have a label of their own, and of numbers such as -99. `key`: the setting that names the column, for
// messages.
std::vector<std::string> class_names_of(const Csv& csv, size_t column, const std::string& key);

}  // namespace hpcai::data
