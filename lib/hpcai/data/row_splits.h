#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "hpcai/config/field.h"
#include "hpcai/data/dataset.h"

namespace hpcai::data {

// The base of the configs of sources whose rows a hash divides among the splits.
struct FractionConfig {
  double validation_fraction = 0.1;
  double test_fraction = 0;
  int64_t seed = 1;

 protected:
  template <class Visitor>
  void describe_fractions(Visitor& visitor) {
    visitor.field("validation_fraction", validation_fraction,
                  {.help = "Part of the training rows to validate on, chosen by a hash of the row's id or group, if nothing else "
                           "names validation rows.",
                   .min = 0,
                   .max = 1,
                   .max_excluded = true});
    visitor.field("test_fraction", test_fraction,
                  {.help = "Part of the training rows to test on, chosen likewise, if nothing else names test rows.",
                   .min = 0,
                   .max = 1,
                   .max_excluded = true});
    visitor.field("seed", seed, {.help = "Another seed chooses other validation and test rows.", .min = 0});
  }
};

// A number that is uniform in [0, 1) over the texts, and a function of the text and the seed alone.
double split_position(const std::string& text, int64_t seed);

// The split that a cell names: train, validation or test, also training, val, valid and testing. Throws Error{bad_data} that
// begins with `where` for another word.
Split split_named_in(std::string_view cell, const std::string& where);

// Moves training rows to validation and test: row i by split_position(keys[i], config.seed), validation below its fraction, test
// above that. Rows with equal keys stay together. A split that has rows already gets no more. Throws Error{usage} unless the
// fractions leave something for training.
void set_rows_aside(std::vector<Split>& splits, const std::vector<std::string>& keys, const FractionConfig& config);

// Remembers the split of each group.
class GroupSplits {
 public:
  // Throws Error{bad_data} that names both rows if the group is in another split.
  void add(const std::string& group, Split split, const std::string& where);

 private:
  std::map<std::string, std::pair<Split, std::string>, std::less<>> known_;
};

}  // namespace hpcai::data
