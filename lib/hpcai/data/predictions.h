#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace hpcai::data {

// What a network says about samples, and the truth where it is known.
struct PredictionTable {
  struct TextColumn {
    std::string name;                 // "predicted", "true"
    std::vector<std::string> values;  // [ids], class names
  };
  struct NumberColumn {
    std::string name;            // "certainty"
    std::vector<double> values;  // [ids]
  };
  std::vector<std::string> ids;
  std::vector<std::string> columns;        // "q", "s1", ... or "elliptical", "spiral"
  std::vector<double> predictions;         // [ids, columns]
  std::vector<std::string> truth_columns;  // may be empty
  std::vector<double> truth;               // [ids, truth_columns]
  std::vector<TextColumn> texts;           // may be empty
  std::vector<NumberColumn> numbers = {};  // behind the texts; may be empty
};

// CSV text with columns id, the predictions, "true_" + the truths, the texts, and the further numbers, in UTF-8. The numbers have
// the digits that restore them exactly. Bytes that are not UTF-8 are escaped, as in HDF5.
std::string predictions_csv(const PredictionTable& table);

// Data sets ids [n], predictions [n, columns], if known truth [n, truth_columns], and one [n] for each column of texts or
// further numbers, of its name; the columns' names in the attributes prediction_names and truth_names. Throws
// Error{cannot_write}; nothing is left behind then.
void write_predictions_hdf5(const std::filesystem::path& path, const PredictionTable& table);

}  // namespace hpcai::data
