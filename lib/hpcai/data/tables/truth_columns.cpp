#include "hpcai/data/tables/truth_columns.h"

#include <fmt/format.h>

#include <cmath>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/data/tables/numeric_cell.h"

namespace hpcai::data {
namespace {

constexpr double kMostVotes = 1e6;

[[noreturn]] void refuse_number(const Csv& csv, int64_t row, size_t column, const std::string& what, const std::string& remedy) {
  throw Error(ExitCode::bad_data,
              fmt::format("{}: column {} holds '{}', {}", csv.where(row), printable(csv.columns()[column], 60),
                          printable(csv.cell(row, column), 40), what),
              remedy);
}

// From 0 to `largest`, or NaN for a missing cell. `kind` of number: "number of votes".
double bounded_number(const Csv& csv, int64_t row, size_t column, double largest, const std::string& kind) {
  const auto number = number_of_cell(csv.cell(row, column));
  if (!number) refuse_number(csv, row, column, "no number", "Correct the cell, or empty it.");
  if (*number < 0) {
    refuse_number(csv, row, column, "which is below 0", "Correct the cell, empty it, or leave such rows out with data.filter.");
  }
  if (*number > largest) refuse_number(csv, row, column, "which is no " + kind, "Name another column.");
  return *number;
}

}  // namespace

VoteColumns::VoteColumns(const Csv& csv, const VotesConfig& config) : csv_(csv), fractional_(config.fractional) {
  for (const VoteQuestion& question : config.questions) {
    Question columns;
    for (const std::string& answer : question.answers) columns.answers.push_back(csv.column(answer));
    if (!question.total.empty()) columns.total.push_back(csv.column(question.total));
    questions_.push_back(std::move(columns));
  }
}

double VoteColumns::number(int64_t row, size_t column, double largest, const char* kind) const {
  const double number = bounded_number(csv_, row, column, largest, kind);
  return std::isnan(number) ? 0 : number;
}

std::vector<float> VoteColumns::votes(int64_t row) const {
  constexpr double kLargestFraction = 1 + 1e-6;
  std::vector<float> votes;
  for (const Question& question : questions_) {
    const bool fractions = !question.total.empty();
    const double total = fractions ? number(row, question.total[0], kMostVotes, "number of votes") : 1;
    for (const size_t column : question.answers) {
      const double value = fractions ? number(row, column, kLargestFraction, "fraction of votes")
                                     : number(row, column, kMostVotes, "number of votes");
      if (!fractions && !fractional_ && value != std::round(value)) {
        refuse_number(
            csv_, row, column, "which is no whole number of votes",
            "Name the column of the total if these are fractions of it, or set data.votes.fractional for weighted votes.");
      }
      votes.push_back(static_cast<float>(value * total));
    }
  }
  return votes;
}

std::vector<std::string> columns_of(const std::vector<VoteQuestion>& questions) {
  std::vector<std::string> columns = answer_names(questions);
  for (const VoteQuestion& question : questions) {
    if (!question.total.empty()) columns.push_back(question.total);
  }
  return columns;
}

ProbabilityColumns::ProbabilityColumns(const Csv& csv, const std::vector<std::string>& columns) : csv_(csv) {
  for (const std::string& column : columns) columns_.push_back(csv.column(column));
}

std::vector<float> ProbabilityColumns::probabilities(int64_t row) const {
  std::vector<double> numbers;
  double sum = 0;
  for (const size_t column : columns_) {
    numbers.push_back(bounded_number(csv_, row, column, kMostVotes, "probability or number of votes"));
    sum += numbers.back();
  }
  if (!(sum > 0)) return {};  // also NaN
  std::vector<float> probabilities;
  for (const double number : numbers) probabilities.push_back(static_cast<float>(number / sum));
  return probabilities;
}

}  // namespace hpcai::data
