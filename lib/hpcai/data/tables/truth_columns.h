#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hpcai/data/tables/csv.h"
#include "hpcai/data/votes.h"

namespace hpcai::data {

// The votes that the columns of a table count.
class VoteColumns {
 public:
  // Throws what Csv::column() does.
  VoteColumns(const Csv& csv, const VotesConfig& config);

  // The votes for each answer of the tree. A missing cell has none, and neither have fractions without a total. Throws
  // Error{bad_data} with row and column for what is no number, below 0, or no number of votes (over a million, a fraction above
  // 1, or a number with a fraction if the config allows none).
  std::vector<float> votes(int64_t row) const;

 private:
  double number(int64_t row, size_t column, double largest, const char* kind) const;  // 0 for a missing cell

  struct Question {
    std::vector<size_t> answers;
    std::vector<size_t> total;  // one column, or none
  };
  const Csv& csv_;
  bool fractional_;
  std::vector<Question> questions_;
};

// The columns that a tree of questions reads.
std::vector<std::string> columns_of(const std::vector<VoteQuestion>& questions);

// The probabilities of the classes that the columns of a table hold, in label order.
class ProbabilityColumns {
 public:
  // Throws what Csv::column() does.
  ProbabilityColumns(const Csv& csv, const std::vector<std::string>& columns);

  // The numbers of the columns, divided by their sum; nothing if a cell is missing or all are 0. Throws Error{bad_data} with row
  // and column for what is no number, below 0 or over a million.
  std::vector<float> probabilities(int64_t row) const;

 private:
  const Csv& csv_;
  std::vector<size_t> columns_;
};

}  // namespace hpcai::data
