#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace hpcai::data {

// Where a network puts samples: their features, a picture of these in few dimensions, and their nearest neighbours.
struct EmbeddingTable {
  std::vector<std::string> ids, surveys;  // the survey is the name of the input
  std::vector<std::string> labels;        // "" where it is not known; empty if there are no classes
  std::vector<std::string> predicted;     // class names; empty if there are no classes
  int64_t features = 0;
  std::vector<float> feature_values;          // [ids, features]
  std::vector<std::string> coordinate_names;  // "tsne_1", "tsne_2"; empty: none
  std::vector<double> coordinates;            // [ids, coordinate_names]
  int64_t neighbours = 0;
  std::vector<int64_t> neighbour_rows;      // [ids, neighbours], rows of this table, nearest first
  std::vector<double> neighbour_distances;  // [ids, neighbours], Euclidean

  // The survey and the id if there are several surveys, otherwise the id.
  std::string name_of(int64_t row) const;
  bool has_several_surveys() const;
};

// CSV text with the columns id, the coordinates, distance_1, ..., label, predicted, survey, neighbour_1, ... It leaves out what
// the table lacks, and the features.
std::string embedding_csv(const EmbeddingTable& table);

// Data sets ids [n], survey [n], features float32 [n, features], label [n], predicted [n], coordinates float64 [n, dimensions]
// with the attribute coordinate_names, neighbours int64 [n, k] (rows from 0 on) and neighbour_distances float64 [n, k]. It leaves
// out what the table lacks. Throws Error{cannot_write}; nothing is left behind then.
void write_embedding_hdf5(const std::filesystem::path& path, const EmbeddingTable& table);

}  // namespace hpcai::data
