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
  // `from`: where the names come from, for messages ("data.classes", "the training"). Throws Error{usage} if a name
  // stands twice.
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

// The class names that a column holds, in alphabetical order. Throws Error{bad_data} for missing labels, names that are not
// UTF-8 or hold control characters, names that differ in upper and lower case alone, and where there are not at least two.
std::vector<std::string> class_names_of(const Csv& csv, size_t column);

}  // namespace hpcai::data
