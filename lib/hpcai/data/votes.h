#pragma once

#include <string>
#include <vector>

#include "hpcai/config/field.h"

namespace hpcai::data {

// A question that volunteers are asked about a galaxy, and its answers. An answer has the name of the column of the catalogue
// that holds its votes.
struct VoteQuestion {
  std::string name;
  std::vector<std::string> answers;      // at least two
  std::vector<std::string> asked_after;  // answers of earlier questions; empty: everybody is asked
  std::string total;  // a column of numbers of votes, of which the answers' columns are the fractions; or empty

  bool operator==(const VoteQuestion&) const = default;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("name", name, {.help = "The question's name in metrics and predictions.", .required = true});
    visitor.field("answers", answers,
                  {.help = "Columns of the catalogue, one for each answer, with its votes.", .required = true});
    visitor.field("asked_after", asked_after,
                  {.help = "Answers of earlier questions, one of which leads to this question; empty = everybody is asked."});
    visitor.field("total", total,
                  {.help = "Column with the number of votes, if the columns of the answers hold fractions of it; empty = they "
                           "hold numbers of votes."});
  }
};

// A decision tree of questions, with which volunteers describe a galaxy.
struct VotesConfig {
  std::vector<VoteQuestion> questions;
  bool fractional = false;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("questions", questions,
                  {.help = "The questions in the order in which they are asked; empty = the catalogue has labels, no votes."});
    visitor.field("fractional", fractional,
                  {.help = "Whether numbers of votes may have fractions, as weighted votes do. Without it such a number is an "
                           "error."});
  }
};

// The answers of all questions in order.
std::vector<std::string> answer_names(const std::vector<VoteQuestion>& questions);

// Throws Error{usage} that names the question: a question with fewer than two answers, an empty name or one that is given twice
// (also as a column of predictions would be called), and a question that is asked after something that is no
// answer of an earlier question.
void check_votes(const VotesConfig& config);

// The columns that predictions have for an answer beside its own name, and for a question.
std::string low_column(const std::string& answer);
std::string high_column(const std::string& answer);
std::string asked_column(const std::string& question);

}  // namespace hpcai::data
